#include "foehn/evaluation/climate_change.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <numbers>
#include <numeric>

#include "evaluation/cell_histograms.hpp"
#include "evaluation/ranks_in_turn.hpp"
#include "evaluation/toy_files.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/philox.hpp"
#include "foehn/evaluation/compare_climates.hpp"
#include "foehn/evaluation/report.hpp"
#include "foehn/io/netcdf.hpp"
#include "io/test_files.hpp"

namespace foehn::evaluation::climate_change_test {
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

constexpr int kDays = 729;                      // up to the last observation
constexpr double kFuture = 24.0 * 20 * 365.25;  // h after the toy's first date: the same day of 2039

/// A yearly cycle and weather that repeats after the years between the periods, another one each seed.
ToyField weather(std::uint64_t seed) {
  return [seed](double hour, std::size_t variable, std::int64_t y, std::int64_t x) {
    const auto day = static_cast<std::uint32_t>(std::fmod(hour, kFuture) / 24);
    const auto noise = core::normal_block({seed, static_cast<std::uint32_t>(variable), 0}, day,
                                          static_cast<std::uint32_t>(4 * y + x));
    return 10 * std::cos(day / 365.25 * 2 * std::numbers::pi) + 3 * noise[0];
  };
}

/// Two periods of two years of daily values on 4 x 4 cells, observed every second day as means over 2 x 2.
struct Periods {
  TemporaryFolder folder;
  ToyFile fine = {.grid = toy_grid(4, 4), .step_hours = 24, .steps = kDays};
  ToyFile coarse = {.grid = toy_grid(4, 4), .step_hours = 48, .steps = kDays / 2 + 1, .block = 2};
  SourceFiles historical, future;

  /// @param change  of the members in the future, and of the driving model
  Periods(const ToyField& change, double driving_change, int days = kDays) {
    fine.steps = days;
    coarse.steps = days / 2 + 1;
    historical = write(
        "historical", [](double, std::size_t, auto, auto) { return 0.0; }, 0);
    fine.first_hour = coarse.first_hour = kFuture;
    future = write("future", change, driving_change);
  }

  SourceFiles write(const std::string& name, const ToyField& change, double driving_change) {
    SourceFiles files;
    for (const std::uint64_t seed : {1, 2}) {
      const ToyField member = [=](double hour, std::size_t variable, std::int64_t y, std::int64_t x) {
        return weather(seed)(hour, variable, y, x) + change(hour, variable, y, x);
      };
      files.members.push_back(write_toy(folder / (name + std::to_string(seed) + ".nc"), member, fine));
    }
    files.observations = {
        write_toy(folder / (name + "_coarse.nc"), shifted(weather(1), driving_change), coarse)};
    return files;
  }

  ClimateChange compare() const {
    return compare_climates(open_sources(historical), open_sources(future), {});
  }
};

ToyField constant(double value) {
  return [value](double, std::size_t, std::int64_t, std::int64_t) { return value; };
}

const StatisticChange& find(const ClimateChange& change, ClimateStatistic statistic, Season season) {
  const auto found = std::find_if(
      change.changes.begin(), change.changes.end(),
      [&](const StatisticChange& each) { return each.statistic == statistic && each.season == season; });
  EXPECT_NE(found, change.changes.end());
  return *found;
}

// Float32 of values around 20.
constexpr double kRounding = 1e-5;

TEST(ClimateChange, RecoversAKnownShift) {
  const ClimateChange change = Periods(constant(3), 2).compare();
  ASSERT_EQ(change.changes.size(), kSeasons.size() * kClimateStatistics.size());
  for (const StatisticChange& each : change.changes) {
    EXPECT_THAT(each.members, Each(::testing::DoubleNear(3, kRounding)));
    EXPECT_NEAR(each.mean, 3, kRounding);
    EXPECT_THAT(each.block_average, Each(::testing::DoubleNear(3, kRounding)));
    EXPECT_THAT(each.block_means, Each(::testing::DoubleNear(3, kRounding)));
    EXPECT_THAT(each.driving_model, Each(::testing::DoubleNear(2, kRounding)));
    const auto distance = difference(each.block_average, each.driving_model);
    ASSERT_TRUE(distance);
    EXPECT_NEAR(distance->mean, 1, kRounding);
    EXPECT_NEAR(distance->rms, 1, kRounding);
  }
  EXPECT_EQ(change.historical.members, 2);
  EXPECT_EQ(change.historical.hours, kDays);
  EXPECT_FALSE(uneven_cover(change.historical, change.future));
}

TEST(ClimateChange, TellsSeasonsApart) {
  const ToyField warmer_summers = [](double hour, std::size_t, std::int64_t, std::int64_t) {
    const auto date =
        calendar::from_seconds(calendar::to_seconds({2019, 3, 26, 0, 0, 0}, calendar::Calendar::standard) +
                                   static_cast<std::int64_t>(3600 * hour),
                               calendar::Calendar::standard);
    return date.month >= 6 && date.month <= 8 ? 4.0 : 0.0;
  };
  const ClimateChange change = Periods(warmer_summers, 0).compare();
  using enum ClimateStatistic;
  for (const ClimateStatistic statistic : kClimateStatistics) {
    EXPECT_NEAR(find(change, statistic, Season::jja).mean, 4, kRounding);
    for (const Season season : {Season::djf, Season::mam, Season::son})
      EXPECT_NEAR(find(change, statistic, season).mean, 0, kRounding);
  }
  EXPECT_NEAR(find(change, mean, Season::year).mean, 4 * 184.0 / kDays, kRounding);
}

/// The highest and lowest of each calendar year, not of all of them.
TEST(ClimateChange, TakesExtremesYearByYear) {
  const ToyField one_hot_day = [](double hour, std::size_t, std::int64_t, std::int64_t) {
    return hour == kFuture + 24 * 100 ? 60.0 : 0.0;
  };
  Periods periods(one_hot_day, 0);
  const auto yearly = [](const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  };
  // Calendar years of 281, 366 and 82 days from 26 March 2019; 20 years later the same.
  std::vector<double> before(3, -1e9), after(3, -1e9);
  for (int day = 0; day < kDays; ++day) {
    const std::size_t year = day < 281 ? 0 : day < 281 + 366 ? 1 : 2;
    const double value = weather(1)(24.0 * day, 0, 0, 0);
    before[year] = std::max(before[year], value);
    after[year] = std::max(after[year], value + (day == 100 ? 60 : 0));
  }
  periods.historical.members.pop_back();
  periods.future.members.pop_back();
  EXPECT_NEAR(find(periods.compare(), ClimateStatistic::maximum, Season::year).members.front(),
              yearly(after) - yearly(before), kRounding);
}

TEST(ClimateChange, ComparesWithWhatIsObserved) {
  Periods periods(constant(3), 2);
  // A cell that is never observed, in the second coarse column.
  periods.coarse.first_hour = kFuture;
  const ToyField gaps = [](double hour, std::size_t variable, std::int64_t y, std::int64_t x) {
    return x >= 2 && y < 2 ? std::nan("") : weather(1)(hour, variable, y, x) + 2;
  };
  periods.future.observations = {write_toy(periods.folder / "gaps.nc", gaps, periods.coarse)};
  const ClimateChange change = periods.compare();
  const StatisticChange& mean = find(change, ClimateStatistic::mean, Season::year);
  EXPECT_TRUE(std::isnan(mean.driving_model[1]));
  EXPECT_TRUE(std::isnan(mean.block_means[1]));
  EXPECT_NEAR(mean.block_average[1], 3, kRounding);
  EXPECT_NEAR(difference(mean.block_means, mean.driving_model)->rms, 1, kRounding);
}

TEST(ClimateChange, GivesTheSameBitsOnAnyNumberOfRanks) {
  const Periods periods(constant(3), 2);
  const Sources historical = open_sources(periods.historical), future = open_sources(periods.future);
  const ClimateChange alone = compare_climates(historical, future, {});
  for (const int size : {2, 3, 7}) {
    const ClimateChange shared = on_ranks_in_turn(
        size, [&](const Ranks& ranks) { return compare_climates(historical, future, {}, ranks); });
    ASSERT_EQ(shared.changes.size(), alone.changes.size());
    for (std::size_t i = 0; i < alone.changes.size(); ++i) {
      EXPECT_EQ(shared.changes[i].members, alone.changes[i].members) << size << " ranks";
      EXPECT_EQ(shared.changes[i].driving_model, alone.changes[i].driving_model) << size << " ranks";
    }
  }
}

TEST(ClimateChange, StandsInScoresTableAndMaps) {
  const Periods periods(constant(3), 2);
  const Sources future = open_sources(periods.future);
  Results results = verify(future, {});
  results.climate_change = periods.compare();
  const auto tas = scores_json(results).at("climate_change").at("variables").at("tas");
  EXPECT_NEAR(tas.at("quantile_99").at("djf").at("members").get<double>(), 3, kRounding);
  EXPECT_NEAR(tas.at("mean").at("year").at("block_means_minus_driving_model").at("rms").get<double>(), 1,
              kRounding);
  EXPECT_THAT(scores_text(results, false), AllOf(HasSubstr("climate-change signal"), HasSubstr("(TXx) [K]"),
                                                 HasSubstr("2019-03-26"), HasSubstr("2039-03-26")));
  EXPECT_THAT(scores_text(results, true), HasSubstr("[K], jja"));
  write_maps_netcdf(periods.folder / "", results);
  const auto first_of = [&](const char* file, const char* name) {
    const io::NetcdfFile maps = io::NetcdfFile::open(periods.folder / file);
    const auto values = maps.read_doubles(maps.variable(name));
    EXPECT_EQ(values.size(),
              maps.variable(name).dimensions[1].size * 5U * maps.variable(name).dimensions[2].size);
    return values.front();
  };
  EXPECT_NEAR(first_of("maps.nc", "tas_maximum_change"), 3, kRounding);
  EXPECT_NEAR(first_of("coarse_maps.nc", "tas_mean_change_driving_model"), 2, kRounding);
}

TEST(ClimateChange, SaysThatPeriodsCoverTheYearUnlike) {
  ClimatePeriod january, year;
  january.month_parts[0] = 1;
  year.month_parts.fill(1.0 / 12);
  const auto text = uneven_cover(january, year);
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, AllOf(HasSubstr("month 1"), HasSubstr("100 %"), HasSubstr("8 %")));
}

/// What is refused of the historical period, and what the message says of it.
struct Unlike {
  const char* name;
  std::function<void(Periods&)> spoil;
  const char* words;
};

class UnlikePeriods : public ::testing::TestWithParam<Unlike> {};

TEST_P(UnlikePeriods, AreRefused) {
  Periods periods(constant(3), 2, 21);
  periods.fine.first_hour = periods.coarse.first_hour = 0;
  GetParam().spoil(periods);
  const Sources historical = open_sources(periods.historical), future = open_sources(periods.future);
  try {
    check_periods(historical, periods.historical, future, periods.future);
    FAIL() << "expected an error";
  } catch (const core::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(GetParam().words));
  }
}

void rewrite(Periods& periods) {
  periods.historical = periods.write("other", constant(0), 0);
}

INSTANTIATE_TEST_SUITE_P(
    ClimateChange, UnlikePeriods,
    ::testing::Values(
        Unlike{"SamePeriod", [](Periods& p) { p.historical = p.future; }, "does not end before"},
        Unlike{"Order", [](Periods& p) { std::swap(p.historical, p.future); }, "does not end before"},
        Unlike{"Variables",
               [](Periods& p) {
                 p.fine.variables = p.coarse.variables = {{"tas", "air_temperature_anomaly", "degC"}};
                 rewrite(p);
               },
               "tas [degC]; expected tas [K]"},
        Unlike{"Grid",
               [](Periods& p) {
                 p.fine.grid = p.coarse.grid = toy_grid(4, 6);
                 rewrite(p);
               },
               "grid: lon"},
        Unlike{"Blocks",
               [](Periods& p) {
                 p.coarse.block = 4;
                 rewrite(p);
               },
               "blocks of 4 x 4 cells, expected 2 x 2"},
        Unlike{"Calendar",
               [](Periods& p) {
                 p.fine.calendar = p.coarse.calendar = calendar::Calendar::day_360;
                 rewrite(p);
               },
               "calendar: 360_day"},
        Unlike{"Step",
               [](Periods& p) {
                 p.fine.step_hours = 12;
                 p.fine.steps = 41;
                 rewrite(p);
               },
               "step: 12 h, expected 24 h"},
        Unlike{"Observations",
               [](Periods& p) {
                 p.coarse.step_hours = 24;
                 p.coarse.steps = 21;
                 rewrite(p);
               },
               "tas every 24 h; expected tas every 48 h"},
        Unlike{"Prior",
               [](Periods& p) {
                 p.fine.attributes["foehn_prior_digest"] = std::string("another");
                 rewrite(p);
               },
               "another prior"}),
    [](const auto& instance) { return std::string(instance.param.name); });

TEST(CellHistograms, GiveQuantilesOfAnyDistribution) {
  CellHistograms histograms(3);
  std::vector<std::vector<double>> values(3);
  for (std::uint32_t i = 0; i < 5000; ++i) {
    const auto noise = core::normal_block({7, 0, 0}, i, 0);
    values[0].push_back(280 + 5 * noise[0]);
    values[1].push_back(std::exp(noise[1]));
    values[2].push_back(1e-6 * noise[2]);
  }
  for (std::size_t cell = 0; cell < 3; ++cell)
    for (const double value : values[cell]) histograms.add(cell, value);
  histograms.finish();
  const std::array all{static_cast<const CellHistograms*>(&histograms)};
  for (std::size_t cell = 0; cell < 3; ++cell) {
    std::sort(values[cell].begin(), values[cell].end());
    const double bin = (values[cell].back() - values[cell].front()) / 64;
    for (const double level : {0.01, 0.5, 0.99})
      EXPECT_NEAR(CellHistograms::quantile(all, cell, level),
                  values[cell][static_cast<std::size_t>(level * 5000)], bin);
  }
}

TEST(CellHistograms, KnowConstantsAndTheEmpty) {
  CellHistograms histograms(2);
  for (int i = 0; i < 5; ++i) histograms.add(0, 3.25);
  histograms.finish();
  const std::array all{static_cast<const CellHistograms*>(&histograms)};
  EXPECT_EQ(CellHistograms::quantile(all, 0, 0.5), 3.25);
  EXPECT_TRUE(std::isnan(CellHistograms::quantile(all, 1, 0.5)));
}

/// Values of one range after those of another: the bins widen, and lose none.
TEST(CellHistograms, WidenOnBothSides) {
  CellHistograms histograms(1);
  for (const double value : {1.0, 1.001, 500.0, -2000.0, 1.0, 1.0}) histograms.add(0, value);
  histograms.finish();
  const std::array all{static_cast<const CellHistograms*>(&histograms)};
  EXPECT_EQ(histograms.count(0), 6);
  EXPECT_NEAR(CellHistograms::quantile(all, 0, 0.5), 1, 2500.0 / 64);
  EXPECT_LT(CellHistograms::quantile(all, 0, 0.1), -1900);
  EXPECT_GT(CellHistograms::quantile(all, 0, 0.99), 450);
}

}  // namespace
}  // namespace foehn::evaluation::climate_change_test
