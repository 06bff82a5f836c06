#include "model/deviation_fit.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "foehn/core/philox.hpp"

namespace foehn::model::deviation_fit_test {
namespace {

constexpr std::int64_t kNy = 6, kNx = 12, kHours = 1600, kFolds = 8, kFoldHours = 50;
constexpr auto kCalendar = calendar::Calendar::noleap;

/// Independent normal values every hour, of a standard deviation of the cell and the hour of the day.
template <class At>
DeviationEstimator estimator_of(At&& deviation_at) {
  DeviationEstimator estimator(harmonics_for(3600, kHours * 3600), {1, kNy, kNx}, kFolds, true);
  at::Tensor noise = at::empty({1, kNy, kNx}, at::kDouble);
  for (std::int64_t hour = 0; hour < kHours; ++hour) {
    core::fill_normal<double>({.seed = 5}, static_cast<std::uint32_t>(hour),
                              {noise.data_ptr<double>(), kNy * kNx});
    estimator.add(noise * deviation_at(hour), hour * 3600, kCalendar,
                  static_cast<std::size_t>(hour / kFoldHours % kFolds), true);
  }
  return estimator;
}

/// Land and sea: 3 and 0.5.
at::Tensor land_and_sea() {
  at::Tensor deviation = at::full({1, kNy, kNx}, 0.5, at::kDouble);
  deviation.narrow(2, 0, kNx / 2).fill_(3);
  return deviation;
}

TEST(DeviationEstimator, FindsOneForAllWhereAllCellsAreAlike) {
  const DeviationEstimator estimator = estimator_of([](std::int64_t) {
    return at::full({1, 1, 1}, 2.0, at::kDouble);
  });
  EXPECT_NEAR(estimator.scale().item<double>(), 2, 0.02);
  const std::vector<DeviationChoice> choices = estimator.choose();
  // By chance a smooth field may be likelier by next to nothing.
  EXPECT_LT(choices[0].gain, 1e-4);
  if (const auto deviation = estimator.estimate(choices, estimator.scale())) {
    EXPECT_LT((deviation->at(0, kCalendar) - 1).abs().max().item<double>(), 0.05);
  }
}

TEST(DeviationEstimator, FindsThatOfLandAndSea) {
  const DeviationEstimator estimator = estimator_of([](std::int64_t) { return land_and_sea(); });
  const std::vector<DeviationChoice> choices = estimator.choose();
  EXPECT_LE(choices[0].mean_width, 0.5);
  // Mean of log(rms) minus mean of log s, over cells.
  const double expected = std::log(std::sqrt((9 + 0.25) / 2)) - (std::log(3) + std::log(0.5)) / 2;
  EXPECT_NEAR(choices[0].gain, expected, 0.02);
  const auto deviation = estimator.estimate(choices, estimator.scale());
  ASSERT_TRUE(deviation);
  const at::Tensor found = deviation->at(0, kCalendar) * estimator.scale();
  EXPECT_LT((found / land_and_sea() - 1).abs().max().item<double>(), 0.1);
}

TEST(DeviationEstimator, FindsTheCycleOfTheDay) {
  const auto factor = [](std::int64_t hour) {
    return std::sqrt(1 + 0.8 * std::cos(2 * std::numbers::pi * static_cast<double>(hour) / 24));
  };
  const DeviationEstimator estimator =
      estimator_of([&](std::int64_t hour) { return land_and_sea() * factor(hour); });
  const std::vector<DeviationChoice> choices = estimator.choose();
  EXPECT_TRUE(choices[0].day_width);
  const auto deviation = estimator.estimate(choices, estimator.scale());
  ASSERT_TRUE(deviation);
  for (const std::int64_t hour : {0, 6, 12, 18}) {
    const at::Tensor found = deviation->at(hour * 3600, kCalendar) * estimator.scale();
    EXPECT_LT((found / (land_and_sea() * factor(hour)) - 1).abs().max().item<double>(), 0.15) << hour;
  }
}

TEST(Smoothed, KeepsTheMeanAndLeavesWhatIsSmooth) {
  at::manual_seed(3);
  const at::Tensor rough = at::rand({2, 8, 10}, at::kDouble);
  for (const double width : {0.5, 2.0, 100.0}) {
    const at::Tensor smooth = smoothed(rough, width);
    EXPECT_TRUE(at::allclose(smooth.mean(at::IntArrayRef{1, 2}), rough.mean(at::IntArrayRef{1, 2}), 1e-12));
    EXPECT_LT(smooth.std().item<double>(), rough.std().item<double>());
  }
  EXPECT_TRUE(at::equal(smoothed(rough, 0), rough));
  const at::Tensor flat = at::full({3, 4}, 2.5, at::kDouble);
  EXPECT_TRUE(at::allclose(smoothed(flat, INFINITY), flat) && at::allclose(smoothed(flat, 1), flat));
}

}  // namespace
}  // namespace foehn::model::deviation_fit_test
