#include "foehn/evaluation/multivariate.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "foehn/core/philox.hpp"
#include "foehn/evaluation/scores.hpp"

namespace foehn::evaluation::multivariate_test {
namespace {

/// What scoringrules gives for one ensemble of five members and twelve values.
nlohmann::json reference() {
  std::ifstream file(FOEHN_TEST_REFERENCE "/ensemble_scores.json");
  return nlohmann::json::parse(file).at("ensemble");
}

TEST(FairScores, AreThoseOfScoringrules) {
  const auto expected = reference();
  const std::vector<double> truth = expected.at("truth");
  const std::vector<std::vector<double>> members = expected.at("members");
  EXPECT_NEAR(fair_energy_score(truth, members), expected.at("energy_fair").get<double>(), 1e-12);
  EXPECT_NEAR(fair_variogram_score(truth, members), expected.at("variogram_fair").get<double>(), 1e-11);
  const std::vector<double> crps = expected.at("fair_crps"), tails = expected.at("tw_crps_upper_0.5");
  for (std::size_t i = 0; i < truth.size(); ++i) {
    std::vector<double> errors, upper;
    for (const auto& member : members) {
      errors.push_back(member[i] - truth[i]);
      upper.push_back(std::max(member[i], 0.5) - std::max(truth[i], 0.5));
    }
    std::sort(errors.begin(), errors.end());
    std::sort(upper.begin(), upper.end());
    EXPECT_NEAR(fair_crps(errors), crps[i], 1e-12);
    EXPECT_NEAR(fair_crps(upper), tails[i], 1e-12);
  }
}

TEST(FairEnergyScore, IsTheFairCrpsOfOneValue) {
  const std::vector<double> truth = {0.3};
  const std::vector<std::vector<double>> members = {{1}, {-2}, {0.5}};
  std::vector<double> errors = {-2.3, 0.2, 0.7};
  EXPECT_NEAR(fair_energy_score(truth, members), fair_crps(errors), 1e-12);
}

TEST(FairVariogramScore, PrefersTheRightCorrelationWhereMarginsAreTheSame) {
  // Truth: two equal values. Members of independent values have the right margins and the wrong variogram.
  double right = 0, wrong = 0;
  for (std::uint32_t draw = 0; draw < 2000; ++draw) {
    std::vector<double> z(16);
    core::fill_normal<double>({1, 0, 0}, draw, z);
    const std::vector<double> truth = {z[0], z[0]};
    std::vector<std::vector<double>> equal, independent;
    for (std::size_t member = 1; member < 6; ++member) {
      equal.push_back({z[member], z[member]});
      independent.push_back({z[member], z[member + 8]});
    }
    right += fair_variogram_score(truth, equal);
    wrong += fair_variogram_score(truth, independent);
  }
  EXPECT_NEAR(right, 0, 1e-9);
  // E (|x_1 - x_2|^(1/2))^2 - variance term = (E |d|^(1/2))^2 of d ~ N(0, 2), for each of two ordered pairs.
  const double root = std::pow(4.0, 0.25) * std::tgamma(0.75) / std::sqrt(std::acos(-1.0));
  EXPECT_NEAR(wrong / 2000, 2 * root * root, 0.05);
}

}  // namespace
}  // namespace foehn::evaluation::multivariate_test
