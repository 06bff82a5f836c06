#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "foehn/core/error.hpp"
#include "foehn/grid/regridding.hpp"
#include "grid/grids.hpp"

namespace foehn::grid::curvilinear_test {
namespace {

using ::testing::Each;
using ::testing::FloatNear;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(BilinearWeights, OfACurvilinearGridAreThoseOfItsQuadrilaterals) {
  // A rotated grid, seen as one whose coordinates are fields: the same but for how the cells bend.
  const Grid grid = make_european_grid(89, 93);
  const Geographic points = random_points(1000, 35, 62, -5, 35);
  const auto field = make_field(grid, smooth);
  const auto rotated = regrid(bilinear_weights(grid, points), field);
  const auto curvilinear = regrid(bilinear_weights(cell_centres(grid), points), field);
  for (std::size_t i = 0; i < rotated.size(); ++i) ASSERT_NEAR(curvilinear[i], rotated[i], 1e-5) << i;
  const std::vector<float> constant(field.size(), 280.0F);
  EXPECT_THAT(regrid(bilinear_weights(cell_centres(grid), points), constant), Each(FloatNear(280.0F, 1e-4F)));
}

TEST(BilinearWeights, OfACurvilinearGridHoldOverThePole) {
  Grid grid = make_european_grid();
  grid.rotated_pole = RotatedPole{0, 30, 0};  // the north pole lies at its middle
  const CellCentres source = cell_centres(grid);
  const Geographic points = random_points(200, 75, 90);
  const auto found = regrid(bilinear_weights(source, points), make_field(grid, smooth));
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_NEAR(found[i], smooth(points.latitude[i], points.longitude[i]), 3e-3) << i;
  }
  EXPECT_THAT(
      [&] {
        bilinear_weights(source, {{80, -80}, {0, 0}});
      },
      ThrowsMessage<core::Error>(HasSubstr("cell 1 of the grid wanted, at latitude -80, longitude 0, lies")));
  // Every cell centre is found, those at the border too.
  const auto at_centres = bilinear_weights(source, source.centres);
  for (std::int64_t i = 0; i < source.cells(); ++i) {
    const auto k = static_cast<std::size_t>(i);
    const auto link = std::max_element(at_centres.weight.begin() + at_centres.first_link[k],
                                       at_centres.weight.begin() + at_centres.first_link[k + 1]);
    ASSERT_NEAR(*link, 1.0, 1e-6);
    ASSERT_EQ(at_centres.source_cell[static_cast<std::size_t>(link - at_centres.weight.begin())], i);
  }
}

TEST(BilinearWeights, OfACurvilinearGridLeaveOutCellsWithoutAPosition) {
  const CellCentres whole = cell_centres(make_european_grid());
  CellCentres source = whole;
  constexpr std::size_t kSuppressed = 5 * 22 + 5;
  source.centres.latitude[kSuppressed] = source.centres.longitude[kSuppressed] = std::nan("");
  const auto at = [&](std::size_t cell) {
    return Geographic{{whole.centres.latitude[cell]}, {whole.centres.longitude[cell]}};
  };
  const auto weights = bilinear_weights(source, at(kSuppressed + 3));
  EXPECT_EQ(std::count(weights.source_cell.begin(), weights.source_cell.end(), kSuppressed), 0);
  EXPECT_THAT([&] { bilinear_weights(source, at(kSuppressed)); },
              ThrowsMessage<core::Error>(HasSubstr("1 cells have no position and are left out")));
}

TEST(BilinearWeights, OfACurvilinearGridHoldOverTheSeamsOfLongitude) {
  for (const double seam : {180.0, 0.0}) {
    CellCentres source{6, 6, {}};
    for (int j = 0; j < 6; ++j)
      for (int i = 0; i < 6; ++i) {
        source.centres.latitude.push_back(50 + j + 0.1 * i);
        const double longitude = seam - 2.5 + i;
        source.centres.longitude.push_back(seam == 0 && longitude < 0 ? longitude + 360
                                           : longitude > 180          ? longitude - 360
                                                                      : longitude);
      }
    std::vector<float> latitudes(source.centres.latitude.begin(), source.centres.latitude.end());
    const auto found = regrid(bilinear_weights(source, {{52.3}, {seam + 0.1}}), latitudes);
    EXPECT_NEAR(found.front(), 52.3, 1e-2) << seam;
  }
}

}  // namespace
}  // namespace foehn::grid::curvilinear_test
