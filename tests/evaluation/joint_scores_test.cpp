#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "evaluation/toy_files.hpp"
#include "foehn/core/philox.hpp"
#include "foehn/evaluation/report.hpp"
#include "foehn/evaluation/verify.hpp"
#include "foehn/io/netcdf.hpp"
#include "io/test_files.hpp"

namespace foehn::evaluation::joint_scores_test {
namespace {

using foehn::testing::shifted;
using foehn::testing::ToyField;
using foehn::testing::ToyFile;
using foehn::testing::write_toy;

/// Noise that is the same in both variables, but for the sign of the second, which is a wind of 20 m s-1.
ToyField mirrored(std::uint64_t seed, double sign) {
  return [=](double hour, std::size_t variable, std::int64_t y, std::int64_t x) {
    std::vector<double> noise(96);
    core::fill_normal<double>({seed, 0, 0}, static_cast<std::uint32_t>(hour), noise);
    const double here = noise[static_cast<std::size_t>(12 * y + x)];
    return variable == 0 ? here : 20 + sign * here;
  };
}

/// Scores members of two variables over 13 h from 26 March, with a reference that begins some days before.
Results score(const std::vector<ToyField>& members, const ToyField& truth, int days_before = 0) {
  const io::TemporaryFolder folder;
  ToyFile fine, coarse = {.step_hours = 6, .steps = 3, .block = 4};
  fine.variables =
      coarse.variables = {{"tas", "air_temperature_anomaly", "K"}, {"sfcWind", "wind_speed", "m s-1"}};
  SourceFiles files;
  for (std::size_t member = 0; member < members.size(); ++member)
    files.members.push_back(
        write_toy(folder / ("member_" + std::to_string(member) + ".nc"), members[member], fine));
  files.observations = {write_toy(folder / "coarse.nc", truth, coarse)};
  fine.first_hour = -24 * days_before;
  fine.steps += 24 * days_before;
  files.reference = {write_toy(folder / "truth.nc", truth, fine)};
  return verify(open_sources(files), {});
}

TEST(JointScores, AreZeroForMembersThatAreTheTruth) {
  const ToyField truth = mirrored(1, -1);
  const JointResults joint = score({truth, truth, truth}, truth).joint;
  EXPECT_EQ(joint.tiles, 3 * 2 * 4);  // at 6, 9 and 12 h, which have the hours 3 and 6 h before
  EXPECT_NEAR(joint.energy_score.value(), 0, 1e-12);
  EXPECT_NEAR(joint.variogram_score.value(), 0, 1e-12);
}

TEST(JointScores, SeeVariablesThatVaryTogetherInTheWrongWay) {
  const ToyField truth = mirrored(1, -1);
  const Results right = score({mirrored(2, -1), mirrored(3, -1), mirrored(4, -1)}, truth);
  const Results wrong = score({mirrored(2, 1), mirrored(3, 1), mirrored(4, 1)}, truth);
  EXPECT_LT(right.joint.variogram_score.value(), wrong.joint.variogram_score.value());
  ASSERT_EQ(wrong.joint.pairs.size(), 1U);
  const PairResults& pair = wrong.joint.pairs.front();
  EXPECT_NEAR(pair.truth_correlation.value(), -1, 0.05);  // cells are standardised by few hours
  EXPECT_GT(pair.members_correlation.value(), 0.5);
  EXPECT_EQ(pair.truth_tail_dependence, 0);
  EXPECT_GT(pair.members_tail_dependence.value(), 0.5);
}

TEST(JointScores, SeeMembersWhoseMeanIsWrong) {
  const ToyField truth = mirrored(1, -1), one = mirrored(2, -1), other = mirrored(3, -1);
  const JointResults right = score({one, other}, truth).joint;
  const JointResults wrong = score({shifted(one, 3), shifted(other, 3)}, truth).joint;
  EXPECT_LT(right.energy_score.value(), wrong.energy_score.value());
}

TEST(JointScores, AreInBothFilesOfScores) {
  const ToyField truth = mirrored(1, -1);
  const Results results = score({mirrored(2, -1), mirrored(3, -1)}, truth);
  const auto json = scores_json(results).at("joint");
  EXPECT_EQ(json.at("energy_score"), results.joint.energy_score.value());
  const io::TemporaryFolder folder;
  write_scores_netcdf(folder / "scores.nc", results);
  const auto file = io::NetcdfFile::open(folder / "scores.nc");
  const auto number = [&](const std::string& name) { return file.read_doubles(file.variable(name)).front(); };
  EXPECT_EQ(number("energy_score"), results.joint.energy_score);
  EXPECT_EQ(number("tas_sfcWind_correlation_truth"), results.joint.pairs.front().truth_correlation);
  EXPECT_EQ(number("tas_mean_members"),
            scores_json(results).at("trajectories").at("tas").at("mean").at("members").get<double>());
}

/// Rises from day to day, so that the hours from 26 March on lie above all quantiles of those before.
double rising(double hour, std::size_t /*variable*/, std::int64_t /*y*/, std::int64_t /*x*/) {
  return hour < 0 ? 4 + std::floor(hour / 24) / 16 : 8;
}

TEST(TailScores, AreTheWholeScoreBeyondTheQuantileAndZeroOnItsOtherSide) {
  const Results results = score({shifted(rising, 1), shifted(rising, -1), shifted(rising, 3)}, rising, 21);
  for (const VariableResults& scores : results.scores) {
    EXPECT_NEAR(scores.all_hours.ensemble.fair_crps.value(), 1.0 / 3, 1e-12);
    EXPECT_NEAR(scores.all_hours.upper_tail_crps.value(), 1.0 / 3, 1e-12);
    EXPECT_NEAR(scores.all_hours.lower_tail_crps.value(), 0, 1e-12);
  }
}

TEST(TailScores, NeedDaysThatAreNotScored) {
  const Results results = score({shifted(rising, 1), shifted(rising, -1)}, rising, 19);
  EXPECT_FALSE(results.scores.front().all_hours.upper_tail_crps);
  EXPECT_FALSE(results.scores.front().all_hours.lower_tail_crps);
}

TEST(Trajectories, AreDescribedOneByOne) {
  const Results results = score({shifted(rising, 1), shifted(rising, -1), shifted(rising, 3)}, rising);
  const auto find = [&](const std::string& variable, const std::string& name) {
    return *std::find_if(results.trajectories.begin(), results.trajectories.end(),
                         [&](const TrajectoryStatistic& statistic) {
                           return statistic.variable == variable && statistic.name == name;
                         });
  };
  const TrajectoryStatistic mean = find("tas", "mean");
  EXPECT_NEAR(mean.members.front(), 9, 1e-12);
  EXPECT_NEAR(mean.lowest.front(), 7, 1e-12);
  EXPECT_NEAR(mean.highest.front(), 11, 1e-12);
  EXPECT_NEAR(mean.truth.front(), 8, 1e-12);
  EXPECT_NEAR(mean.interpolation.front(), 8, 1e-12);
  EXPECT_THAT(mean.observations, ::testing::IsEmpty());
  const TrajectoryStatistic quantiles = find("tas", "quantile");
  EXPECT_THAT(quantiles.observations, ::testing::Each(::testing::DoubleNear(8, 5e-4)))
      << "the coarse input's own, as QuantileSketch has them";
  EXPECT_EQ(quantiles.observations.size(), quantiles.at.size());
  const PowerCurve curve = default_power_curve();
  const TrajectoryStatistic factor = find("wind_power", "capacity_factor");
  EXPECT_NEAR(factor.truth.front(), curve.power(8), 1e-12);
  EXPECT_NEAR(factor.members.front(), (curve.power(9) + curve.power(7) + curve.power(11)) / 3, 1e-12);
}

}  // namespace
}  // namespace foehn::evaluation::joint_scores_test
