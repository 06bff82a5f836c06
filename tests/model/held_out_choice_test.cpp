#include "model/held_out_choice.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "foehn/model/gaussian_prior.hpp"

namespace foehn::model::held_out_choice_test {
namespace {

constexpr std::int64_t kLags = 25, kNy = 4, kNx = 3, kModes = kNy * kNx;

/// Two variables whose correlation falls by `decay` per hour, the second a tenth of the first in variance;
/// the larger the mode, the less of it there is.
at::Tensor process(double decay) {
  at::Tensor covariance = at::zeros({kLags, 2, 2, kModes}, at::kDouble);
  const at::Tensor variance = 30 / (1 + at::arange(kModes, at::kDouble)).pow(2);
  for (std::int64_t lag = 0; lag < kLags; ++lag)
    for (std::int64_t a = 0; a < 2; ++a)
      for (std::int64_t b = 0; b < 2; ++b)
        covariance[lag][a][b] =
            variance * ((a == b ? 1 : 0.5) * std::pow(0.1, 0.5 * static_cast<double>(a + b)) *
                        std::pow(decay, static_cast<double>(lag)));
  return covariance;
}

std::int64_t chosen(const at::Tensor& covariance) {
  return choose_markov_order(covariance.reshape({kLags, 2, 2, kNy, kNx}), {covariance, covariance, 1},
                             {1, 2, 4, 8, 12});
}

TEST(MiddleHourError, IsThatOfTheBestLinearEstimateWhereThePriorIsRight) {
  const at::Tensor covariance = process(0.9);
  const at::Tensor window = window_covariance(covariance.narrow(0, 0, 5));  // of Markov order 2
  double expected = 0;
  for (const double log_ratio : {-4, -3, -2, -1, 0, 1, 2}) {
    const at::Tensor noise = std::exp(-2 * log_ratio) * at::eye(10, at::kDouble);
    const at::Tensor posterior = window - at::bmm(window, at::linalg_solve(window + noise, window));
    const at::Tensor middle = posterior.diagonal(0, 1, 2).narrow(1, 4, 2).mean(0);  // of each variable
    expected += middle.log().mean().item<double>() / 7;
  }
  EXPECT_NEAR(middle_hour_error(covariance, covariance, 2), expected, 1e-9);
}

TEST(MiddleHourError, IsLargerWhereThePriorIsWrong) {
  const at::Tensor truth = process(0.9);
  EXPECT_GT(middle_hour_error(process(0.2), truth, 2), middle_hour_error(truth, truth, 2));
}

TEST(MarkovOrder, IsTheSmallestWhereHoursAreIndependent) {
  EXPECT_EQ(chosen(process(0)), 1);
}

TEST(MarkovOrder, GrowsWithTheMemory) {
  EXPECT_GT(chosen(process(0.8)), chosen(process(0.1)));
  EXPECT_EQ(chosen(process(0.99)), 12);
}

TEST(MarkovOrder, IsSmallWhereThePriorKnowsNothingOfDistantHours) {
  const at::Tensor truth = process(0.99);
  at::Tensor short_sighted = process(0.99);
  short_sighted.narrow(0, 5, kLags - 5).copy_(process(0).narrow(0, 5, kLags - 5));
  EXPECT_LE(choose_markov_order(short_sighted.reshape({kLags, 2, 2, kNy, kNx}), {truth, truth, 1},
                                {1, 2, 4, 8, 12}),
            2);
}

}  // namespace
}  // namespace foehn::model::held_out_choice_test
