#include "foehn/model/spherical_climate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numeric>
#include <random>
#include <vector>

#include "foehn/core/error.hpp"
#include "foehn/grid/rotation.hpp"

namespace foehn::model::spherical_climate_test {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using Climate = SphericalClimate;

/// Small and of short memory: many independent hours are cheap to draw.
SphericalClimateOptions short_lived() {
  SphericalClimateOptions options;
  options.grid = "O8";
  options.pressure = {300, 1.5, 3, 2};
  options.local_temperature = {1.5, 1, 4, 1.5};
  options.temperature_of_pressure = -4e-3;
  return options;
}

std::vector<float> draw(Climate& climate, std::int64_t hours) {
  std::vector<float> values(static_cast<std::size_t>(hours * Climate::kVariables * climate.grid().cells()));
  climate.draw(values);
  return values;
}

double cosine_between(const grid::Geographic& at, std::size_t i, std::size_t j) {
  const auto radians = [](double degrees) { return degrees * grid::kRadians; };
  return std::sin(radians(at.latitude[i])) * std::sin(radians(at.latitude[j])) +
         std::cos(radians(at.latitude[i])) * std::cos(radians(at.latitude[j])) *
             std::cos(radians(at.longitude[i] - at.longitude[j]));
}

TEST(SphericalClimate, IsReproducibleInAnyPieces) {
  SphericalClimateOptions options = short_lived();
  Climate whole(options), pieces(options);
  const std::vector<float> once = draw(whole, 5);
  std::vector<float> twice = draw(pieces, 2);
  for (const float value : draw(pieces, 3)) twice.push_back(value);
  EXPECT_EQ(once, twice);
  options.seed = 1;
  Climate other(options);
  EXPECT_NE(once, draw(other, 5));
}

TEST(SphericalClimate, HasTheCovarianceOfItsClosedForm) {
  Climate climate(short_lived());
  constexpr std::int64_t kHours = 3000;
  const auto cells = static_cast<std::size_t>(climate.grid().cells());
  std::vector<std::vector<double>> anomalies;  // [hour][variable, cell]
  std::vector<float> fields(2 * cells);
  for (std::int64_t hour = 0; hour < kHours; ++hour) {
    climate.draw(fields);
    std::vector<double> anomaly = climate.mean(hour);
    for (std::size_t i = 0; i < anomaly.size(); ++i) anomaly[i] = static_cast<double>(fields[i]) - anomaly[i];
    anomalies.push_back(std::move(anomaly));
  }
  const grid::Geographic places = grid::geographic_coordinates(climate.grid());
  // Pairs near each other and far apart, next to the pole, across the equator and at antipodes.
  const std::array<std::array<std::size_t, 2>, 6> pairs{
      {{0, 0}, {100, 101}, {3, 13}, {200, 320}, {270, 280}, {20, 520}}};
  const std::array<std::array<Climate::Variable, 2>, 3> variables{
      {{Climate::psl, Climate::psl}, {Climate::psl, Climate::tas}, {Climate::tas, Climate::tas}}};
  for (const auto& [i, j] : pairs)
    for (const auto& [first, second] : variables)
      for (const std::size_t lag : {0U, 1U, 3U}) {
        double sum = 0;
        for (std::size_t hour = 0; hour + lag < anomalies.size(); ++hour)
          sum += anomalies[hour][static_cast<std::size_t>(first) * cells + i] *
                 anomalies[hour + lag][static_cast<std::size_t>(second) * cells + j];
        const double found = sum / static_cast<double>(anomalies.size() - lag);
        const double expected =
            climate.covariance(first, second, static_cast<std::int64_t>(lag), cosine_between(places, i, j));
        const double scale =
            std::sqrt(climate.covariance(first, first, 0, 1) * climate.covariance(second, second, 0, 1));
        // About 1000 independent hours: a standard error of 1/sqrt(1000).
        EXPECT_NEAR(found / scale, expected / scale, 0.12)
            << "cells " << i << ", " << j << ", variables " << first << ", " << second << ", lag " << lag;
      }
}

TEST(SphericalClimate, HasTheVarianceThatWasAskedFor) {
  const Climate climate(short_lived());
  EXPECT_NEAR(climate.covariance(Climate::psl, Climate::psl, 0, 1), 300 * 300, 1e-9);
  EXPECT_NEAR(climate.covariance(Climate::tas, Climate::tas, 0, 1), 1.5 * 1.5 + 1.2 * 1.2, 1e-12);
  EXPECT_NEAR(climate.covariance(Climate::tas, Climate::psl, 0, 1), -4e-3 * 300 * 300, 1e-9);
  // Averaged over the sphere and all hours it is found again, to within the sampling error.
  Climate drawn(short_lived());
  double sum = 0;
  std::vector<float> fields(2 * 544);
  for (std::int64_t hour = 0; hour < 400; ++hour) {
    drawn.draw(fields);
    for (std::size_t cell = 0; cell < 544; ++cell)
      sum += std::pow(static_cast<double>(fields[cell]) - 101300, 2) * drawn.grid().unstructured->areas[cell];
  }
  EXPECT_NEAR(sum / 400 / (4 * 3.14159265358979) / (300 * 300), 1, 0.06);
}

TEST(SphericalClimate, IsWarmAtTheEquatorInTheAfternoon) {
  const Climate climate(short_lived());
  const std::vector<double> noon = climate.mean(15), night = climate.mean(3);
  const std::size_t equator = 544 + 272;  // longitude 0
  EXPECT_GT(noon[equator], night[equator] + 4.5);
  EXPECT_GT(noon[equator], noon[544] + 30);
}

TEST(SphericalClimate, RefusesDegreesThatRowsDoNotResolve) {
  SphericalClimateOptions options = short_lived();
  options.highest_degree = 16;
  EXPECT_THAT([&] { Climate{options}; }, ThrowsMessage<core::Error>(HasSubstr("expected 1 to 15 on O8")));
  options.highest_degree = 15;
  EXPECT_NO_THROW(Climate{options});
}

}  // namespace
}  // namespace foehn::model::spherical_climate_test
