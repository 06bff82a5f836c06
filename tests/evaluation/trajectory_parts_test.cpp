#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <numbers>

#include "evaluation/quantile_sketch.hpp"
#include "evaluation/spells.hpp"
#include "evaluation/temperature_indices.hpp"
#include "evaluation/temporal_spectrum.hpp"
#include "evaluation/wind_statistics.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/philox.hpp"
#include "io/test_files.hpp"

namespace foehn::evaluation::trajectory_parts_test {
namespace {

using ::testing::HasSubstr;

double value_of(const TrajectorySummary& summary, const std::string& name, std::size_t place = 0) {
  std::size_t first = 0;
  for (const TrajectoryStatistic& kind : summary.kinds()) {
    if (kind.name == name) return summary.values()[first + place];
    first += kind.size();
  }
  throw core::Error("no statistic " + name);
}

TEST(QuantileSketch, FindsQuantilesWithinAThousandthOfTheirDistanceFromTheCentre) {
  std::vector<double> values(100000);
  core::fill_normal<double>({1, 0, 0}, 0, values);
  QuantileSketch sketch(280);
  for (double& value : values) {
    value = 281 + 5 * value;
    sketch.add(value);
  }
  std::sort(values.begin(), values.end());
  for (const double level : {0.001, 0.01, 0.25, 0.5, 0.99, 0.999}) {
    const double exact = values[static_cast<std::size_t>(level * static_cast<double>(values.size() - 1))];
    EXPECT_NEAR(sketch.quantile(level), exact, 0.001 * std::abs(exact - 280) + 0.002) << level;
  }
  EXPECT_EQ(sketch.count(), 100000);
}

TEST(QuantileSketch, IsExactForOneValueAndEmptyForNone) {
  EXPECT_TRUE(std::isnan(QuantileSketch(0).quantile(0.5)));
  QuantileSketch sketch(7);
  for (int i = 0; i < 10; ++i) sketch.add(7);
  EXPECT_EQ(sketch.quantile(0.99), 7);
}

TEST(QuantileSketch, IsAsGoodInSmallUnits) {
  // Precipitation in mm h-1 and in kg m-2 s-1, dry in half of the hours.
  QuantileSketch hourly(0), by_second(0), moved(0);
  std::vector<double> noise(20000);
  core::fill_normal<double>({7, 0, 0}, 0, noise);
  for (const double value : noise) {
    const double rain = value < 0 ? 0 : std::exp(2 * value - 2);
    hourly.add(rain);
    by_second.add(rain / 3600);
    moved.add(1.1 * rain / 3600);
  }
  for (const double level : {0.25, 0.51, 0.6, 0.9, 0.999})
    EXPECT_NEAR(by_second.quantile(level) * 3600, hourly.quantile(level), 1e-3 * hourly.quantile(level))
        << level;
  double mean = 0;
  for (const double value : noise) mean += value < 0 ? 0 : std::exp(2 * value - 2) / 20000;
  EXPECT_NEAR(by_second.wasserstein_1(moved) * 3600, 0.1 * mean, 1e-3 * mean);
  EXPECT_EQ(by_second.quantile(0.4), 0);
}

TEST(QuantileSketch, KeepsItsValuesInCoarserSteps) {
  QuantileSketch fine(10), twice(10, 16);
  std::vector<double> noise(5000);
  core::fill_normal<double>({8, 0, 0}, 0, noise);
  for (const double value : noise) fine.add(10 + value);
  const QuantileSketch coarse = fine.coarser(16);
  EXPECT_EQ(coarse.count(), 5000);
  EXPECT_NEAR(coarse.quantile(0.9), fine.quantile(0.9), 0.07);
  twice.add(coarse, 2);
  EXPECT_EQ(twice.count(), 10000);
  EXPECT_EQ(twice.wasserstein_1(coarse), 0);
}

TEST(QuantileSketch, FindsManyQuantilesInOnePass) {
  QuantileSketch sketch(0), empty(0);
  for (const double value : {-1e9, -3.0, -3.0, 0.0, 1e-30, 0.7, 0.7, 2.0, 5e8, 1e300}) sketch.add(value);
  const std::vector<double> levels = {0, 0.1, 0.25, 0.4, 0.5, 0.5, 0.9, 1};
  const std::vector<double> all = sketch.quantiles(levels);
  ASSERT_EQ(all.size(), levels.size());
  for (std::size_t i = 0; i < levels.size(); ++i) EXPECT_EQ(all[i], sketch.quantile(levels[i])) << levels[i];
  EXPECT_EQ(all[3], 0) << "next to the centre";
  EXPECT_NEAR(all[1], -1e9, 1e6);
  for (const double level : empty.quantiles(levels)) EXPECT_TRUE(std::isnan(level));
}

TEST(Spells, CountsRunsThatAreLongEnough) {
  Spells any(1, 1), long_ones(1, 3);
  for (const bool holds : {true, false, true, true, true, false, false, true, true, true, true})
    for (Spells* spells : {&any, &long_ones}) spells->add(0, holds);
  for (Spells* spells : {&any, &long_ones}) spells->finish();
  EXPECT_EQ(any.count(), 3);
  EXPECT_EQ(any.steps(), 8);
  EXPECT_EQ(any.longest(), 4);
  EXPECT_EQ(long_ones.count(), 2);
  EXPECT_EQ(long_ones.steps(), 7);
}

TEST(TemporalSpectrum, IsThatOfScipyWelch) {
  std::ifstream file(FOEHN_TEST_REFERENCE "/ensemble_scores.json");
  const auto welch = nlohmann::json::parse(file).at("welch");
  TemporalSpectrum spectrum(1, welch.at("segment"));
  for (const double value : welch.at("series")) spectrum.add(std::vector{value});
  const std::vector<double> expected = welch.at("density"), frequencies = welch.at("frequencies");
  const std::vector<double> density = spectrum.density();
  ASSERT_EQ(density.size(), expected.size());
  for (std::size_t i = 0; i < density.size(); ++i) {
    EXPECT_NEAR(density[i], expected[i], 1e-10 * expected[i] + 1e-12);
    EXPECT_DOUBLE_EQ(spectrum.frequencies()[i], frequencies[i]);
  }
}

TEST(TemporalSpectrum, LeavesOutASeriesWithAGapAndAveragesTheOthers) {
  TemporalSpectrum both(2, 8), one(1, 8);
  for (int step = 0; step < 24; ++step) {
    const double value = std::cos(std::numbers::pi * step / 2);
    both.add(std::vector{std::numeric_limits<double>::quiet_NaN(), value});
    one.add(std::vector{value});
  }
  EXPECT_EQ(both.density(), one.density());
  EXPECT_TRUE(std::isnan(TemporalSpectrum(1, 8).density().front()));
}

TEST(WelchSegment, LeavesThreeSegmentsThatOverlap) {
  EXPECT_EQ(welch_segment(8736, 1), 128U);
  EXPECT_EQ(welch_segment(1460, 6), 32U);
  EXPECT_EQ(welch_segment(49, 1), 16U);
  EXPECT_EQ(welch_segment(3, 1), 8U);
}

TEST(PowerCurve, GrowsWithTheCubeOfTheHubsWind) {
  PowerCurve curve = default_power_curve();
  curve.exponent = 0;  // the hub's wind is that at 10 m
  EXPECT_EQ(curve.power(2.9), 0);
  EXPECT_EQ(curve.cut_in(), 3);
  EXPECT_DOUBLE_EQ(curve.power(8), (512.0 - 27) / (2197 - 27));
  EXPECT_EQ(curve.power(13), 1);
  EXPECT_EQ(curve.power(25), 1);
  EXPECT_EQ(curve.power(25.1), 0);
  EXPECT_DOUBLE_EQ(default_power_curve().hub_speed(5), 5 * std::pow(10.0, 1.0 / 7));
}

TEST(PowerCurve, IsReadFromAFile) {
  const io::TemporaryFolder folder;
  io::write_content(folder / "curve.csv", "speed,power\n# kW\n4,0\n12, 2000\n20;2000\n");
  const PowerCurve curve = read_power_curve(folder / "curve.csv");
  EXPECT_EQ(curve.speeds, (std::vector<double>{4, 12, 20}));
  EXPECT_EQ(curve.powers, (std::vector<double>{0, 1, 1}));
  const auto failure = [&](const std::string& content) -> std::string {
    io::write_content(folder / "bad.csv", content);
    try {
      read_power_curve(folder / "bad.csv");
    } catch (const core::Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(failure("4,0\n4,1\n"), HasSubstr("bad.csv: line 2: expected a speed above 4, found 4"));
  EXPECT_THAT(failure("4,0\nfive,1\n"),
              HasSubstr("line 2: expected a wind speed and a power that is not negative, found 'five,1'"));
  EXPECT_THAT(failure("4,1\n"), HasSubstr("expected two points or more, found 1"));
  EXPECT_THAT(failure("4,0\n5,0\n"), HasSubstr("expected a power above 0, found none"));
}

constexpr TrajectoryShape kOneCell{1, 1, 48, 1};

TEST(WindStatistics, CountCapacityAndSpells) {
  PowerCurve curve = default_power_curve();
  curve.exponent = 0;
  WindStatistics wind(curve, kOneCell);
  for (int hour = 0; hour < 48; ++hour)  // calm for 30 h, then at rated power
    wind.add({2000, 1, 1 + hour / 24, hour % 24}, std::vector{hour < 30 ? 2.0 : 14.0});
  TrajectorySummary summary;
  wind.finish(summary);
  EXPECT_DOUBLE_EQ(value_of(summary, "capacity_factor"), 18.0 / 48);
  EXPECT_DOUBLE_EQ(value_of(summary, "daily_cycle", 0), 0);
  EXPECT_DOUBLE_EQ(value_of(summary, "daily_cycle", 6), 0.5);
  EXPECT_DOUBLE_EQ(value_of(summary, "low_wind_fraction"), 30.0 / 48);
  EXPECT_DOUBLE_EQ(value_of(summary, "low_wind_spell_mean"), 30);
  EXPECT_DOUBLE_EQ(value_of(summary, "low_wind_spell_longest"), 30);
  EXPECT_DOUBLE_EQ(value_of(summary, "low_wind_spells_24h"), 1);
  // One of 47 changes over an hour is 1, the others are 0.
  EXPECT_NEAR(value_of(summary, "ramp_deviation", 0), std::sqrt(1.0 / 47 - 1.0 / 47 / 47), 1e-12);
}

TEST(TemperatureIndices, AreThoseOfWholeDays) {
  TemperatureIndices indices("tas", {1, 273.15}, {1, 1, 24 * 8, 1});
  // Eight days whose maxima are 26 degC but for the last two, and whose minima are 20, then -1 degC; and an
  // hour of a ninth, which is hotter than all.
  for (int hour = 0; hour < 24 * 8; ++hour) {
    const int day = hour / 24;
    const double low = day < 7 ? 20 : -1, high = day < 6 ? 26 : 24;
    indices.add({2000, 7, 1 + day, hour % 24}, std::vector{hour % 24 == 14 ? high : low});
  }
  indices.add({2000, 7, 9, 0}, std::vector{40.0});
  TrajectorySummary summary;
  indices.finish(summary);
  EXPECT_DOUBLE_EQ(value_of(summary, "tx_max"), 26 + 273.15);
  EXPECT_DOUBLE_EQ(value_of(summary, "tn_min"), -1 + 273.15);
  EXPECT_DOUBLE_EQ(value_of(summary, "frost_days"), 1);
  EXPECT_DOUBLE_EQ(value_of(summary, "heat_wave_index"), 6);
}

TEST(TemperatureIndices, AreMeansOverYears) {
  TemperatureIndices indices("tas", {1, 0}, {1, 2, 4, 24});  // daily data of two cells
  indices.add({2000, 12, 30}, std::vector{280.0, 290.0});
  indices.add({2000, 12, 31}, std::vector{284.0, 286.0});
  indices.add({2001, 1, 1}, std::vector{270.0, 300.0});
  TrajectorySummary summary;
  indices.finish(summary);
  EXPECT_DOUBLE_EQ(value_of(summary, "tx_max"), (284 + 290 + 270 + 300) / 4.0);
  EXPECT_DOUBLE_EQ(value_of(summary, "tn_min"), (280 + 286 + 270 + 300) / 4.0);
  EXPECT_DOUBLE_EQ(value_of(summary, "frost_days"), 0.5);
}

TEST(TemperatureIndices, DrawYearsOrSayThatTheyAreTooFew) {
  const auto indices_of = [](int years) {
    TemperatureIndices indices("tas", {1, 0}, {1, 1, years, 24});
    for (int year = 0; year < years; ++year) indices.add({2000 + year, 7, 1}, std::vector{290.0 + year});
    indices.end();
    return indices;
  };
  TrajectorySummary summary;
  const TemperatureIndices six = indices_of(6);
  ASSERT_EQ(six.years(), 6U);
  six.finish_years({0, 0, 2, 0, 0, 4}, summary);
  EXPECT_DOUBLE_EQ(value_of(summary, "tx_max"), (2 * 292 + 4 * 295) / 6.0);
  TrajectorySummary of_one;
  indices_of(1).finish_years({1}, of_one);
  EXPECT_EQ(of_one.kinds().front().no_interval, "years are drawn anew, of which there is 1; 5 are needed");
}

TEST(Ramps, AreOverWholeStepsAlone) {
  EXPECT_EQ(Ramps(1).hours(), (std::vector<double>{1, 3, 6}));
  EXPECT_EQ(Ramps(6).hours(), (std::vector<double>{6}));
  EXPECT_TRUE(Ramps(24).hours().empty());
  Ramps ramps(1);
  for (int hour = 0; hour < 20; ++hour) ramps.add(std::vector{2.0 * hour, -2.0 * hour});
  std::vector<double> sums;
  ramps.append_sums(sums);
  SumReader reader(sums);
  const std::vector<double> deviations = ramps.deviations(reader);
  // Changes of 2 h and -2 h: mean 0, deviation 2 h.
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(deviations[i], 2 * ramps.hours()[i], 1e-12);
    EXPECT_NEAR(ramps.quantiles(0.99)[i], 2 * ramps.hours()[i], 0.01 * ramps.hours()[i]);
  }
}

}  // namespace
}  // namespace foehn::evaluation::trajectory_parts_test
