#include "foehn/model/synthetic_climate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "foehn/core/error.hpp"

namespace foehn::model::synthetic_climate_test {
namespace {

using Climate = SyntheticClimate;

/// A small, short-lived climate, of which many independent pieces are cheap to draw.
SyntheticClimateOptions small_options() {
  SyntheticClimateOptions options;
  options.ny = 9;
  options.nx = 12;
  options.pressure = {300, 2.5, 120, 4};
  options.local_temperature = {1.5, 1, 60, 3};
  options.temperature_gradient_per_1000_km = -40;
  return options;
}

std::vector<float> draw(const SyntheticClimateOptions& options, std::int64_t hours,
                        std::int64_t chunk_hours) {
  Climate climate(options);
  const std::int64_t hour_size = Climate::kVariables * options.ny * options.nx;
  std::vector<float> values(static_cast<std::size_t>(hours * hour_size));
  for (std::int64_t hour = 0; hour < hours; hour += chunk_hours) {
    const std::int64_t count = std::min(chunk_hours, hours - hour);
    climate.draw(std::span(values).subspan(hour * hour_size, count * hour_size));
  }
  return values;
}

TEST(SyntheticClimate, IsReproducibleBySeed) {
  SyntheticClimateOptions options = small_options();
  const std::vector<float> once = draw(options, 5, 5);
  EXPECT_EQ(once, draw(options, 5, 5));
  options.seed = 1;
  EXPECT_NE(once, draw(options, 5, 5));
}

TEST(SyntheticClimate, DoesNotDependOnTheLengthOfAChunk) {
  const std::vector<float> whole = draw(small_options(), 7, 7);
  EXPECT_EQ(whole, draw(small_options(), 7, 1));
  EXPECT_EQ(whole, draw(small_options(), 7, 3));
}

TEST(SyntheticClimate, KeepsTheLandForEverySeed) {
  SyntheticClimateOptions options = small_options();
  const std::vector<double> mean = Climate(options).mean(3);
  options.seed = 99;
  EXPECT_EQ(mean, Climate(options).mean(3));
}

struct Pair {
  Climate::Variable first, second;
  std::int64_t lag_hours, dy, dx;
};

/// Mean over seeds, and its standard error, of the product of two anomalies averaged over all cells that the
/// offset leaves inside, between hours `start` and `start + lag`.
struct Estimate {
  double mean = 0, error = 0;
};
std::vector<Estimate> estimate(const std::vector<Pair>& pairs, std::int64_t start, std::int64_t seeds) {
  SyntheticClimateOptions options = small_options();
  const std::int64_t ny = options.ny, nx = options.nx, cells = ny * nx;
  std::vector<double> sum(pairs.size()), sum_of_squares(pairs.size());
  const std::int64_t hours = start + 4;
  for (std::int64_t seed = 0; seed < seeds; ++seed) {
    options.seed = static_cast<std::uint64_t>(seed);
    const std::vector<float> values = draw(options, hours, hours);
    const Climate climate(options);
    std::vector<std::vector<double>> means;
    for (std::int64_t hour = 0; hour < hours; ++hour) means.push_back(climate.mean(hour));
    const auto anomaly = [&](std::int64_t hour, Climate::Variable variable, std::int64_t y, std::int64_t x) {
      const std::int64_t index = variable * cells + y * nx + x;
      return values[hour * Climate::kVariables * cells + index] - means[hour][index];
    };
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      const Pair& pair = pairs[i];
      double total = 0;
      std::int64_t count = 0;
      for (std::int64_t y = std::max<std::int64_t>(0, -pair.dy); y < ny - std::max<std::int64_t>(0, pair.dy);
           ++y) {
        for (std::int64_t x = std::max<std::int64_t>(0, -pair.dx);
             x < nx - std::max<std::int64_t>(0, pair.dx); ++x) {
          total += anomaly(start, pair.first, y, x) *
                   anomaly(start + pair.lag_hours, pair.second, y + pair.dy, x + pair.dx);
          ++count;
        }
      }
      const double product = total / static_cast<double>(count);
      sum[i] += product;
      sum_of_squares[i] += product * product;
    }
  }
  std::vector<Estimate> estimates(pairs.size());
  const auto n = static_cast<double>(seeds);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    estimates[i].mean = sum[i] / n;
    estimates[i].error = std::sqrt((sum_of_squares[i] / n - estimates[i].mean * estimates[i].mean) / (n - 1));
  }
  return estimates;
}

void expect_known_covariances(std::int64_t start) {
  const std::vector<Pair> pairs = {
      {Climate::psl, Climate::psl, 0, 0, 0},  {Climate::tas, Climate::tas, 0, 0, 0},
      {Climate::uas, Climate::uas, 0, 0, 0},  {Climate::vas, Climate::vas, 0, 0, 0},
      {Climate::psl, Climate::psl, 2, 1, 3},  {Climate::tas, Climate::tas, 3, 0, 2},
      {Climate::tas, Climate::tas, 1, -2, 0}, {Climate::psl, Climate::tas, 0, 0, 4},
      {Climate::psl, Climate::tas, 2, 0, -2}, {Climate::vas, Climate::tas, 3, 0, 2},
      {Climate::tas, Climate::vas, 1, 1, -1}, {Climate::psl, Climate::uas, 0, 3, 0},
      {Climate::psl, Climate::vas, 1, 0, 3},  {Climate::uas, Climate::vas, 0, 2, 2},
  };
  const Climate climate(small_options());
  const std::vector<Estimate> found = estimate(pairs, start, 500);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const Pair& pair = pairs[i];
    const double expected = climate.covariance(pair.first, pair.second, pair.lag_hours).at(pair.dy, pair.dx);
    const double scale = climate.standard_deviation(pair.first) * climate.standard_deviation(pair.second);
    SCOPED_TRACE("pair " + std::to_string(i) + " from hour " + std::to_string(start));
    EXPECT_LT(found[i].error, 0.06 * scale);
    EXPECT_GT(std::abs(expected), 0.08 * scale) << "too small to be told from nothing";
    EXPECT_NEAR(found[i].mean, expected, 4 * found[i].error);
  }
}

TEST(SyntheticClimate, HasItsKnownCovarianceFromTheFirstHour) {
  expect_known_covariances(0);
}

TEST(SyntheticClimate, KeepsItsKnownCovariance) {
  expect_known_covariances(9);
}

TEST(SyntheticClimate, HasTheVarianceOfGradientsOfAMaternField) {
  SyntheticClimateOptions options = small_options();
  options.pressure.length_km = 400;  // many cells, so that what the grid leaves out does not count
  const Climate climate(options);
  const double density_coriolis = 1.2 * 2 * 7.2921e-5 * std::sin(54 * std::numbers::pi / 180);
  // Second derivative at 0 of s^2 (1 + z + z^2 / 3) exp(-z), z = sqrt(5) r / l: -5 s^2 / (3 l^2).
  const double expected = 300 * std::sqrt(5.0 / 3) / 400e3 / density_coriolis;
  EXPECT_NEAR(climate.standard_deviation(Climate::uas), expected, 0.02 * expected);
  EXPECT_NEAR(climate.standard_deviation(Climate::vas), expected, 0.02 * expected);
  EXPECT_NEAR(climate.standard_deviation(Climate::psl), 300, 1e-9);
}

TEST(SyntheticClimate, HasGeostrophicWinds) {
  SyntheticClimateOptions options = small_options();
  options.pressure.length_km = 500;
  options.pressure.smoothness = 4.5;  // so that a difference over two cells is close to the derivative
  const std::int64_t ny = options.ny, nx = options.nx, cells = ny * nx;
  const std::vector<float> values = draw(options, 3, 3);
  const float* hour = values.data() + 2 * Climate::kVariables * cells;
  const double radians = std::numbers::pi / 180;
  const double dy = options.spacing_degrees * radians * 6.371e6, dx = dy * std::cos(54 * radians);
  const double density_coriolis = 1.2 * 2 * 7.2921e-5 * std::sin(54 * radians);
  const double sd = Climate(options).standard_deviation(Climate::uas);
  for (std::int64_t y = 1; y + 1 < ny; ++y) {
    for (std::int64_t x = 1; x + 1 < nx; ++x) {
      const float* p = hour + y * nx + x;
      const double u = -(p[nx] - p[-nx]) / (2 * dy * density_coriolis);
      const double v = (p[1] - p[-1]) / (2 * dx * density_coriolis);
      EXPECT_NEAR(p[2 * cells], u, 0.05 * sd);
      EXPECT_NEAR(p[3 * cells], v, 0.05 * sd);
    }
  }
}

TEST(SyntheticClimate, CarriesWeatherAlongWithTheMeanFlow) {
  SyntheticClimateOptions options;
  options.mean_eastward_wind = 10;
  options.mean_northward_wind = 0;
  options.temperature_gradient_per_1000_km = 0;  // else warm air moves with the pressure systems as well
  const Climate climate(options);
  for (const Climate::Variable variable : {Climate::psl, Climate::tas}) {
    const CovarianceMap later = climate.covariance(variable, variable, 10);
    std::int64_t best = -60;
    for (std::int64_t dx = -60; dx <= 60; ++dx) {
      if (later.at(0, dx) > later.at(0, best)) best = dx;
    }
    EXPECT_NEAR(static_cast<double>(best), 360 / 16.34, 0.5);  // 10 h at 10 m/s, in cells of 16.34 km
  }
}

TEST(SyntheticClimate, IsWarmInWindsFromTheSouth) {
  const Climate climate{SyntheticClimateOptions{}};
  const double scale = climate.standard_deviation(Climate::vas) * climate.standard_deviation(Climate::tas);
  EXPECT_GT(climate.covariance(Climate::vas, Climate::tas, 6).at(0, 0), 0.3 * scale);
}

TEST(SyntheticClimate, IsWarmestInTheAfternoonAndMoreSoOverLand) {
  SyntheticClimateOptions options;
  options.ny = 40;
  options.nx = 40;
  options.first_seconds = 12 * 3600;
  const Climate climate(options);
  const std::int64_t cells = 1600;
  const std::vector<double> afternoon = climate.mean(3), night = climate.mean(15), next = climate.mean(27);
  double least = 1e9, most = -1e9;
  for (std::int64_t cell = 0; cell < cells; ++cell) {
    const double range = afternoon[cells + cell] - night[cells + cell];
    EXPECT_DOUBLE_EQ(afternoon[cells + cell], next[cells + cell]);
    least = std::min(least, range);
    most = std::max(most, range);
  }
  EXPECT_NEAR(least, 0.8, 0.05);  // the sea's 0.4 K amplitude, a little out of phase away from the centre
  EXPECT_GT(most, 3);
}

TEST(SyntheticClimate, IsRealisticByDefault) {
  const Climate climate{SyntheticClimateOptions{}};
  EXPECT_NEAR(climate.standard_deviation(Climate::psl), 800, 1e-6);
  EXPECT_NEAR(climate.standard_deviation(Climate::tas), 3, 1);
  EXPECT_NEAR(climate.standard_deviation(Climate::uas), 6, 2);
  EXPECT_NEAR(climate.standard_deviation(Climate::vas), 6, 2);
  const double across = climate.covariance(Climate::psl, Climate::psl, 0).at(127, 127);
  EXPECT_LT(across,
            0.1 * 800 * 800);  // the domain's far corners have little to do with each other: not periodic
}

TEST(SyntheticClimate, SaysThatTheGridReachesThePole) {
  SyntheticClimateOptions options;
  options.ny = 300;
  try {
    Climate climate(options);
    FAIL() << "no error";
  } catch (const core::Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("300 rows of 0.25 degrees"));
  }
}

}  // namespace
}  // namespace foehn::model::synthetic_climate_test
