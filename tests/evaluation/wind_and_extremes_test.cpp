#include <gmock/gmock.h>

#include <cmath>
#include <numbers>

#include "evaluation/central_differences.hpp"
#include "evaluation/daily_statistics.hpp"
#include "evaluation/precipitation_statistics.hpp"
#include "evaluation/storm_tracks.hpp"
#include "evaluation/storms.hpp"
#include "evaluation/wind_and_pressure.hpp"
#include "foehn/core/error.hpp"
#include "foehn/grid/rotation.hpp"

namespace foehn::evaluation::wind_and_extremes_test {
namespace {

using grid::kRadians;

double value_in(const TrajectorySummary& summary, const std::string& name, std::size_t place = 0) {
  std::size_t first = 0;
  for (const TrajectoryStatistic& kind : summary.kinds()) {
    if (kind.name == name) return summary.values()[first + place];
    first += kind.size();
  }
  throw core::Error("no statistic " + name);
}

/// One degree apart.
grid::Grid degrees_grid(double first_latitude, std::int64_t ny, std::int64_t nx, double step = 1) {
  grid::Grid grid{{"lat", "latitude", "degrees_north", {}}, {"lon", "longitude", "degrees_east", {}}, {}};
  for (std::int64_t y = 0; y < ny; ++y)
    grid.y.values.push_back(first_latitude + step * static_cast<double>(y));
  for (std::int64_t x = 0; x < nx; ++x) grid.x.values.push_back(step * static_cast<double>(x));
  return grid;
}

TEST(CentralDifferences, OfSolidRotationHaveItsCurlAndNoDivergence) {
  // u = U cos(latitude): curl 2 U sin(latitude)/R; v = U cos(latitude): divergence -2 U sin(latitude)/R.
  constexpr double kSpeed = 20, kRadius = 6371e3;
  for (const double first : {40.0, -60.0}) {
    const grid::Grid grid = degrees_grid(first, 12, 9);
    const CentralDifferences differences(grid);
    EXPECT_EQ(differences.cells().size(), 70U);
    std::vector<double> u, zero(108, 0);
    for (const double latitude : grid.y.values) u.insert(u.end(), 9, kSpeed * std::cos(latitude * kRadians));
    for (const std::size_t cell : differences.cells()) {
      const double expected = 2 * kSpeed * std::sin(grid.y.values[cell / 9] * kRadians) / kRadius;
      EXPECT_NEAR(differences.curl(u, zero, cell), expected, 1e-4 * std::abs(expected));
      EXPECT_NEAR(differences.divergence(u, zero, cell), 0, 1e-12);
      EXPECT_NEAR(differences.divergence(zero, u, cell), -expected, 1e-4 * std::abs(expected));
      EXPECT_NEAR(differences.curl(zero, u, cell), 0, 1e-12);
    }
  }
}

TEST(CentralDifferences, DoNotDependOnTheDirectionOfAxesNorOnTheDateLine) {
  grid::Grid grid = degrees_grid(45, 3, 3), flipped = grid;
  std::reverse(flipped.y.values.begin(), flipped.y.values.end());
  flipped.x.values = {179.5, -179.5, -178.5};
  const std::vector<double> u = {1, 2, 4, 3, 5, 6, 9, 7, 8}, v = {2, 1, 0, 4, 4, 7, 1, 3, 9};
  const auto turned = [](const std::vector<double>& field) {
    return std::vector<double>{field[6], field[7], field[8], field[3], field[4],
                               field[5], field[0], field[1], field[2]};
  };
  const CentralDifferences one(grid), other(flipped);
  EXPECT_NEAR(other.curl(turned(u), turned(v), 4), one.curl(u, v, 4), 1e-12);
  EXPECT_NEAR(other.divergence(turned(u), turned(v), 4), one.divergence(u, v, 4), 1e-12);
}

TEST(GridWind, IsAlongARotatedGridWhicheverTheVariablesAre) {
  grid::Grid grid = degrees_grid(-1, 3, 4);
  grid.rotated_pole = grid::RotatedPole{39.25, -162, 0};
  const std::vector<float> along_u(12, 3.0F), along_v(12, -4.0F);
  std::vector<float> east = along_u, north = along_v;
  grid::rotate_winds_to_geographic(grid::grid_angles(grid), east, north);
  std::vector<double> fields(east.begin(), east.end());
  fields.insert(fields.end(), north.begin(), north.end());
  const auto wind =
      GridWind::among({{"uas", "eastward_wind", "m s-1"}, {"vas", "northward_wind", "m s-1"}}, grid);
  const GridWind::Components found = wind.value().values(fields, 12);
  for (std::size_t cell = 0; cell < 12; ++cell) {
    EXPECT_NEAR(found.u[cell], 3, 1e-5);
    EXPECT_NEAR(found.v[cell], -4, 1e-5);
  }
  EXPECT_FALSE(GridWind::among({{"sfcWind", "wind_speed", "m s-1"}}, grid));
}

/// Pressure that rises by 1e-3 Pa/m to the north and 5e-4 Pa/m to the east, and its geostrophic wind, slowed
/// and turned towards low pressure by so many degrees.
TrajectorySummary consistency(double first_latitude, double slowed, double turned) {
  const grid::Grid grid = degrees_grid(first_latitude, 6, 7, 0.25);
  GeostrophicConsistency consistency(grid);
  std::vector<double> pressure;
  GridWind::Components wind;
  for (const double latitude : grid.y.values)
    for (const double longitude : grid.x.values) {
      const double radius = 6371e3, cosine = std::cos(latitude * kRadians);
      pressure.push_back(1e5 + 1e-3 * radius * latitude * kRadians + 5e-4 * radius * longitude * kRadians);
      const double f = 1.4584e-4 * std::sin(latitude * kRadians);
      const double u = -1e-3 / (1.2 * f), v = 5e-4 / cosine / (1.2 * f);
      const double angle = (f > 0 ? turned : -turned) * kRadians;
      wind.u.push_back(slowed * (u * std::cos(angle) - v * std::sin(angle)));
      wind.v.push_back(slowed * (u * std::sin(angle) + v * std::cos(angle)));
    }
  consistency.add(pressure, wind);
  TrajectorySummary summary;
  consistency.finish(summary);
  return summary;
}

TEST(GeostrophicConsistency, FindsHowFrictionSlowsAndTurnsTheWindInBothHemispheres) {
  for (const double latitude : {50.0, -40.0}) {
    const TrajectorySummary summary = consistency(latitude, 0.6, 30);
    EXPECT_NEAR(value_in(summary, "geostrophic_correlation"), 1, 1e-9);
    EXPECT_NEAR(value_in(summary, "geostrophic_ratio"), 0.6, 1e-9);
    EXPECT_NEAR(value_in(summary, "geostrophic_angle"), 30, 1e-6);
  }
  EXPECT_TRUE(std::isnan(value_in(consistency(-1, 0.6, 30), "geostrophic_correlation"))) << "at the equator";
}

constexpr double kCalm = 5;

/// A low of some depth in a cell of 9 x 9, with a wind of 30 m s-1 so many columns to its east.
void add_low(Storms& storms, std::int64_t hour, std::size_t y, std::size_t x, double depth,
             std::size_t east) {
  std::vector<double> pressure(81, 101000), speed(81, kCalm);
  pressure[9 * y + x] -= depth;
  speed[9 * y + x + east] = 30;
  storms.add(hour, pressure, speed);
}

TEST(Storms, AreTheDeepestLowsTwoDaysApart) {
  const grid::Grid grid = degrees_grid(46, 9, 9);
  Storms storms(grid, {9, 9, 60 * 24, 1});  // two of sixty days
  add_low(storms, 100, 4, 4, 1000, 1);
  add_low(storms, 110, 4, 3, 3000, 2);  // the same one, deeper
  add_low(storms, 130, 4, 4, 2000, 1);  // filling
  add_low(storms, 400, 4, 4, 500, 1);
  add_low(storms, 700, 4, 4, 2000, 3);
  add_low(storms, 900, 0, 4, 9000, 1);  // on the border
  TrajectorySummary summary;
  storms.finish(summary);
  EXPECT_DOUBLE_EQ(value_in(summary, "pressure"), 101000 - 2500);
  EXPECT_DOUBLE_EQ(value_in(summary, "deepest_pressure"), 98000);
  EXPECT_DOUBLE_EQ(value_in(summary, "wind"), 30);
  // Along the parallel of 50 degrees, by the haversine formula.
  const auto along = [](double degrees) {
    return 2 * 6371 * std::asin(std::cos(50 * kRadians) * std::sin(degrees / 2 * kRadians));
  };
  EXPECT_NEAR(value_in(summary, "wind_distance"), (along(2) + along(3)) / 2, 1e-9);
}

TEST(Storms, LookForWindWithin500KilometresAlone) {
  Storms storms(degrees_grid(0, 9, 9, 2), {9, 9, 24, 1});
  add_low(storms, 1, 4, 3, 1000, 4);  // eight degrees away
  TrajectorySummary summary;
  storms.finish(summary);
  EXPECT_DOUBLE_EQ(value_in(summary, "wind"), kCalm);
  Storms none(degrees_grid(0, 9, 9), {9, 9, 24, 1});
  TrajectorySummary empty;
  none.finish(empty);
  EXPECT_TRUE(std::isnan(value_in(empty, "pressure")));
}

/// Pressure with a low of this depth and a radius of two cells around a cell of 15 x 25, one degree apart.
std::vector<double> with_low(double y, double x, double depth) {
  std::vector<double> pressure;
  for (int row = 0; row < 15; ++row)
    for (int column = 0; column < 25; ++column)
      pressure.push_back(101000 - depth * std::exp(-(std::pow(row - y, 2) + std::pow(column - x, 2)) / 8));
  return pressure;
}

TEST(StormTracks, FollowALowThatMovesAndDeepens) {
  StormTracks tracks(degrees_grid(43, 15, 25), {15, 25, 720, 3});
  std::vector<double> calm(15 * 25, 101000);
  for (int step = 0; step < 20; ++step) tracks.add(with_low(7, 4 + step / 2, 1000 + 100 * step));
  for (int step = 0; step < 219; ++step) tracks.add(calm);
  tracks.add(calm);
  TrajectorySummary summary;
  tracks.finish(summary);
  EXPECT_DOUBLE_EQ(value_in(summary, "number"), 1);  // in 240 steps of 3 h, which are 30 days
  EXPECT_DOUBLE_EQ(value_in(summary, "duration"), 57);
  // Nine degrees along the parallel of 50 degrees, one at a time.
  const double step = 2 * 6371 * std::asin(std::cos(50 * kRadians) * std::sin(0.5 * kRadians));
  EXPECT_NEAR(value_in(summary, "speed"), 9 * step / 57, 1e-6);
  EXPECT_NEAR(value_in(summary, "lowest_pressure"), 101000 - 2900, 1);
  EXPECT_NEAR(value_in(summary, "deepening"), 800, 1);
}

TEST(StormTracks, KeepTwoLowsApartAndLeaveOutShortAndShallowOnes) {
  StormTracks tracks(degrees_grid(43, 15, 25), {15, 25, 720, 6});
  const auto both = [](int step, double second_depth) {
    std::vector<double> pressure = with_low(7, 3 + step, 2000);
    const std::vector<double> other = with_low(7, 21 - step, second_depth);
    for (std::size_t cell = 0; cell < pressure.size(); ++cell) pressure[cell] += other[cell] - 101000;
    return pressure;
  };
  for (int step = 0; step < 6; ++step) tracks.add(both(step, 1500));
  tracks.add(std::vector<double>(15 * 25, std::nan("")));                  // ends both, after 30 h
  for (int step = 0; step < 4; ++step) tracks.add(with_low(7, 10, 2000));  // 18 h
  tracks.add(std::vector<double>(15 * 25, 101000));
  for (int step = 0; step < 6; ++step) tracks.add(with_low(7, 10, 50));
  std::vector<double> sums;
  tracks.end();
  tracks.append_sums(sums);
  EXPECT_EQ(sums[1], 2) << "tracks";
  EXPECT_EQ(sums[2], 60) << "hours";
}

TEST(StormTracks, DoNotJoinWhatIsTooFarApart) {
  StormTracks tracks(degrees_grid(43, 15, 25), {15, 25, 720, 3});
  for (int step = 0; step < 16; ++step) tracks.add(with_low(7, step < 8 ? 4 : 20, 2000));
  TrajectorySummary summary;
  tracks.finish(summary);
  EXPECT_EQ(value_in(summary, "number"), 0) << "two of 21 h each";
  EXPECT_TRUE(std::isnan(value_in(summary, "speed")));
}

TEST(PrecipitationStatistics, CountDryHoursAndWetSpells) {
  const auto to_millimetres = to_millimetres_per_hour({"pr", "precipitation_flux", "kg m-2 s-1"});
  EXPECT_DOUBLE_EQ(to_millimetres.value().scale, 3600);
  EXPECT_DOUBLE_EQ(to_millimetres_per_hour({"p", "lwe_precipitation_rate", "m s-1"}).value().scale, 3.6e6);
  EXPECT_FALSE(to_millimetres_per_hour({"tas", "air_temperature", "K"}));
  PrecipitationStatistics rain("pr", *to_millimetres, {1, 1, 10, 1});
  for (const double millimetres : {0.0, 0.05, 1.0, 3.0, 0.0, 0.0, 0.0, 2.0, 0.099, 0.0})
    rain.add(std::vector{millimetres / 3600});
  TrajectorySummary summary;
  rain.finish(summary);
  EXPECT_DOUBLE_EQ(value_in(summary, "dry_hour_fraction"), 0.7);
  EXPECT_DOUBLE_EQ(value_in(summary, "wet_intensity"), 2);
  EXPECT_DOUBLE_EQ(value_in(summary, "wet_spell_mean"), 1.5);
  EXPECT_DOUBLE_EQ(value_in(summary, "wet_spell_longest"), 2);
  EXPECT_DOUBLE_EQ(value_in(summary, "dry_spell_longest"), 3);
}

TEST(DailyStatistics, CountSpellsAboveTheLocalQuantile) {
  LocalClimate climate;
  for (LocalTails& season : climate.seasons)
    season.high_days = {100, 10};  // of another variable, and of this
  DailyStatistics daily("tas", "K", {1, 1, 24 * 20, 12}, 1, &climate);
  // Spells of 1, 3 and 6 days; each day has two steps around its mean.
  const std::string days = "H..HHH..HHHHHH......";
  for (std::size_t day = 0; day < days.size(); ++day)
    for (const int half : {0, 1})
      daily.add({2001, 7, 1 + static_cast<int>(day), 12 * half},
                std::vector{(days[day] == 'H' ? 11.0 : 9.0) + (half == 0 ? -5 : 5)});
  TrajectorySummary summary;
  daily.finish(summary);
  const std::vector<double> spells = {3, 2, 1, 0};  // of 1, 3, 5 and 7 days or more
  for (std::size_t i = 0; i < spells.size(); ++i)
    EXPECT_DOUBLE_EQ(value_in(summary, "high_spells", i), spells[i] * 365.25 / 20);
}

TEST(DailyStatistics, GiveReturnLevelsOfDailyExtremes) {
  // Maxima of a day are even numbers 0, 2, ..., 198 in some order, minima lie 10 below.
  DailyStatistics daily("tas", "K", {1, 2, 100, 24}, 0, nullptr);
  for (int day = 0; day < 100; ++day) {
    const double value = 2 * ((37 * day) % 100);
    daily.add({2001, 1 + day / 25, 1 + day % 25}, std::vector{value, value + 1});
  }
  TrajectorySummary summary;
  daily.finish(summary);
  EXPECT_NEAR(value_in(summary, "return_level_high", 0), 180.5, 2);  // passed once in 10 days
  EXPECT_NEAR(value_in(summary, "return_level_low", 0), 20.5, 2);
  EXPECT_NEAR(value_in(summary, "return_level_high", 2), 198.5, 2);
  EXPECT_TRUE(std::isnan(value_in(summary, "return_level_high", 3))) << "there is no year of days";
  EXPECT_THROW(value_in(summary, "high_spells"), core::Error) << "the climate is not known";
}

TEST(DailyStatistics, TakeWholeDaysAlone) {
  DailyStatistics daily("tas", "K", {1, 1, 25, 1}, 0, nullptr);
  for (int hour = 0; hour < 24 * 10; ++hour)
    daily.add({2001, 1, 1 + hour / 24, hour % 24}, std::vector{static_cast<double>(hour / 24)});
  daily.add({2001, 1, 11, 0}, std::vector{1000.0});
  TrajectorySummary summary;
  daily.finish(summary);
  EXPECT_LT(value_in(summary, "return_level_high", 0), 10);
}

}  // namespace
}  // namespace foehn::evaluation::wind_and_extremes_test
