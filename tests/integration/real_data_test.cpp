#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "io/test_files.hpp"
#include "process.hpp"
#include "toy_climate.hpp"

namespace foehn::testing::real_data_test {
namespace {

/// The whole way on real data: fit, coarsen, sample on two ranks, evaluate.
class RealData : public ::testing::Test {
 protected:
  static void run(const std::string& subcommand, const Options& options, int ranks = 0) {
    const Outcome outcome = run_foehn(subcommand, options, ranks);
    ASSERT_EQ(outcome.exit_code, 0) << outcome;
  }

  nlohmann::json scores() const {
    return nlohmann::json::parse(io::content_of(folder_ / "scores/scores.json"));
  }

  io::TemporaryFolder folder_;
};

/// Over all hours and cells.
double standard_deviation(ToyFields& fields, std::size_t variable) {
  double count = 0, sum = 0, squares = 0;
  for (std::size_t hour = 0; hour < fields.hours.size(); ++hour) {
    for (const double value : fields.field(hour, variable)) {
      count += 1;
      sum += value;
      squares += value * value;
    }
  }
  const double mean = sum / count;
  return std::sqrt(squares / count - mean * mean);
}

TEST_F(RealData, Era5TemperatureIsSampledBetterThanInterpolated) {
  const auto data = io::real_data("era5_t2m_uk_201903.nc");
  if (!data) GTEST_SKIP() << "skipped: no real data";
  const std::string crop = "0:32,0:48", variable = "t2m=air_temperature";
  ASSERT_NO_FATAL_FAILURE(run("fit", {{"data.files", *data},
                                      {"data.variables", variable},
                                      {"data.start", "2019-03-01"},
                                      {"data.end", "2019-03-24"},
                                      {"data.crop", crop},
                                      {"prior.markov_order", "3"},
                                      {"prior.path", folder_ / "prior"}}));
  ASSERT_NO_FATAL_FAILURE(run("coarsen", {{"input.file", *data},
                                          {"data.variables", variable},
                                          {"data.crop", crop},
                                          {"time.start", "2019-03-26"},
                                          {"time.hours", "49"},
                                          {"observation.block", "8"},
                                          {"observation.every", "6"},
                                          {"output.path", folder_ / "coarse.nc"}}));
  ASSERT_NO_FATAL_FAILURE(run("sample",
                              {{"prior.path", folder_ / "prior"},
                               {"input.observations", folder_ / "coarse.nc"},
                               {"observation.std", "0.0752"},
                               {"observation.gamma", "0.01"},
                               {"sampler.steps", "48"},
                               {"ensemble.members", "4"},
                               {"output.directory", folder_ / "members"}},
                              2));
  ASSERT_NO_FATAL_FAILURE(run("evaluate", {{"input.members", folder_ / "members/member_*.nc"},
                                           {"input.reference", *data},
                                           {"input.observations", folder_ / "coarse.nc"},
                                           {"data.crop", crop},
                                           {"output.directory", folder_ / "scores"}}));
  const auto scores = this->scores();
  EXPECT_EQ(scores.at("hours"), 49);
  const auto& t2m = scores.at("variables").at("t2m");
  const double fair_crps = t2m.at("all_hours").at("fair_crps"),
               interpolation = t2m.at("all_hours").at("interpolation_mae");
  EXPECT_NEAR(interpolation, 0.764, 0.001);  // K
  EXPECT_LT(fair_crps, interpolation);
  EXPECT_LT(fair_crps, 0.32);  // with one deviation for all cells it was 0.38
  EXPECT_GT(fair_crps, 0.2);
  EXPECT_LT(t2m.at("observation_agreement").at("rms"), 2);  // standard deviations
}

TEST_F(RealData, ArpegeIsSampledInFourVariables) {
  const auto data = io::real_data("arpege_0p1_NW_20180501_hourly.nc");
  if (!data) GTEST_SKIP() << "skipped: no real data";
  // 25 hours are too few to learn from and to test on others: this shows that the way can be gone, not where
  // it leads.
  ASSERT_NO_FATAL_FAILURE(run("fit", {{"data.files", *data},
                                      {"prior.markov_order", "1"},
                                      {"data.crop", "0:56,0:80"},
                                      {"prior.path", folder_ / "prior"}}));
  ASSERT_NO_FATAL_FAILURE(run("coarsen", {{"input.file", *data},
                                          {"data.crop", "0:56,0:80"},
                                          {"time.start", "2018-05-01T12"},
                                          {"observation.block", "8"},
                                          {"observation.every", "6"},
                                          {"output.path", folder_ / "coarse.nc"}}));
  ASSERT_NO_FATAL_FAILURE(run("sample",
                              {{"prior.path", folder_ / "prior"},
                               {"input.observations", folder_ / "coarse.nc"},
                               {"observation.std", "0.2,0.2,0.1,20"},
                               {"sampler.steps", "32"},
                               {"ensemble.members", "2"},
                               {"output.directory", folder_ / "members"}},
                              2));
  ASSERT_NO_FATAL_FAILURE(run("evaluate", {{"input.members", folder_ / "members/member_*.nc"},
                                           {"input.reference", *data},
                                           {"input.observations", folder_ / "coarse.nc"},
                                           {"data.crop", "0:56,0:80"},
                                           {"input.prior", folder_ / "prior"},
                                           {"output.directory", folder_ / "scores"}}));
  ToyFields truth(*data);
  const ToyFields member(folder_ / "members/member_000.nc");
  EXPECT_EQ(member.variables, truth.variables);
  EXPECT_EQ(member.hours.size(), 13U);
  // Rows run southwards, as in the source.
  EXPECT_EQ(member.grid.y.values, std::vector(truth.grid.y.values.begin(), truth.grid.y.values.begin() + 56));
  const auto scores = this->scores();
  for (std::size_t variable = 0; variable < truth.variables.size(); ++variable) {
    const std::string& name = truth.variables[variable].name;
    const auto& entry = scores.at("variables").at(name);
    const double fair_crps = entry.at("all_hours").at("fair_crps");
    EXPECT_GT(fair_crps, 0) << name;
    // What one errs by who knows but the mean.
    EXPECT_LT(fair_crps, standard_deviation(truth, variable)) << name;
    EXPECT_LT(entry.at("observation_agreement").at("rms"), 2) << name;  // standard deviations
  }
}

}  // namespace
}  // namespace foehn::testing::real_data_test
