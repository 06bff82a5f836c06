#include "foehn/grid/cells_within.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "foehn/core/error.hpp"
#include "foehn/grid/cell_corners.hpp"
#include "foehn/grid/reduced_gaussian.hpp"
#include "foehn/grid/rotation.hpp"
#include "grid/grids.hpp"

namespace foehn::grid::cells_within_test {
namespace {

using ::testing::AllOf;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pointwise;
using ::testing::ThrowsMessage;

double sine(double degrees) {
  return std::sin(degrees * kRadians);
}

std::vector<double> sums_of(const RegriddingWeights& weights) {
  std::vector<double> sums;
  for (std::int64_t cell = 0; cell < weights.target_cells(); ++cell) {
    const auto place = static_cast<std::size_t>(cell);
    double sum = 0;
    for (auto link = weights.first_link[place]; link < weights.first_link[place + 1]; ++link)
      sum += weights.weight[static_cast<std::size_t>(link)];
    sums.push_back(sum);
  }
  return sums;
}

/// Cells of a degree, from 50 to 54 N and 0 to 6 E.
Grid fine_grid() {
  return {make_axis("lat", 50.5, 1, 4), make_axis("lon", 0.5, 1, 6), std::nullopt};
}

TEST(CellsWithin, WeighFineCellsByTheAreaUnderThem) {
  // 1.5 x 2.5 degrees: a coarse cell covers one and a half rows and two and a half columns.
  const Grid coarse{make_axis("lat", 50.75, 1.5, 2), make_axis("lon", 1.25, 2.5, 2), std::nullopt};
  const CellsWithin within = cells_within(fine_grid(), coarse);
  EXPECT_THAT(within.cells, ElementsAre(0, 1, 2, 3));
  const std::vector<std::int64_t> of_first(within.means.source_cell.begin(),
                                           within.means.source_cell.begin() + within.means.first_link[1]);
  EXPECT_THAT(of_first, ElementsAre(0, 1, 2, 6, 7, 8));
  const double area = (sine(51.5) - sine(50)) * 2.5, low = sine(51) - sine(50), high = sine(51.5) - sine(51);
  const std::vector<double> expected{low / area,  low / area,  0.5 * low / area,
                                     high / area, high / area, 0.5 * high / area};
  const std::vector<double> weights(within.means.weight.begin(),
                                    within.means.weight.begin() + within.means.first_link[1]);
  EXPECT_THAT(weights, Pointwise(DoubleNear(1e-12), expected));
}

TEST(CellsWithin, LeavesOutCellsThatReachBeyondTheFineGrid) {
  // Cells of 2 degrees all over the globe: those from 50 to 54 N and 0 to 6 E are whole.
  const Grid globe = make_global_grid(90, 180, 1);
  const CellsWithin within = cells_within(fine_grid(), globe);
  EXPECT_THAT(within.cells,
              ElementsAre(70 * 180, 70 * 180 + 1, 70 * 180 + 2, 71 * 180, 71 * 180 + 1, 71 * 180 + 2));
  // Moved by half a degree, the outer columns are not.
  const CellsWithin moved = cells_within(fine_grid(), make_global_grid(90, 180, 1.5));
  EXPECT_THAT(moved.cells, ElementsAre(70 * 180, 70 * 180 + 1, 71 * 180, 71 * 180 + 1));
}

TEST(CellsWithin, FollowsTheBoundsOfAFile) {
  Grid coarse{make_axis("lat", 51, 2, 2), make_axis("lon", 1, 2, 3), std::nullopt};
  coarse.y.bounds = {50, 52.5, 52.5, 54};  // as a Gaussian grid's, not half-way between the centres
  const CellsWithin within = cells_within(fine_grid(), coarse);
  ASSERT_EQ(within.cells.size(), 6U);
  // The first cell's third row is half under it.
  const double whole = sine(52.5) - sine(50);
  EXPECT_NEAR(within.means.weight[4], (sine(52.5) - sine(52)) / whole / 2, 1e-12);
}

TEST(CellsWithin, KeepsAConstantInCellsOfAnotherPole) {
  const Grid fine = make_european_grid(89, 93);
  for (const Grid& coarse : {make_global_grid(60, 120), make_global_grid(61, 90, 2)}) {
    const CellsWithin within = cells_within(fine, coarse);
    EXPECT_GT(within.cells.size(), 20U);
    for (const double sum : sums_of(within.means)) EXPECT_NEAR(sum, 1, 1e-12);
    // The mean of the sine of latitude over a cell is that of its edges.
    const std::vector<float> sines = make_field(fine, [](double latitude, double) { return sine(latitude); });
    const std::vector<float> means = regrid(within.means, sines);
    const double step = 180.0 / static_cast<double>(coarse.ny());
    for (std::size_t i = 0; i < within.cells.size(); ++i) {
      const double latitude = coarse.y.values[static_cast<std::size_t>(within.cells[i] / coarse.nx())];
      EXPECT_NEAR(means[i], (sine(latitude - step / 2) + sine(latitude + step / 2)) / 2, 2e-3);
    }
  }
}

TEST(CellsWithin, RefusesACoarseGridOfWhichNoCellIsWhole) {
  const Grid large{make_axis("lat", 50, 10, 3), make_axis("lon", 0, 10, 3), std::nullopt};
  const Grid elsewhere{make_axis("lat", 10, 1, 3), make_axis("lon", 0, 1, 3), std::nullopt};
  for (const Grid& coarse : {large, elsewhere})
    EXPECT_THAT(
        [&] { cells_within(fine_grid(), coarse); },
        ThrowsMessage<core::Error>(AllOf(HasSubstr("none of its cells"), HasSubstr("lat 50.5 to 53.5"))));
}

TEST(CellsWithin, MakeReducedGaussianCellsOfFinerOnes) {
  const Grid fine = named_grid("O32"), coarse = named_grid("O16");
  const CellsWithin within = cells_within(fine, coarse);
  ASSERT_EQ(static_cast<std::int64_t>(within.cells.size()), coarse.cells());
  EXPECT_EQ(within.cells.front(), 0);
  EXPECT_EQ(within.cells.back(), coarse.cells() - 1);
  EXPECT_THAT(sums_of(within.means), ::testing::Each(DoubleNear(1, 1e-12)));
  // Each fine cell gives all of its area to coarse cells.
  std::vector<double> given(static_cast<std::size_t>(fine.cells()));
  for (std::size_t cell = 0; cell < within.cells.size(); ++cell)
    for (auto link = within.means.first_link[cell]; link < within.means.first_link[cell + 1]; ++link) {
      const auto k = static_cast<std::size_t>(link);
      given[static_cast<std::size_t>(within.means.source_cell[k])] +=
          within.means.weight[k] * coarse.unstructured->areas[cell];
    }
  EXPECT_THAT(given, Pointwise(DoubleNear(1e-13), fine.unstructured->areas));
}

TEST(CellsWithin, TakeARegionalGridUnderReducedGaussianCells) {
  // Geographic and rotated: what it covers of the octahedral cells, and a constant in them.
  for (const Grid& fine : {Grid{make_axis("lat", 30.5, 1, 40), make_axis("lon", -19.5, 1, 60), std::nullopt},
                           make_european_grid(60, 60)}) {
    const Grid coarse = named_grid("O16");
    const CellsWithin within = cells_within(fine, coarse);
    ASSERT_GT(within.cells.size(), 20U);
    ASSERT_LT(within.cells.size(), 100U);
    EXPECT_THAT(sums_of(within.means), ::testing::Each(DoubleNear(1, 1e-12)));
    // A smooth field: the mean over a cell lies near the value at its centre.
    const std::vector<float> means = regrid(within.means, make_field(fine, smooth));
    for (std::size_t i = 0; i < means.size(); ++i) {
      const auto cell = static_cast<std::size_t>(within.cells[i]);
      const Geographic& centres = coarse.unstructured->centres;
      EXPECT_NEAR(means[i], smooth(centres.latitude[cell], centres.longitude[cell]), 0.02);
    }
  }
}

TEST(CellsWithin, NeedBandsOfKnownAreas) {
  Grid list = named_grid("O4");
  for (double& area : list.unstructured->areas) area /= 2;
  EXPECT_THAT(
      [&] { cells_within(named_grid("O8"), list); },
      ThrowsMessage<core::Error>(HasSubstr("208 cells (cell) that are not those of a global reduced")));
}

/// Cells with four corners, of which the fourth reaches beyond the fine grid and the last is a triangle.
Grid skewed_cells() {
  UnstructuredCells cells;
  const auto add = [&](const std::vector<Position>& corners) {
    for (const Position& corner : corners) {
      cells.corners.latitude.push_back(corner.latitude);
      cells.corners.longitude.push_back(corner.longitude);
    }
    cells.areas.push_back(1e-3);
    cells.centres.latitude.push_back(corners[0].latitude);
    cells.centres.longitude.push_back(corners[0].longitude);
  };
  add({{50.3, 0.4}, {50.6, 2.5}, {52.2, 2.2}, {51.9, 0.1}});
  add({{51.9, 0.1}, {52.2, 2.2}, {50.6, 2.5}, {50.3, 0.4}});  // the other way round
  add({{50.3, 360.4}, {50.6, 362.5}, {52.2, 362.2}, {51.9, 360.1}});
  add({{50.3, -0.4}, {50.6, 2.5}, {52.2, 2.2}, {51.9, 0.1}});
  add({{51, 3}, {53.5, 4}, {51.5, 5.5}, {51.5, 5.5}});
  return {{}, {}, std::nullopt, cells};
}

/// Part of a cell's area that lies in one of the fine grid, from points spread evenly over the latter's
/// extent.
std::vector<double> counted(const Grid& fine, const std::vector<Position>& corners) {
  const auto vector_of = [](const Position& p) {
    const double cosine = std::cos(p.latitude * kRadians);
    return std::array{cosine * std::cos(p.longitude * kRadians), cosine * std::sin(p.longitude * kRadians),
                      std::sin(p.latitude * kRadians)};
  };
  std::vector<double> parts(static_cast<std::size_t>(fine.cells()));
  constexpr int kSteps = 200;
  for (std::int64_t cell = 0; cell < fine.cells(); ++cell)
    for (int i = 0; i < kSteps * kSteps; ++i) {
      const Position own{
          fine.y.values[static_cast<std::size_t>(cell / fine.nx())] - 0.5 + (i / kSteps + 0.5) / kSteps,
          fine.x.values[static_cast<std::size_t>(cell % fine.nx())] - 0.5 + (i % kSteps + 0.5) / kSteps};
      const auto point = vector_of(fine.rotated_pole ? to_geographic(*fine.rotated_pole, own) : own);
      bool is_inside = true;
      for (std::size_t k = 0; k < corners.size(); ++k) {
        const auto a = vector_of(corners[k]), b = vector_of(corners[(k + 1) % corners.size()]);
        const double side = (a[1] * b[2] - a[2] * b[1]) * point[0] + (a[2] * b[0] - a[0] * b[2]) * point[1] +
                            (a[0] * b[1] - a[1] * b[0]) * point[2];
        is_inside = is_inside && side >= 0;
      }
      if (is_inside) parts[static_cast<std::size_t>(cell)] += std::cos(own.latitude * kRadians);
    }
  const double sum = std::accumulate(parts.begin(), parts.end(), 0.0);
  for (double& part : parts) part /= sum;
  return parts;
}

std::vector<double> weights_of(const CellsWithin& within, std::size_t place, std::int64_t cells) {
  std::vector<double> all(static_cast<std::size_t>(cells));
  const RegriddingWeights& means = within.means;
  for (auto link = means.first_link[place]; link < means.first_link[place + 1]; ++link)
    all[static_cast<std::size_t>(means.source_cell[static_cast<std::size_t>(link)])] =
        means.weight[static_cast<std::size_t>(link)];
  return all;
}

TEST(CellsWithin, TakePolygonsOfAListOfCells) {
  const Grid coarse = skewed_cells();
  const CellsWithin within = cells_within(fine_grid(), coarse);
  EXPECT_THAT(within.cells, ElementsAre(0, 1, 2, 4));  // the fourth reaches beyond
  EXPECT_THAT(sums_of(within.means), Pointwise(DoubleNear(1e-12), std::vector<double>(4, 1.0)));
  const auto expected = counted(fine_grid(), {{50.3, 0.4}, {50.6, 2.5}, {52.2, 2.2}, {51.9, 0.1}});
  for (const std::size_t alike : {0, 1, 2})
    EXPECT_THAT(weights_of(within, alike, 24), Pointwise(DoubleNear(2e-3), expected));
  EXPECT_THAT(weights_of(within, 3, 24),
              Pointwise(DoubleNear(2e-3), counted(fine_grid(), {{51.5, 5.5}, {53.5, 4}, {51, 3}})));
}

TEST(CellsWithin, TakePolygonsOnARotatedGrid) {
  Grid fine{make_axis("rlat", -4, 1, 9), make_axis("rlon", -16, 1, 9), RotatedPole{39.25, -162, 0}};
  const Position centre = to_geographic(*fine.rotated_pole, {0.2, -12.1});
  std::vector<Position> corners;
  UnstructuredCells cells;
  for (const auto& [north, east] : {std::pair(-1.0, -2.0), std::pair(-1.2, 1.5), std::pair(1.0, 1.0)}) {
    corners.push_back({centre.latitude + north, centre.longitude + east});
    cells.corners.latitude.push_back(corners.back().latitude);
    cells.corners.longitude.push_back(corners.back().longitude);
  }
  cells.areas = {1e-3};
  cells.centres = {{centre.latitude}, {centre.longitude}};
  const CellsWithin within = cells_within(fine, {{}, {}, std::nullopt, cells});
  ASSERT_THAT(within.cells, ElementsAre(0));
  EXPECT_THAT(weights_of(within, 0, 81), Pointwise(DoubleNear(2e-3), counted(fine, corners)));
}

/// One cell.
Grid cell_of(const std::vector<Position>& corners) {
  UnstructuredCells cells;
  for (const Position& corner : corners) {
    cells.corners.latitude.push_back(corner.latitude);
    cells.corners.longitude.push_back(corner.longitude);
  }
  cells.centres = {{corners[0].latitude}, {corners[0].longitude}};
  cells.areas = areas_of_corners(cells.corners, 1);
  return {{}, {}, std::nullopt, cells};
}

TEST(CellsWithin, TakePolygonsThatHoldOrTouchAPoleOfTheFineGrid) {
  const Grid fine = make_global_grid(36, 36);  // of 5 x 10 degrees
  const double of_cap = (1 - sine(85)) * 10 * kRadians;
  for (const double pole : {1.0, -1.0})
    for (const bool is_around : {true, false}) {
      // A square around the pole, or a triangle with a corner there; long sides are cut into few pieces.
      std::vector<Position> corners{{pole * 80, 170}, {pole * 80, 260}};
      if (is_around) {
        corners.insert(corners.end(), {{pole * 80, 350}, {pole * 80, 80}});
      } else {
        corners.insert(corners.begin(), {pole * 90, 0});
      }
      const Grid coarse = cell_of(corners);
      const CellsWithin within = cells_within(fine, coarse);
      ASSERT_THAT(within.cells, ElementsAre(0));
      const std::vector<double> weights = weights_of(within, 0, fine.cells());
      const std::int64_t row = fine.y.values.front() * pole > 0 ? 0 : 35;
      for (std::int64_t column = 0; column < 36; ++column) {
        const double longitude = fine.x.values[static_cast<std::size_t>(column)];
        const double part =
            is_around
                ? 1
                : std::clamp(std::min(longitude + 5, 260.0) - std::max(longitude - 5, 170.0), 0.0, 10.0) / 10;
        EXPECT_NEAR(weights[static_cast<std::size_t>(row * 36 + column)],
                    part * of_cap / coarse.unstructured->areas[0], 2e-4)
            << longitude;
      }
    }
}

}  // namespace
}  // namespace foehn::grid::cells_within_test
