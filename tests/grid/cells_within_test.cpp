#include "foehn/grid/cells_within.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <numeric>

#include "foehn/core/error.hpp"
#include "foehn/grid/reduced_gaussian.hpp"
#include "foehn/grid/rotation.hpp"
#include "grid/grids.hpp"

namespace foehn::grid {
namespace {

using testing::AllOf;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pointwise;
using testing::ThrowsMessage;

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
  EXPECT_THAT(sums_of(within.means), testing::Each(DoubleNear(1, 1e-12)));
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
    EXPECT_THAT(sums_of(within.means), testing::Each(DoubleNear(1, 1e-12)));
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

}  // namespace
}  // namespace foehn::grid
