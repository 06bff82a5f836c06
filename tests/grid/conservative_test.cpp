#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "foehn/core/error.hpp"
#include "foehn/grid/reduced_gaussian.hpp"
#include "foehn/grid/regridding.hpp"
#include "foehn/grid/rotation.hpp"
#include "grid/grids.hpp"

namespace foehn::grid::conservative_test {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// The area of each cell of a grid of equal steps, square degrees at the equator of its coordinates.
std::vector<double> areas_of_equal_steps(const Grid& grid) {
  const double dy = grid.y.values[1] - grid.y.values[0];
  const double dx = grid.x.values[1] - grid.x.values[0];
  std::vector<double> areas;
  for (const double y : grid.y.values) {
    const double area = (std::sin((y + dy / 2) * kRadians) - std::sin((y - dy / 2) * kRadians)) * dx;
    areas.insert(areas.end(), static_cast<std::size_t>(grid.nx()), std::abs(area));
  }
  return areas;
}

/// The sum over target cells of area times value, in double throughout, for the source's field.
double integral_on_target(const RegriddingWeights& weights, const std::vector<double>& target_areas,
                          const std::vector<float>& source) {
  double integral = 0;
  for (std::size_t cell = 0; cell < target_areas.size(); ++cell) {
    for (auto link = weights.first_link[cell]; link < weights.first_link[cell + 1]; ++link) {
      const auto k = static_cast<std::size_t>(link);
      integral += target_areas[cell] * weights.weight[k] *
                  static_cast<double>(source[static_cast<std::size_t>(weights.source_cell[k])]);
    }
  }
  return integral;
}

double integral_on(const Grid& grid, const std::vector<float>& field) {
  const std::vector<double> areas = areas_of_equal_steps(grid);
  double integral = 0;
  for (std::size_t i = 0; i < areas.size(); ++i) integral += areas[i] * static_cast<double>(field[i]);
  return integral;
}

double temperature(double latitude, double longitude) {
  return 280 + 10 * smooth(latitude, longitude);
}

Grid turned_north_to_south(Grid grid) {
  std::reverse(grid.y.values.begin(), grid.y.values.end());
  return grid;
}

TEST(ConservativeWeights, KeepTheIntegralOverTheGlobe) {
  const Grid fine = make_global_grid(36, 72);
  for (const Grid& source : {fine, turned_north_to_south(fine), make_global_grid(19, 41, -180)}) {
    for (const Grid& target : {make_global_grid(13, 29, 3.3), make_global_grid(50, 91, -200),
                               turned_north_to_south(make_global_grid(18, 36))}) {
      const auto field = make_field(source, temperature);
      const double expected = integral_on(source, field);
      const auto weights = conservative_weights(source, target);
      EXPECT_NEAR(integral_on_target(weights, areas_of_equal_steps(target), field), expected,
                  1e-12 * expected);
    }
  }
}

TEST(ConservativeWeights, OfBlocksAreTheirAreaMeans) {
  const Grid source{make_axis("lat", 58, -0.25, 32), make_axis("lon", -10, 0.25, 48), std::nullopt};
  const auto weights = conservative_weights(source, block_mean_grid(source, 8));
  ASSERT_EQ(weights.target_cells(), 4 * 6);
  EXPECT_EQ(weights.first_link[1], 64);
  const std::vector<double> areas = areas_of_equal_steps(source);
  double block = 0;
  for (std::size_t y = 0; y < 8; ++y) block += 8 * areas[y * 48];
  EXPECT_NEAR(weights.weight[0], areas[0] / block, 1e-12);
}

TEST(ConservativeWeights, KeepConstantsAndTheIntegralOnARotatedGlobe) {
  const Grid source = make_global_grid(24, 48);
  Grid target = make_global_grid(36, 72, -180);
  target.rotated_pole = RotatedPole{39.25, -162, 12};
  const auto weights = conservative_weights(source, target);
  const std::vector<float> constant(static_cast<std::size_t>(source.cells()), 287.25F);
  EXPECT_THAT(regrid(weights, constant), Each(FloatNear(287.25F, 1e-4F)));
  // Cell by cell the outlines are true to 1e-5 of the area; neighbours share their sides, so errors cancel.
  const auto field = make_field(source, temperature);
  const double expected = integral_on(source, field);
  EXPECT_NEAR(integral_on_target(weights, areas_of_equal_steps(target), field), expected, 1e-7 * expected);
  // The other way, cells of the geographic grid hold the rotated poles.
  const auto back = conservative_weights(target, source);
  EXPECT_NEAR(integral_on_target(back, areas_of_equal_steps(source), regrid(weights, field)), expected,
              1e-6 * expected);
}

TEST(ConservativeWeights, OfARotatedGridAreThePartsThatPointsFallInto) {
  const Grid source = make_global_grid(36, 72);
  const Grid target = make_european_grid();
  const auto weights = conservative_weights(source, target);
  const double dy = target.y.values[1] - target.y.values[0];
  const double dx = target.x.values[1] - target.x.values[0];
  constexpr std::size_t kPoints = 200;  // each way
  for (const std::size_t cell :
       {std::size_t{0}, std::size_t{230}, std::size_t{461}, std::size_t{20 * 22 + 10}}) {
    std::vector<double> parts(static_cast<std::size_t>(source.cells()), 0.0);
    const double south = std::sin((target.y.values[cell / 22] - dy / 2) * kRadians);
    const double north = std::sin((target.y.values[cell / 22] + dy / 2) * kRadians);
    for (std::size_t i = 0; i < kPoints; ++i) {
      for (std::size_t j = 0; j < kPoints; ++j) {
        const double sine = south + (north - south) * (static_cast<double>(i) + 0.5) / kPoints;
        const double x = target.x.values[cell % 22] + dx * ((static_cast<double>(j) + 0.5) / kPoints - 0.5);
        const Position at = to_geographic(*target.rotated_pole, {std::asin(sine) / kRadians, x});
        const auto row = static_cast<std::size_t>((at.latitude + 90) / 5);
        const auto column = static_cast<std::size_t>(std::floor((at.longitude + 2.5 + 360) / 5)) % 72;
        parts[row * 72 + column] += 1.0 / (kPoints * kPoints);
      }
    }
    for (auto link = weights.first_link[cell]; link < weights.first_link[cell + 1]; ++link) {
      const auto k = static_cast<std::size_t>(link);
      parts[static_cast<std::size_t>(weights.source_cell[k])] -= weights.weight[k];
    }
    for (const double rest : parts) ASSERT_NEAR(rest, 0.0, 2e-3) << cell;
  }
}

TEST(ConservativeWeights, BetweenGridsOfTheSamePoleAgreeWithOutlines) {
  // A pole that is named in another way is the same pole, but takes the other path.
  const Grid source = make_european_grid(45, 47);
  Grid target = crop_grid(make_european_grid(12, 11), {1, 11, 1, 10});
  const auto exact = conservative_weights(source, target);
  target.rotated_pole->pole_longitude += 360;
  const auto outlines = conservative_weights(source, target);
  const auto field = make_field(source, temperature);
  const auto expected = regrid(exact, field);
  const auto found = regrid(outlines, field);
  for (std::size_t i = 0; i < found.size(); ++i) ASSERT_NEAR(found[i], expected[i], 1e-4) << i;
}

/// Bounds of an axis by its edges, in the order of the values.
std::vector<double> bounds_between(const std::vector<double>& edges) {
  std::vector<double> bounds;
  for (std::size_t i = 0; i + 1 < edges.size(); ++i) bounds.insert(bounds.end(), {edges[i], edges[i + 1]});
  return bounds;
}

TEST(ConservativeWeights, TakeTheBoundsOfTheSourceWhereItHasThem) {
  // Rows from north to south whose edges are not half-way; columns whose bounds are a turn off, or swapped.
  Grid source{make_axis("lat", 52, -1, 3), make_axis("lon", 0, 1, 3), std::nullopt};
  source.y.bounds = bounds_between({52.5, 51.8, 50.2, 49.5});
  source.x.bounds = {359.5, 0.5, 0.5, 1.5, 2.5, 1.5};
  const Grid target{make_axis("lat", 50.5, 1, 2), make_axis("lon", 0.5, 1, 2), std::nullopt};
  const auto weights = conservative_weights(source, target);
  // The target's first cell, 50 to 51, 0 to 1: below 50.2 of the last row, above of the middle one.
  const auto sine = [](double degrees) { return std::sin(degrees * kRadians); };
  const double south = (sine(50.2) - sine(50)) / (sine(51) - sine(50));
  ASSERT_EQ(weights.first_link[1], 4);
  for (std::size_t k = 0; k < 4; ++k) {
    const double part = weights.source_cell[k] >= 6 ? south : 1 - south;
    EXPECT_NEAR(weights.weight[k], part / 2, 1e-12) << "source cell " << weights.source_cell[k];
  }
}

TEST(ConservativeWeights, RefuseBoundsThatAreNoCellsOrDoNotMeet) {
  const Grid target{make_axis("lat", 50.5, 1, 2), make_axis("lon", 0.5, 1, 2), std::nullopt};
  const auto with_rows = [&](const std::vector<double>& bounds) {
    return [=] {
      Grid source{make_axis("lat", 50, 1, 3), make_axis("lon", 0, 1, 3), std::nullopt};
      source.y.bounds = bounds;
      conservative_weights(source, target);
    };
  };
  EXPECT_NO_THROW(with_rows({49.5, 50.5, 50.5, 51.5, 51.5, 52.5})());
  EXPECT_THAT(
      with_rows({49.5, 50.5, 50.7, 51.5, 51.5, 52.5}),
      ThrowsMessage<core::Error>(HasSubstr("lat: the bounds of 51, 50.7 to 51.5, do not begin where those "
                                           "before it end, at 50.5")));
  EXPECT_THAT(
      with_rows({51.5, 52.5, 50.5, 51.5, 49.5, 50.5}),
      ThrowsMessage<core::Error>(HasSubstr("lat: the bounds of 50, 51.5 to 52.5, do not enclose it")));
  EXPECT_THAT(with_rows({50, 50, 51, 51, 52, 52}),
              ThrowsMessage<core::Error>(HasSubstr("do not enclose it")));
  EXPECT_THAT(with_rows({49.5, 50.5, 50.5, std::nan(""), 51.5, 52.5}),
              ThrowsMessage<core::Error>(HasSubstr("do not enclose it")));
}

TEST(ConservativeWeights, AreMeansOverTheCoveredPartAndRefuseLessThanHalf) {
  const Grid source{make_axis("lat", -5, 10, 2), make_axis("lon", 5, 10, 2), std::nullopt};
  // The last column's cell reaches from 16 to 24 degrees, the source to 20.
  const Grid target{make_axis("lat", -2, 4, 2), make_axis("lon", 4, 8, 3), std::nullopt};
  const auto weights = conservative_weights(source, target);
  EXPECT_THAT(regrid(weights, {1, 2, 3, 4}),
              ElementsAre(1, FloatNear(1.75F, 1e-6F), 2, 3, FloatNear(3.75F, 1e-6F), 4));
  const Grid outside{make_axis("lat", -2, 4, 2), make_axis("lon", 4, 9, 3), std::nullopt};
  EXPECT_THAT([&] { conservative_weights(source, outside); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("target cell 2 at latitude -2, longitude 22"),
                                               HasSubstr("cover 27 % of it, expected at least 50 %"))));
  Grid closed = make_global_grid(18, 36);
  closed.x.values.push_back(360);
  EXPECT_THAT([&] { conservative_weights(closed, closed); },
              ThrowsMessage<core::Error>(HasSubstr("target's lon repeats its first column")));
  EXPECT_EQ(conservative_weights(closed, make_global_grid(18, 36)).weight,
            conservative_weights(make_global_grid(18, 36), make_global_grid(18, 36)).weight);
}

TEST(ConservativeWeights, KeepTheIntegralToAndFromReducedGaussianGrids) {
  const Grid octahedral = named_grid("O16"), regular = make_global_grid(36, 72);
  const auto integral = [](const Grid& grid, const std::vector<float>& field) {
    const std::vector<double> areas = cell_areas(grid);
    double sum = 0;
    for (std::size_t i = 0; i < areas.size(); ++i) sum += areas[i] * static_cast<double>(field[i]);
    return sum;
  };
  for (const auto& [source, target] : {std::pair(octahedral, regular), std::pair(regular, octahedral)}) {
    std::vector<float> field = make_field(source, smooth);
    for (float& value : field) value += 3;
    const double expected = integral(source, field);
    EXPECT_NEAR(integral(target, regrid(conservative_weights(source, target), field)), expected, 1e-5);
  }
}

}  // namespace
}  // namespace foehn::grid::conservative_test
