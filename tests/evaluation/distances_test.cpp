#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numbers>

#include "evaluation/bootstrap.hpp"
#include "evaluation/distribution_distances.hpp"
#include "evaluation/ranks_in_turn.hpp"
#include "evaluation/reliability.hpp"
#include "evaluation/structural_similarity.hpp"
#include "evaluation/toy_files.hpp"
#include "evaluation/trajectory_report.hpp"
#include "foehn/core/philox.hpp"
#include "foehn/evaluation/report.hpp"
#include "foehn/evaluation/verify.hpp"
#include "foehn/io/netcdf.hpp"
#include "io/test_files.hpp"

namespace foehn::evaluation::distances_test {
namespace {

using foehn::testing::shifted;
using foehn::testing::ToyField;
using foehn::testing::ToyFile;
using foehn::testing::write_toy;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// What scikit-image and scipy give.
nlohmann::json stored() {
  std::ifstream file(FOEHN_TEST_REFERENCE "/distances.json");
  return nlohmann::json::parse(file);
}

TEST(StructuralSimilarity, IsThatOfScikitImage) {
  for (const auto& one : stored().at("structural_similarity")) {
    const std::vector<double> field = one.at("field"), truth = one.at("truth");
    EXPECT_NEAR(structural_similarity(field, truth, one.at("ny"), one.at("nx")),
                one.at("structural_similarity"), 1e-9);
  }
}

TEST(StructuralSimilarity, IsOneOfEqualFieldsAndUndefinedOfConstantOnes) {
  std::vector<double> field(16 * 17), other(field);
  core::fill_normal<double>({1, 0, 0}, 0, field);
  EXPECT_NEAR(structural_similarity(field, field, 16, 17), 1, 1e-12);
  EXPECT_TRUE(std::isnan(structural_similarity(field, other, 16, 17))) << "the truth is the same everywhere";
  EXPECT_TRUE(std::isnan(structural_similarity(std::vector<double>(8), std::vector<double>(8), 2, 4)));
  other = field;
  other[3] = std::nan("");
  EXPECT_TRUE(std::isnan(structural_similarity(other, field, 16, 17)));
}

QuantileSketch sketch_of(const std::vector<double>& values, double centre = 0) {
  QuantileSketch sketch(centre);
  for (const double value : values) sketch.add(value);
  return sketch;
}

TEST(Wasserstein1, IsThatOfScipy) {
  const nlohmann::json file = stored();
  const auto& one = file.at("wasserstein");
  const double distance = one.at("distance");
  const QuantileSketch a = sketch_of(one.at("one")), b = sketch_of(one.at("other"));
  EXPECT_NEAR(a.wasserstein_1(b), distance, 1e-3 * distance);
  EXPECT_EQ(a.wasserstein_1(b), b.wasserstein_1(a));
  EXPECT_EQ(a.wasserstein_1(a), 0);
  EXPECT_TRUE(std::isnan(a.wasserstein_1(QuantileSketch(0))));
}

TEST(Wasserstein1, OfAShiftIsTheShiftOnBothSidesOfTheCentre) {
  std::vector<double> values(20000), moved(values.size());
  core::fill_normal<double>({2, 0, 0}, 0, values);
  for (std::size_t i = 0; i < values.size(); ++i) moved[i] = values[i] + 0.75;
  EXPECT_NEAR(sketch_of(values, 0).wasserstein_1(sketch_of(moved, 0)), 0.75, 1e-3);
}

TEST(QuantileSketch, ComesBackAsItWasPacked) {
  const QuantileSketch sketch = sketch_of({-3, 0, 0, 1e-9, 2.5, 1e8});
  std::vector<double> numbers = {1};
  sketch.append_to(numbers);
  numbers.push_back(7);
  QuantileSketch copy(0);
  const auto rest = copy.add_packed(std::span<const double>(numbers).subspan(1));
  EXPECT_THAT(rest, ElementsAre(7));
  EXPECT_EQ(copy.count(), 6);
  EXPECT_EQ(copy.wasserstein_1(sketch), 0);
}

TEST(QuantileSketch, CountsWhatLiesBelow) {
  const QuantileSketch sketch = sketch_of({-3, -2, 1, 2, 4, 8});
  EXPECT_EQ(sketch.below(-4), 0);
  EXPECT_EQ(sketch.below(0.5), 2);
  EXPECT_EQ(sketch.below(3), 4);
  EXPECT_EQ(sketch.below(1000), 6);
}

TEST(KullbackLeibler, OfTwoNormalDistributionsIsTheClosedForm) {
  // ln(s/1) + (1 + m^2)/(2 s^2) - 1/2, of truth N(0, 1) from N(m, s^2); bins keep a little less of it.
  const double m = 0.5, s = 1.25;
  std::vector<double> truth(400000), other(truth.size());
  core::fill_normal<double>({3, 0, 0}, 0, truth);
  core::fill_normal<double>({4, 0, 0}, 0, other);
  for (double& value : other) value = m + s * value;
  const double closed = std::log(s) + (1 + m * m) / (2 * s * s) - 0.5;
  const double found = kullback_leibler(sketch_of(other), sketch_of(truth));
  EXPECT_LT(found, closed);
  EXPECT_NEAR(found, closed, 0.05 * closed);
  EXPECT_EQ(kullback_leibler(sketch_of(truth), sketch_of(truth)), 0);
}

TEST(KullbackLeibler, IsFiniteWhereDistributionsDoNotMeetOrAreOfOneValue) {
  const double apart = kullback_leibler(sketch_of({1, 2, 3}), sketch_of({-1, -2, -3}));
  EXPECT_GT(apart, 0);
  EXPECT_TRUE(std::isfinite(apart));
  EXPECT_EQ(kullback_leibler(sketch_of({0, 0, 0}), sketch_of({0, 0, 0})), 0);
}

TEST(SlicedWasserstein, OfAShiftInEveryDirectionIsItsMeanLength) {
  // A shift of every standardised value by s moves projections by s |sum of the direction's components|,
  // whose mean over the sphere in d dimensions is s sqrt(d) Gamma(d/2) / (sqrt(pi) Gamma((d + 1)/2)).
  const io::TemporaryFolder folder;
  const ToyField noise = [](double hour, std::size_t variable, std::int64_t y, std::int64_t x) {
    std::vector<double> values(2 * 96);
    core::fill_normal<double>({5, 0, 0}, static_cast<std::uint32_t>(hour), values);
    return values[variable * 96 + static_cast<std::size_t>(12 * y + x)];
  };
  ToyFile file;
  file.variables = {{"tas", "air_temperature_anomaly", "K"}, {"uas", "eastward_wind", "m s-1"}};
  file.steps = 97;
  SourceFiles files;
  files.members = {write_toy(folder / "member.nc", noise, file)};
  file.block = 4;
  file.step_hours = 6;
  file.steps = 17;
  files.observations = {write_toy(folder / "coarse.nc", noise, file)};
  const Sources sources = open_sources(files);
  LocalClimate climate;
  climate.mean.assign(192, 0);
  climate.deviation.assign(192, 1);
  ProjectedDistributions here(sources, climate), moved(sources, climate), missing(sources, climate);
  const double shift = 0.5, dimensions = 18;
  for (std::int64_t hour = 0; hour < 97; ++hour) {
    std::vector<double> fields, others;
    for (std::size_t variable = 0; variable < 2; ++variable)
      for (std::int64_t y = 0; y < 8; ++y)
        for (std::int64_t x = 0; x < 12; ++x)
          fields.push_back(noise(static_cast<double>(hour), variable, y, x));
    for (const double value : fields) others.push_back(value + shift);
    here.add(hour, fields);
    moved.add(hour, others);
    missing.add(hour, std::vector<double>(192, std::nan("")));
    if (hour % 24 == 23 || hour == 96)
      for (ProjectedDistributions* each : {&here, &moved}) each->end_block();
  }
  const double mean_length = std::sqrt(dimensions) *
                             std::exp(std::lgamma(dimensions / 2) - std::lgamma((dimensions + 1) / 2)) /
                             std::sqrt(std::numbers::pi);
  const double found = ProjectedDistributions::sliced_wasserstein(moved.counts(), here.counts());
  EXPECT_NEAR(found, shift * mean_length, 0.15 * shift * mean_length) << "a hundred directions";
  EXPECT_EQ(ProjectedDistributions::sliced_wasserstein(here.counts(), here.counts()), 0);
  ASSERT_EQ(here.blocks().size(), 5U);
  const std::vector<std::int64_t> once(5, 1);
  const std::size_t compared = ProjectedDistributions::kBlockDirections * ProjectedDistributions::kBins;
  const double in_narrow_bins = ProjectedDistributions::sliced_wasserstein(
      std::span(moved.counts()).first(compared), std::span(here.counts()).first(compared));
  EXPECT_NEAR(ProjectedDistributions::sliced_wasserstein_of_blocks(weighted_sum(moved.blocks(), once),
                                                                   weighted_sum(here.blocks(), once)),
              in_narrow_bins, 0.02 * in_narrow_bins);
  EXPECT_TRUE(std::isnan(ProjectedDistributions::sliced_wasserstein(missing.counts(), here.counts())));
}

TEST(EventReliability, HasTheTermsOfTheBrierScore) {
  // Ten forecasts of two members: 4 of 0 (none occurs), 4 of 1/2 (three occur), 2 of 1 (one occurs).
  EventSums sums(2);
  sums.forecasts = {4, 4, 2};
  sums.occurrences = {0, 3, 1};
  const EventReliability event = finish(sums).value();
  EXPECT_THAT(event.probability, ElementsAre(0, 0.5, 1));
  EXPECT_THAT(event.forecasts, ElementsAre(0.4, 0.4, 0.2));
  EXPECT_THAT(event.frequency, ElementsAre(0, 0.75, 0.5));
  EXPECT_DOUBLE_EQ(event.base_rate, 0.4);
  EXPECT_NEAR(event.brier_score, (4 * 0.25 + 1) / 10, 1e-15);  // 0.5 errs by 1/2, one of those of 1 by 1
  EXPECT_NEAR(event.brier_score, event.reliability - event.resolution + event.uncertainty, 1e-15);
  EXPECT_NEAR(event.fair_brier_score.value(), event.brier_score - 0.4 * 0.25, 1e-15);
  EXPECT_FALSE(finish(EventSums(2)));
}

/// Scores members of noise over four days.
Results score_noise(const std::vector<std::uint64_t>& seeds, const io::TemporaryFolder& folder,
                    const Ranks& ranks, double shift = 0) {
  const auto noise = [](std::uint64_t seed) -> ToyField {
    return [seed](double hour, std::size_t variable, std::int64_t y, std::int64_t x) {
      std::vector<double> values(2 * 96);
      core::fill_normal<double>({seed, 0, 0}, static_cast<std::uint32_t>(hour), values);
      return values[variable * 96 + static_cast<std::size_t>(12 * y + x)];
    };
  };
  ToyFile fine, coarse{.step_hours = 6, .steps = 17, .block = 4};
  fine.variables =
      coarse.variables = {{"tas", "air_temperature_anomaly", "K"}, {"uas", "eastward_wind", "m s-1"}};
  fine.steps = 97;
  SourceFiles files;
  for (const std::uint64_t seed : seeds) {
    const auto path = folder / ("member_" + std::to_string(seed) + ".nc");
    files.members.push_back(
        std::filesystem::exists(path) ? path : write_toy(path, shifted(noise(seed), shift), fine));
  }
  files.reference = {folder / "truth.nc"};
  if (!std::filesystem::exists(files.reference.front())) write_toy(folder / "truth.nc", noise(99), fine);
  files.observations = {folder / "coarse.nc"};
  if (!std::filesystem::exists(files.observations.front()))
    write_toy(folder / "coarse.nc", noise(99), coarse);
  return verify(open_sources(files), {}, ranks);
}

const TrajectoryStatistic& statistic(const Results& results, const std::string& variable,
                                     const std::string& name) {
  for (const TrajectoryStatistic& one : results.trajectories)
    if (one.variable == variable && one.name == name) return one;
  throw std::runtime_error("no statistic " + name);
}

TEST(Distances, AreZeroForTheTruthItselfAndFindItInTheFiles) {
  const io::TemporaryFolder folder;
  const Results results = score_noise({99}, folder, {});
  EXPECT_NEAR(results.scores.front().members_similarity.value(), 1, 1e-12);
  EXPECT_LT(results.scores.front().interpolation_similarity.value(), 0.9);
  for (const char* name : {"wasserstein_1", "kullback_leibler"}) {
    EXPECT_EQ(statistic(results, "tas", name).members.front(), 0) << name;
    EXPECT_GT(statistic(results, "tas", name).interpolation.front(), 0) << name;
  }
  EXPECT_EQ(statistic(results, "all_variables", "sliced_wasserstein").members.front(), 0);
  EXPECT_EQ(results.scores.front().upper_event.value().brier_score, 0);

  write_scores_netcdf(folder / "scores.nc", results);
  const auto file = io::NetcdfFile::open(folder / "scores.nc");
  const auto number = [&](const std::string& name) { return file.read_doubles(file.variable(name)).front(); };
  EXPECT_EQ(number("tas_wasserstein_1_interpolation"),
            statistic(results, "tas", "wasserstein_1").interpolation.front());
  EXPECT_EQ(number("tas_structural_similarity_members"), results.scores.front().members_similarity.value());
  EXPECT_EQ(number("tas_upper_event_base_rate"), results.scores.front().upper_event.value().base_rate);
  EXPECT_THAT(file.read_doubles(file.variable("forecast_probability")), ElementsAre(0, 1));
  const auto tas = scores_json(results).at("variables").at("tas");
  EXPECT_EQ(tas.at("structural_similarity").at("members"), results.scores.front().members_similarity.value());
  EXPECT_EQ(tas.at("events").at("upper").at("probability").size(), 2U);
}

TEST(Distances, FindAShift) {
  const io::TemporaryFolder folder;
  const Results results = score_noise({1, 2}, folder, {}, 2);
  const TrajectoryStatistic& distance = statistic(results, "tas", "wasserstein_1");
  EXPECT_NEAR(distance.members.front(), 2, 0.05);
  EXPECT_LE(distance.lowest.front(), distance.members.front());
  EXPECT_EQ(distance.truth.front(), 0);
}

TEST(Distances, HaveIntervalsOrSayWhyNot) {
  const io::TemporaryFolder folder;
  const Results results = score_noise({1, 2}, folder, {}, 0.5);
  ASSERT_EQ(results.blocks, 5);
  const auto& sliced = statistic(results, "all_variables", "sliced_wasserstein");
  const Interval interval = difference_interval(sliced, 0).value();
  EXPECT_LT(interval.low, sliced.members.front());
  EXPECT_GT(interval.high, sliced.members.front());
  EXPECT_LT(interval.high - interval.low, 0.2 * sliced.members.front()) << "five days of noise, all alike";
  EXPECT_EQ(sliced.no_interval, "");
  EXPECT_THAT(statistic(results, "tas", "return_level_high").no_interval, HasSubstr("days drawn anew"));
  EXPECT_THAT(scores_text(results, true), HasSubstr("no interval: "));
  EXPECT_EQ(scores_json(results).at("trajectories").at("tas").at("daily_cycle").at("no_interval"),
            "it is gathered over all hours at once, not by blocks of days");
}

TEST(Reliability, OfExchangeableMembersLiesNearTheDiagonal) {
  const io::TemporaryFolder folder;
  const Results results = score_noise({1, 2, 3, 4}, folder, {});
  const EventReliability event = results.scores.front().upper_event.value();
  // A quantile of every third of 97 hours is exceeded more often by the others: by three in 34 of them.
  EXPECT_NEAR(event.base_rate, 3.0 / 34, 0.02);
  double expected = 0;  // how often members have it
  for (std::size_t k = 0; k < event.probability.size(); ++k)
    expected += event.probability[k] * event.forecasts[k];
  EXPECT_NEAR(expected, event.base_rate, 0.02);
  EXPECT_NEAR(event.fair_brier_score.value(), event.uncertainty, 0.1 * event.uncertainty)
      << "independent noise has no skill";
}

TEST(Distances, HaveTheSameBitsOnAnyNumberOfRanks) {
  const io::TemporaryFolder folder;
  const std::string alone = scores_json(score_noise({1, 2}, folder, {})).dump();
  for (const int size : {2, 3}) {
    const Results shared = foehn::testing::on_ranks_in_turn(size, [&](const Ranks& ranks) {
      return score_noise({1, 2}, folder, ranks);
    });
    EXPECT_EQ(scores_json(shared).dump(), alone) << size << " ranks";
  }
}

}  // namespace
}  // namespace foehn::evaluation::distances_test
