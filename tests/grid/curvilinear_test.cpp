#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "foehn/core/error.hpp"
#include "foehn/grid/regridding.hpp"
#include "grid/grids.hpp"

namespace foehn::grid {
namespace {

using testing::Each;
using testing::FloatNear;
using testing::HasSubstr;
using testing::ThrowsMessage;

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
      ThrowsMessage<core::Error>(HasSubstr("target point 1 at latitude -80, longitude 0")));
  // Every cell centre is found, those at the border too.
  const auto at_centres = bilinear_weights(source, source.centres);
  for (std::int64_t i = 0; i < source.cells(); ++i) {
    const auto k = static_cast<std::size_t>(i);
    const auto link = std::max_element(at_centres.weight.begin() + at_centres.first_link[k],
                                       at_centres.weight.begin() + at_centres.first_link[k + 1]);
    ASSERT_NEAR(*link, 1.0, 1e-6);
    ASSERT_EQ(at_centres.source_cell[static_cast<std::size_t>(link - at_centres.weight.begin())], i);
  }
  CellCentres broken = source;
  broken.centres.latitude[3] = std::nan("");
  EXPECT_THAT(
      [&] {
        bilinear_weights(broken, {{80}, {0}});
      },
      ThrowsMessage<core::Error>(HasSubstr("the centre of cell 3")));
}

}  // namespace
}  // namespace foehn::grid
