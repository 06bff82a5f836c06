#include "foehn/evaluation/verify.hpp"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "evaluation/ranks_in_turn.hpp"
#include "evaluation/toy_files.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/philox.hpp"
#include "foehn/evaluation/report.hpp"
#include "io/test_files.hpp"

namespace foehn::evaluation::verify_test {
namespace {

using foehn::testing::on_ranks_in_turn;
using foehn::testing::shifted;
using foehn::testing::toy_grid;
using foehn::testing::ToyField;
using foehn::testing::ToyFile;
using foehn::testing::write_toy;
using io::TemporaryFolder;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr double kPeriod = 6;
constexpr double kCurvature = 0.25;

/// Equal everywhere and quadratic in time, so that linear interpolation errs by curvature s (period - s), s
/// hours after an observation. Quarters are exact in float32.
double quadratic(double hour, std::size_t variable, std::int64_t /*y*/, std::int64_t /*x*/) {
  return 16 - kCurvature * hour * hour + 64 * static_cast<double>(variable);
}

/// White noise on top, another one each seed.
ToyField noisy(std::uint64_t seed) {
  return [seed](double hour, std::size_t variable, std::int64_t y, std::int64_t x) {
    std::vector<double> noise(2 * 8 * 12);
    core::fill_normal<double>({seed, 0, 0}, static_cast<std::uint32_t>(hour), noise);
    return quadratic(hour, variable, y, x) + noise[variable * 96 + static_cast<std::size_t>(12 * y + x)];
  };
}

const std::vector<io::Variable> kTwoVariables = {{"tas", "air_temperature_anomaly", "K"},
                                                 {"uas", "eastward_wind", "m s-1"}};

struct Setting {
  TemporaryFolder folder;
  ToyFile fine;
  ToyFile coarse = {.step_hours = kPeriod, .steps = 3, .block = 4};
  SourceFiles files;

  Setting(const std::vector<ToyField>& members, const ToyField& truth) {
    fine.variables = coarse.variables = kTwoVariables;
    for (std::size_t member = 0; member < members.size(); ++member) {
      files.members.push_back(
          write_toy(folder / ("member_" + std::to_string(member) + ".nc"), members[member], fine));
    }
    files.reference = {write_toy(folder / "truth.nc", truth, fine)};
    files.observations = {write_toy(folder / "coarse.nc", truth, coarse)};
  }
};

std::vector<ToyField> three_shifted() {
  return {shifted(quadratic, 1), shifted(quadratic, -1), shifted(quadratic, 3)};
}

TEST(Verify, GivesTheScoresOfShiftedMembers) {
  const Setting setting(three_shifted(), quadratic);
  const auto results = verify(open_sources(setting.files), {.observation_std = {0.5, 2}});
  ASSERT_EQ(results.scores.size(), 2U);
  EXPECT_EQ(results.members, 3);
  EXPECT_EQ(results.hours, 13);
  EXPECT_EQ(results.last_time, "2019-03-26T12:00:00");
  for (std::size_t variable = 0; variable < 2; ++variable) {
    const auto& scores = results.scores[variable];
    const auto& ensemble = scores.all_hours.ensemble;
    EXPECT_NEAR(ensemble.fair_crps.value(), 5.0 / 3.0 - 4.0 / 3.0, 1e-12);
    EXPECT_NEAR(ensemble.mean.bias, 1, 1e-12);
    EXPECT_NEAR(ensemble.mean.rmse, 1, 1e-12);
    EXPECT_NEAR(ensemble.spread.value(), 2, 1e-12);
    const double unit = variable == 0 ? 0.5 : 2;
    EXPECT_NEAR(scores.agreement.mean, 1 / unit, 1e-12);
    EXPECT_NEAR(scores.agreement.rms, std::sqrt(11.0 / 3.0) / unit, 1e-12);
    EXPECT_EQ(scores.agreement.standard_deviation, unit);
  }
}

TEST(Verify, InterpolatesLinearlyInTimeByHoursSinceTheObservation) {
  const Setting setting(three_shifted(), quadratic);
  const auto results = verify(open_sources(setting.files), {});
  for (const auto& scores : results.scores) {
    ASSERT_EQ(scores.by_hours_since_observation.size(), 6U);
    for (std::size_t since = 0; since < 6; ++since) {
      const auto& row = scores.by_hours_since_observation[since];
      const auto s = static_cast<double>(since);
      EXPECT_EQ(row.hours, since == 0 ? 3 : 2);
      EXPECT_NEAR(row.interpolation.mae, kCurvature * s * (kPeriod - s), 1e-12);
      EXPECT_NEAR(row.interpolation.bias, -kCurvature * s * (kPeriod - s), 1e-12);
      EXPECT_FALSE(row.anomaly_interpolation);
    }
  }
}

double linear(double hour, std::size_t /*variable*/, std::int64_t /*y*/, std::int64_t /*x*/) {
  return 280 + hour;
}

/// Means of tas over 00-06 and 06-12 h, and, where wanted, snapshots of uas at 00, 06 and 12 h.
SourceFiles with_means(const Setting& setting, bool has_snapshots) {
  SourceFiles files = setting.files;
  ToyFile means = setting.coarse, snapshots = setting.coarse;
  means.variables = {kTwoVariables[0]};
  means.mean_hours = 6;
  means.steps = 2;
  snapshots.variables = {kTwoVariables[1]};
  files.observations = {write_toy(setting.folder / "means.nc", linear, means)};
  if (has_snapshots)
    files.observations.push_back(write_toy(setting.folder / "snapshots.nc", linear, snapshots));
  return files;
}

TEST(Verify, ComparesMeansOverTimeWithMeansOfTheMembers) {
  const Setting setting({shifted(linear, 1), shifted(linear, -1), shifted(linear, 3)}, linear);
  const auto results = verify(open_sources(with_means(setting, true)), {.observation_std = {0.5, 2}});
  EXPECT_EQ(results.hours, 13);
  EXPECT_EQ(results.period, 6);
  EXPECT_NEAR(results.scores[0].agreement.mean, 2, 1e-12);
  EXPECT_NEAR(results.scores[0].agreement.rms, 2 * std::sqrt(11.0 / 3.0), 1e-12);
  EXPECT_NEAR(results.scores[1].agreement.mean, 0.5, 1e-12);
  // Means stand for the middles of their hours, 2.5 and 8.5 h, and are held constant beyond.
  EXPECT_NEAR(results.scores[0].all_hours.interpolation.mae, (2.5 + 1.5 + 0.5 + 0.5 + 1.5 + 2.5 + 3.5) / 13,
              1e-12);
  EXPECT_NEAR(results.scores[1].all_hours.interpolation.mae, 0, 1e-12);
}

TEST(Verify, HasNoInterpolationOfWhatIsNotObserved) {
  const Setting setting({shifted(linear, 1)}, linear);
  const auto results = verify(open_sources(with_means(setting, false)), {});
  EXPECT_NEAR(results.scores[0].agreement.mean, 1, 1e-12);
  EXPECT_TRUE(results.scores[0].is_observed);
  EXPECT_FALSE(results.scores[1].is_observed);
  const auto json = scores_json(results).at("variables").at("uas");
  EXPECT_FALSE(json.contains("observation_agreement"));
  EXPECT_FALSE(json.at("all_hours").contains("interpolation_mae"));
  EXPECT_THAT(report_html(results), HasSubstr("Agreement with the observations: not observed"));
  EXPECT_NEAR(results.scores[1].all_hours.ensemble.mean.mae, 1, 1e-12);
}

/// The truth's block means, without the first of the upper row of three blocks at 06 h.
double with_a_gap(double hour, std::size_t variable, std::int64_t y, std::int64_t x) {
  return hour == 6 && variable == 0 && y < 4 && x < 4 ? std::nan("") : quadratic(hour, variable, y, x);
}

TEST(Verify, ScoresAgreementAndInterpolationWhereObservationsAreNotMissing) {
  Setting setting(three_shifted(), quadratic);
  setting.files.observations = {write_toy(setting.folder / "gap.nc", with_a_gap, setting.coarse)};
  const Results results = verify(open_sources(setting.files), {.observation_std = {0.5, 2}});
  const Setting without_gap(three_shifted(), quadratic);
  const Results whole = verify(open_sources(without_gap.files), {});
  const VariableResults& scores = results.scores[0];
  EXPECT_NEAR(scores.agreement.mean, 1 / 0.5, 1e-12);
  EXPECT_NEAR(scores.agreement.rms, std::sqrt(11.0 / 3.0) / 0.5, 1e-12);
  EXPECT_NEAR(scores.agreement.missing_fraction, 1.0 / 18, 1e-12);
  EXPECT_EQ(results.scores[1].agreement.missing_fraction, 0);
  // Equal everywhere: what is interpolated elsewhere errs as it does without a gap.
  for (std::size_t since = 0; since < 6; ++since) {
    EXPECT_NEAR(scores.by_hours_since_observation[since].interpolation.mae,
                whole.scores[0].by_hours_since_observation[since].interpolation.mae, 1e-12);
    EXPECT_NEAR(scores.increments[since].interpolation, whole.scores[0].increments[since].interpolation,
                1e-12);
  }
  EXPECT_EQ(scores.all_hours.ensemble.fair_crps, whole.scores[0].all_hours.ensemble.fair_crps);
  const auto json = scores_json(results).at("variables");
  EXPECT_NEAR(json.at("tas").at("observation_agreement").at("missing_fraction").get<double>(), 1.0 / 18,
              1e-12);
  EXPECT_FALSE(json.at("tas").at("spectrum_ratio").contains("interpolation"));
  EXPECT_TRUE(json.at("uas").at("spectrum_ratio").contains("interpolation"));
  EXPECT_NO_THROW(write_scores_netcdf(setting.folder / "scores.nc", results));
  EXPECT_THAT(report_html(results),
              AllOf(HasSubstr("5.56 % of the observations are missing"), Not(HasSubstr(">nan<"))));
}

TEST(Verify, HasNoAgreementWithAVariableThatIsMissingThroughout) {
  Setting setting(three_shifted(), quadratic);
  const ToyField missing = [](double hour, std::size_t variable, std::int64_t y, std::int64_t x) {
    return variable == 0 ? std::nan("") : quadratic(hour, variable, y, x);
  };
  setting.files.observations = {write_toy(setting.folder / "missing.nc", missing, setting.coarse)};
  const Results results = verify(open_sources(setting.files), {});
  EXPECT_FALSE(results.scores[0].is_observed);
  EXPECT_TRUE(results.scores[1].is_observed);
  EXPECT_NO_THROW(scores_json(results));
  EXPECT_NO_THROW(write_scores_netcdf(setting.folder / "scores.nc", results));
}

TEST(Verify, RefusesAReferenceWithAMissingValue) {
  Setting setting(three_shifted(), quadratic);
  setting.files.reference = {write_toy(setting.folder / "gap_truth.nc", with_a_gap, setting.fine)};
  EXPECT_THAT([&] { verify(open_sources(setting.files), {}); },
              ::testing::ThrowsMessage<core::Error>(
                  HasSubstr("gap_truth.nc: tas: missing value at 2019-03-26T06:00:00, y 0, x 0")));
}

TEST(Verify, InterpolatesAnomaliesFromTheClimatology) {
  const Setting setting(three_shifted(), quadratic);
  const auto sources = open_sources(setting.files);
  VerifyOptions options;
  // The truth but for a constant: what is left of it is interpolated without error.
  options.climatology = [&](std::int64_t seconds, std::span<double> fields) {
    const double hour = static_cast<double>(seconds - sources.members.front().times().seconds.front()) / 3600;
    std::fill(fields.begin(), fields.begin() + 96, quadratic(hour, 0, 0, 0) - 3);
    std::fill(fields.begin() + 96, fields.end(), quadratic(hour, 1, 0, 0) + 5);
  };
  const Results results = verify(sources, options);
  for (const auto& scores : results.scores) {
    EXPECT_NEAR(scores.all_hours.anomaly_interpolation.value().rmse, 0, 1e-12);
    EXPECT_GT(scores.all_hours.interpolation.rmse, 1);
  }
  EXPECT_NEAR(results.scores[0].all_hours.climatology.value().bias, -3, 1e-6);
  EXPECT_NEAR(results.scores[1].all_hours.climatology.value().rmse, 5, 1e-6);
  EXPECT_FALSE(verify(sources, {}).scores[0].all_hours.climatology);
}

TEST(Verify, HoldsTheFirstObservationConstantBeforeIt) {
  Setting setting(three_shifted(), quadratic);
  setting.coarse.first_hour = 2;
  setting.coarse.steps = 2;
  setting.files.observations = {write_toy(setting.folder / "late.nc", quadratic, setting.coarse)};
  const auto results = verify(open_sources(setting.files), {});
  const auto& scores = results.scores.front();
  EXPECT_EQ(results.hours, 9);
  EXPECT_EQ(scores.all_hours.hours, 9);
  std::int64_t since_an_observation = 0;
  double absolute = 0;
  for (const auto& row : scores.by_hours_since_observation) {
    since_an_observation += row.hours;
    absolute += static_cast<double>(row.hours) * row.interpolation.mae;
  }
  EXPECT_EQ(since_an_observation, 7);
  // Hours 0 and 1 take hour 2's value: they err by curvature (4 - 0) and (4 - 1).
  EXPECT_NEAR(9 * scores.all_hours.interpolation.mae, absolute + kCurvature * 7, 1e-12);
}

TEST(Verify, GivesTheSameBitsForAnyChunk) {
  const Setting setting({noisy(1), noisy(2), noisy(3), noisy(4)}, noisy(5));
  const auto sources = open_sources(setting.files);
  const std::string whole = scores_json(verify(sources, {})).dump();
  for (const std::int64_t hours : {0, 1, 5}) {
    const VerifyOptions options{.values_in_memory = hours * 4 * 2 * 96};
    EXPECT_EQ(scores_json(verify(sources, options)).dump(), whole) << hours << " hours a chunk";
  }
}

TEST(Verify, FindsExchangeableMembersCalibrated) {
  std::vector<ToyField> members;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) members.push_back(noisy(seed));
  const Setting setting(members, noisy(9));
  const auto results = verify(open_sources(setting.files), {});
  for (const auto& scores : results.scores) {
    // 13 hours of 96 independent cells: sampling errors of about 3 %.
    EXPECT_NEAR(scores.all_hours.ensemble.spread_skill.value(), 1, 0.1);
    EXPECT_NEAR(scores.all_hours.ensemble.spread.value(), 1, 0.05);
    EXPECT_NEAR(scores.spectrum.members.back(), 1, 0.1);
    // Short waves are not in the block means.
    EXPECT_LT(scores.spectrum.interpolation.back(), 0.2);
  }
}

TEST(Verify, ConvertsUnitsAndCropsTheReference) {
  Setting setting(three_shifted(), quadratic);
  ToyFile celsius = setting.fine;
  celsius.variables[0].units = "degC";
  celsius.grid = toy_grid(10, 14);
  celsius.first_hour = -3;
  celsius.steps = 20;
  const auto in_celsius = [](double hour, std::size_t variable, std::int64_t y, std::int64_t x) {
    const bool inside = y < 8 && x < 12;
    return quadratic(hour, variable, y, x) - (variable == 0 ? 273.15 : 0) + (inside ? 0 : 1000);
  };
  setting.files.reference = {write_toy(setting.folder / "celsius.nc", in_celsius, celsius)};
  setting.files.reference_crop = grid::Crop{0, 8, 0, 12};
  for (const auto& scores : verify(open_sources(setting.files), {}).scores) {
    EXPECT_NEAR(scores.all_hours.ensemble.mean.bias, 1, 1e-4);
    EXPECT_NEAR(scores.all_hours.ensemble.mean.rmse, 1, 1e-4);
  }
}

TEST(Verify, ReadsEverySecondInstantOfAFinerReference) {
  Setting setting(three_shifted(), quadratic);
  ToyFile half_hourly = setting.fine;
  half_hourly.step_hours = 0.5;
  half_hourly.steps = 25;
  setting.files.reference = {write_toy(setting.folder / "half_hourly.nc", quadratic, half_hourly)};
  EXPECT_NEAR(verify(open_sources(setting.files), {}).scores[0].all_hours.ensemble.mean.rmse, 1, 1e-12);
}

TEST(Verify, ShowsTheHoursAroundTheStrongestEvent) {
  const Setting setting(three_shifted(), quadratic);
  // Without two components of the wind: where the first variable, 16 - h^2 / 4, is farthest from its
  // mean, 3.5.
  const Event event = verify(open_sources(setting.files), {}).event;
  ASSERT_EQ(event.hours.size(), 3U);
  EXPECT_EQ(event.strongest, 2U);
  EXPECT_EQ(event.hours[2].time, "2019-03-26T12:00:00");
  const ExampleHour& between = event.hours[1];
  EXPECT_EQ(between.time, "2019-03-26T09:00:00");
  EXPECT_EQ(between.observation_time, "2019-03-26T06:00:00");
  EXPECT_EQ(between.observation.size(), 12U);
  EXPECT_EQ(between.observation.front(), quadratic(6, 0, 0, 0));
  EXPECT_EQ(between.truth.front(), quadratic(9, 0, 0, 0));
  ASSERT_EQ(between.members.size(), 2U);
  EXPECT_EQ(between.members[0].back(), quadratic(9, 1, 0, 0) + 1);
  EXPECT_NEAR(between.interpolation.front(), quadratic(9, 0, 0, 0) - 9 * kCurvature, 1e-12);
}

TEST(Verify, FindsTheStrongestWind) {
  const ToyField gust = [](double hour, std::size_t variable, std::int64_t, std::int64_t) {
    return hour == 5 ? -3.0 - static_cast<double>(variable) : 0.5;
  };
  Setting setting({gust, gust}, gust);
  ToyFile fine = setting.fine, coarse = setting.coarse;
  fine.variables = coarse.variables = {{"uas", "eastward_wind", "m s-1"}, {"vas", "northward_wind", "m s-1"}};
  setting.files.members = {write_toy(setting.folder / "wind_0.nc", gust, fine),
                           write_toy(setting.folder / "wind_1.nc", gust, fine)};
  setting.files.reference = {};
  setting.files.observations = {write_toy(setting.folder / "wind_coarse.nc", gust, coarse)};
  const Event event = verify(open_sources(setting.files), {}).event;
  EXPECT_EQ(event.hours[event.strongest].time, "2019-03-26T05:00:00");
  EXPECT_THAT(event.what, HasSubstr("5.0 m s-1"));
}

TEST(Verify, ScoresEachCell) {
  const auto results = verify(open_sources(Setting(three_shifted(), quadratic).files), {});
  ASSERT_EQ(results.cells.size(), 2U);
  const CellScores& cells = results.cells.front();
  EXPECT_THAT(cells.bias, Each(::testing::DoubleNear(1, 1e-12)));
  EXPECT_THAT(cells.rmse, Each(::testing::DoubleNear(1, 1e-12)));
  EXPECT_THAT(cells.fair_crps, Each(::testing::DoubleNear(1.0 / 3, 1e-12)));
  EXPECT_THAT(cells.spread, Each(::testing::DoubleNear(2, 1e-12)));
  EXPECT_THAT(cells.interpolation_mae,
              Each(::testing::DoubleNear(results.scores[0].all_hours.interpolation.mae, 1e-12)));
}

TEST(Verify, FollowsTwoCellsOfOneBlock) {
  // The last two rows of a block are its warmest and coldest, in the block that begins at column 8.
  const ToyField coast = [](double hour, std::size_t, std::int64_t y, std::int64_t x) {
    return hour + (x == 9 && y == 2 ? 4 : x == 10 && y == 3 ? -4 : 0);
  };
  const auto results = verify(open_sources(Setting({shifted(coast, 1), shifted(coast, 2)}, coast).files), {});
  ASSERT_EQ(results.series.size(), 2U);
  const PointSeries& series = results.series.front();
  EXPECT_EQ(series.first_time, "2019-03-26T00:00:00");
  ASSERT_EQ(series.points.size(), 2U);
  EXPECT_EQ(series.points[0].cell, 2U * 12 + 9);
  EXPECT_EQ(series.points[1].cell, 3U * 12 + 10);
  EXPECT_EQ(series.points[0].latitude, 50.5);
  ASSERT_EQ(series.points[0].members.size(), 2U);
  ASSERT_EQ(series.points[0].truth.size(), 13U);
  EXPECT_EQ(series.points[0].truth[3], 7);
  EXPECT_EQ(series.points[1].members[1][3], 1);
  EXPECT_THAT(series.observed_steps, ::testing::ElementsAre(0, 6, 12));
  EXPECT_THAT(series.observed, ::testing::ElementsAre(0, 6, 12));
}

TEST(Verify, ScoresASingleMemberAndASingleObservation) {
  Setting setting({shifted(quadratic, 2)}, quadratic);
  setting.coarse.steps = 1;
  setting.coarse.first_hour = 4;
  setting.files.observations = {write_toy(setting.folder / "one.nc", quadratic, setting.coarse)};
  const auto results = verify(open_sources(setting.files), {});
  const auto& scores = results.scores.front();
  EXPECT_EQ(results.hours, 5);
  EXPECT_EQ(scores.by_hours_since_observation.size(), 1U);
  EXPECT_DOUBLE_EQ(scores.all_hours.ensemble.mean.mae, 2);
  EXPECT_FALSE(scores.all_hours.ensemble.fair_crps);
  EXPECT_TRUE(results.cells.front().spread.empty());
  EXPECT_EQ(results.event.hours.front().members.size(), 1U);
}

TEST(Verify, ScoresObservedHoursAndThoseBetweenThem) {
  const Setting setting(three_shifted(), quadratic);
  const auto scores = verify(open_sources(setting.files), {}).scores.front();
  EXPECT_EQ(scores.observed_hours.value().hours, 3);
  EXPECT_EQ(scores.hours_between.value().hours, 10);
  EXPECT_NEAR(scores.observed_hours->interpolation.mae, 0, 1e-12);
  // Twice the mean of s (6 - s) for s = 1 to 5.
  EXPECT_NEAR(scores.hours_between->interpolation.mae, kCurvature * 35.0 / 5, 1e-12);
}

/// White noise around a level that jumps at every observed hour.
ToyField jumping(std::uint64_t seed, double jump) {
  return [seed, jump](double hour, std::size_t variable, std::int64_t y, std::int64_t x) {
    std::vector<double> noise(2 * 8 * 12);
    core::fill_normal<double>({seed, 0, 0}, static_cast<std::uint32_t>(hour), noise);
    const double sign = (y + x) % 2 == 0 ? 1 : -1;  // so that the mean increment is none
    return 280 + sign * jump * std::floor(hour / kPeriod) +
           noise[variable * 96 + static_cast<std::size_t>(12 * y + x)];
  };
}

TEST(Verify, SeesTrajectoriesJumpAtObservations) {
  const Setting setting({jumping(1, 3), jumping(2, 3), jumping(3, 3)}, jumping(4, 0));
  const auto scores = verify(open_sources(setting.files), {}).scores.front();
  ASSERT_EQ(scores.increments.size(), 6U);
  EXPECT_EQ(scores.increments[0].hours, 2);  // the first hour has none before it
  // White noise of variance 1 has increments of variance 2; the jump adds its square.
  for (std::size_t since = 0; since < 6; ++since) {
    EXPECT_NEAR(scores.increments[since].truth, 2, 0.5) << since;
    EXPECT_NEAR(scores.increments[since].members, since == 0 ? 11 : 2, since == 0 ? 1 : 0.5) << since;
  }
  EXPECT_NEAR(scores.seam.value().truth.value(), 1, 0.25);
  EXPECT_NEAR(scores.seam.value().members, 5.5, 0.6);
}

TEST(Verify, HasNoSeamWhereEveryHourIsObserved) {
  Setting setting(three_shifted(), quadratic);
  setting.coarse.step_hours = 1;
  setting.coarse.steps = 13;
  setting.files.observations = {write_toy(setting.folder / "hourly.nc", quadratic, setting.coarse)};
  const auto results = verify(open_sources(setting.files), {});
  EXPECT_FALSE(results.scores.front().seam);
  EXPECT_FALSE(results.scores.front().hours_between);
  EXPECT_NO_THROW(scores_json(results));
  EXPECT_NO_THROW(report_html(results));
}

TEST(Verify, ScoresMoreMembersThanFilesMayBeOpen) {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit before = limit;
  Setting setting({quadratic}, quadratic);
  setting.files.members = {setting.files.members.front()};
  for (int copy = 0; copy < 300; ++copy) {
    const auto path = setting.folder / ("copy_" + std::to_string(copy) + ".nc");
    std::filesystem::create_hard_link(setting.files.members.front(), path);
    setting.files.members.push_back(path);
  }
  limit.rlim_cur = 200;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_NO_THROW(EXPECT_EQ(verify(open_sources(setting.files), {}).members, 301));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST(Verify, ScoresWithoutAReferenceWhatNeedsNone) {
  Setting setting({noisy(1), noisy(2), noisy(3)}, quadratic);
  const Results with = verify(open_sources(setting.files), {});
  setting.files.reference.clear();
  const Results results = verify(open_sources(setting.files), {});
  EXPECT_FALSE(results.has_reference);
  for (std::size_t variable = 0; variable < 2; ++variable) {
    const VariableResults& scores = results.scores[variable];
    const VariableResults& all = with.scores[variable];
    EXPECT_FALSE(scores.has_truth);
    EXPECT_FALSE(scores.all_hours.ensemble.fair_crps);
    EXPECT_NEAR(scores.all_hours.ensemble.spread.value(), all.all_hours.ensemble.spread.value(), 1e-9);
    EXPECT_EQ(scores.agreement.rms, all.agreement.rms);
    EXPECT_EQ(scores.seam.value().members, all.seam.value().members);
    EXPECT_FALSE(scores.seam.value().truth);
    EXPECT_EQ(scores.spectra.members, all.spectra.members);
    EXPECT_TRUE(scores.spectrum.members.empty());
  }
  const auto tas = scores_json(results).at("variables").at("tas");
  EXPECT_TRUE(tas.at("all_hours").contains("spread"));
  EXPECT_FALSE(tas.at("all_hours").contains("rmse"));
  EXPECT_NO_THROW(write_scores_netcdf(setting.folder / "scores.nc", results));
  EXPECT_THAT(report_html(results), AllOf(HasSubstr("without a reference"), Not(HasSubstr(">nan<"))));
}

TEST(Verify, GivesTheSameBitsOnAnyNumberOfRanks) {
  Setting setting({noisy(1), noisy(2), noisy(3)}, noisy(4));
  setting.fine.steps = 97;  // blocks of a day, and of one hour
  setting.coarse.steps = 17;
  setting.files.members.clear();
  for (std::uint64_t seed = 1; seed <= 3; ++seed)
    setting.files.members.push_back(
        write_toy(setting.folder / ("long_" + std::to_string(seed) + ".nc"), jumping(seed, 0), setting.fine));
  setting.files.reference = {write_toy(setting.folder / "long_truth.nc", jumping(4, 0), setting.fine)};
  setting.files.observations = {write_toy(setting.folder / "long_coarse.nc", jumping(4, 0), setting.coarse)};
  const auto sources = open_sources(setting.files);
  const std::string alone = scores_json(verify(sources, {})).dump();
  for (const int size : {2, 3, 7}) {
    const Results shared =
        on_ranks_in_turn(size, [&](const Ranks& ranks) { return verify(sources, {}, ranks); });
    EXPECT_EQ(scores_json(shared).dump(), alone) << size << " ranks";
  }
}

TEST(Verify, FindsTheLogRatioOfMembersThatVaryTwiceAsMuch) {
  const ToyField truth = noisy(4);
  const ToyField doubled = [&](double hour, std::size_t variable, std::int64_t y, std::int64_t x) {
    return 2 * truth(hour, variable, y, x);
  };
  const VariableResults scores = verify(open_sources(Setting({doubled}, truth).files), {}).scores.front();
  EXPECT_NEAR(scores.spectrum.members_log_ratio.value(), std::log(4), 1e-9);
}

TEST(Verify, ScoresByMonthAndHourOfDay) {
  const ToyField truth = [](double hour, std::size_t, std::int64_t, std::int64_t) {
    return 270 + 0.1 * hour;
  };
  Setting setting({truth}, truth);
  setting.fine.first_hour = setting.coarse.first_hour = 126;  // 31 March, 06 UTC
  setting.fine.steps = 25;
  setting.coarse.steps = 5;
  // One kelvin too warm until the end of March, two too cold after it.
  const ToyField member = [&](double hour, std::size_t variable, std::int64_t y, std::int64_t x) {
    return truth(hour, variable, y, x) + (hour < 144 ? 1 : -2);
  };
  setting.files.members = {write_toy(setting.folder / "one.nc", member, setting.fine)};
  setting.files.reference = {write_toy(setting.folder / "spring.nc", truth, setting.fine)};
  setting.files.observations = {write_toy(setting.folder / "blocks.nc", truth, setting.coarse)};
  const VariableResults scores = verify(open_sources(setting.files), {}).scores.front();
  EXPECT_EQ(scores.by_month[2].hours, 18);
  EXPECT_NEAR(scores.by_month[2].ensemble.mean.bias, 1, 1e-4);
  EXPECT_EQ(scores.by_month[3].hours, 7);
  EXPECT_NEAR(scores.by_month[3].ensemble.mean.bias, -2, 1e-4);
  EXPECT_EQ(scores.by_month[0].hours, 0);
  EXPECT_EQ(scores.by_hour_of_day[6].hours, 2);
  EXPECT_NEAR(scores.by_hour_of_day[6].ensemble.mean.bias, -0.5, 1e-4);
  EXPECT_NEAR(scores.by_hour_of_day[7].ensemble.mean.bias, 1, 1e-4);
}

TEST(Verify, GivesIntervalsWithFiveBlocksAndMore) {
  for (const int days : {4, 8}) {
    Setting setting({jumping(1, 0)}, jumping(2, 0));
    setting.fine.steps = 24 * days;
    setting.coarse.steps = 4 * days;
    setting.files.members = {write_toy(setting.folder / "a.nc", jumping(1, 0), setting.fine),
                             write_toy(setting.folder / "b.nc", jumping(3, 0), setting.fine)};
    setting.files.reference = {write_toy(setting.folder / "c.nc", jumping(2, 0), setting.fine)};
    setting.files.observations = {write_toy(setting.folder / "d.nc", jumping(2, 0), setting.coarse)};
    const Results results = verify(open_sources(setting.files), {.bootstrap = {.replicates = 100}});
    const HourScores& scores = results.scores.front().all_hours;
    ASSERT_EQ(scores.intervals.empty(), days == 4);
    if (days == 4) continue;
    const Interval interval = scores.intervals.at("fair_crps");
    EXPECT_LT(interval.low, scores.ensemble.fair_crps.value());
    EXPECT_GT(interval.high, scores.ensemble.fair_crps.value());
    EXPECT_LT(interval.high - interval.low, 0.1);
    EXPECT_TRUE(results.scores.front().by_hour_of_day[3].intervals.contains("spread"));
    const auto tas = scores_json(results).at("variables").at("tas");
    EXPECT_EQ(tas.at("all_hours").at("intervals").at("fair_crps").size(), 2U);
    EXPECT_EQ(tas.at("by_hour_of_day").size(), 24U);
    EXPECT_THAT(scores_text(results, true), AllOf(HasSubstr("03 UTC"), HasSubstr("8 blocks of days")));
    EXPECT_NO_THROW(write_scores_netcdf(setting.folder / "scores.nc", results));
    EXPECT_THAT(io::content_of(setting.folder / "scores.nc"), HasSubstr("tas_fair_crps_by_month_interval"));
  }
}

TEST(CheckObservationStd, NamesWhatIsWrong) {
  const auto message = [](const std::vector<double>& deviations) -> std::string {
    try {
      check_observation_std(deviations, kTwoVariables);
    } catch (const core::Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(message({1}), HasSubstr("1 standard deviations of the observation error for 2 variables"));
  EXPECT_THAT(message({1, 0}), HasSubstr("uas"));
  EXPECT_THAT(message({std::nan(""), 1}), HasSubstr("tas"));
  EXPECT_EQ(message({}), "");
  EXPECT_EQ(message({1, 2}), "");
}

}  // namespace
}  // namespace foehn::evaluation::verify_test
