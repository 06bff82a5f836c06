#include "foehn/grid/reduced_gaussian.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <numeric>

#include "foehn/core/error.hpp"
#include "foehn/grid/rotation.hpp"
#include "grid/grids.hpp"

namespace foehn::grid::reduced_gaussian_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;
using ::testing::ThrowsMessage;

constexpr double kSphere = 4 * std::numbers::pi;

double sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

TEST(GaussianRows, HaveTheClosedFormsOfTwoAndThreeRows) {
  const GaussianRows two = gaussian_rows(2), three = gaussian_rows(3);
  EXPECT_NEAR(std::sin(two.latitude[0] * kRadians), 1 / std::sqrt(3.0), 1e-15);
  EXPECT_EQ(two.latitude[1], -two.latitude[0]);
  EXPECT_NEAR(two.weight[0], 1, 1e-15);
  EXPECT_NEAR(std::sin(three.latitude[0] * kRadians), std::sqrt(0.6), 1e-15);
  EXPECT_EQ(three.latitude[1], 0);
  EXPECT_NEAR(three.weight[0], 5.0 / 9, 1e-15);
  EXPECT_NEAR(three.weight[1], 8.0 / 9, 1e-15);
}

TEST(GaussianRows, LieWhereModelsHaveThem) {
  EXPECT_NEAR(gaussian_rows(64).latitude[0], 87.8637988392326, 1e-11);   // T42
  EXPECT_NEAR(gaussian_rows(640).latitude[0], 89.7848769072186, 1e-11);  // N320, O320
}

TEST(GaussianRows, IntegratePolynomialsExactly) {
  const GaussianRows rows = gaussian_rows(12);
  for (int power = 0; power < 24; power += 2) {
    double integral = 0;
    for (std::size_t i = 0; i < 12; ++i)
      integral += rows.weight[i] * std::pow(std::sin(rows.latitude[i] * kRadians), power);
    EXPECT_NEAR(integral, 2.0 / (power + 1), 1e-14) << "power " << power;
  }
}

TEST(OctahedralGrid, HasThePointsThatItsNameSays) {
  for (const std::int64_t n : {1, 16, 32, 96, 320}) {
    const std::vector<std::int64_t> sizes = octahedral_row_sizes(n);
    EXPECT_EQ(std::ssize(sizes), 2 * n);
    EXPECT_EQ(sizes.front(), 20);
    EXPECT_EQ(sizes.back(), 20);
    EXPECT_EQ(std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0}), 4 * n * (n + 9));
  }
  EXPECT_EQ(named_grid("O96").cells(), 40320);
  EXPECT_EQ(named_grid("o320").cells(), 421120);
}

TEST(OctahedralGrid, CoversTheSphere) {
  for (const char* name : {"O1", "O16", "O96"})
    EXPECT_NEAR(sum(cell_areas(named_grid(name))), kSphere, 1e-12) << name;
}

TEST(OctahedralGrid, RefusesOtherNames) {
  for (const char* name : {"", "O", "O0", "O-3", "N32", "O96x", "O9999", "O99999999999999999999"})
    EXPECT_THAT(
        [&] { named_grid(name); },
        ThrowsMessage<core::Error>(HasSubstr("grid '" + std::string(name) + "': expected an octahedral")));
}

TEST(ReducedGaussianGrid, HasTheRowsThatItIsGiven) {
  const std::vector<std::int64_t> sizes{4, 8, 3, 1};
  const Grid grid = reduced_gaussian_grid(sizes);
  EXPECT_EQ(grid.ny(), 1);
  EXPECT_EQ(grid.nx(), 16);
  EXPECT_EQ(grid.unstructured->centres.longitude[5], 45);
  EXPECT_EQ(grid.unstructured->centres.longitude[14], 240);
  const auto rows = find_rows(*grid.unstructured);
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->latitude, gaussian_rows(4).latitude);
  EXPECT_THAT(rows->first_cell, ElementsAre(0, 4, 12, 15, 16));
  EXPECT_EQ(rows->size(1), 8);
  EXPECT_THAT(
      [] {
        reduced_gaussian_grid(std::vector<std::int64_t>{4, 0});
      },
      ThrowsMessage<core::Error>(HasSubstr("row 2 has 0 points")));
  EXPECT_THROW(reduced_gaussian_grid({}), core::Error);
}

TEST(CellRows, AreNotFoundInOtherLists) {
  const UnstructuredCells octahedral = *named_grid("O4").unstructured;
  ASSERT_TRUE(find_rows(octahedral));
  UnstructuredCells moved = octahedral;
  moved.centres.longitude[30] += 1;
  EXPECT_FALSE(find_rows(moved));
  moved = octahedral;
  std::swap(moved.centres.latitude[0], moved.centres.latitude[25]);
  EXPECT_FALSE(find_rows(moved));
  EXPECT_FALSE(find_rows({"cell", {{5, 5}, {0, 180}}, {1, 1}}));  // one row tells nothing of its edges
  EXPECT_FALSE(find_rows({"cell", {}, {}}));
}

TEST(CellRows, EndWhereTheirAreasAgree) {
  const Grid grid = named_grid("O8");
  const CellRows rows = *find_rows(*grid.unstructured);
  const std::vector<double> edges = row_edges(rows, grid.unstructured->areas).value();
  ASSERT_EQ(edges.size(), 17U);
  EXPECT_EQ(edges.front(), 1);
  EXPECT_EQ(edges.back(), -1);
  const GaussianRows gaussian = gaussian_rows(16);
  for (std::size_t i = 0; i < 16; ++i) EXPECT_NEAR(edges[i] - edges[i + 1], gaussian.weight[i], 1e-14);
  const std::vector<double> half(grid.unstructured->areas.size(), 0.01);
  EXPECT_EQ(row_edges(rows, half), std::nullopt);  // not of the sphere
  std::vector<double> shifted = grid.unstructured->areas;
  for (std::size_t i = 0; i < 20; ++i) {
    shifted[i] *= 4;
    shifted[shifted.size() - 1 - i] -= 3 * grid.unstructured->areas[i] * 0.3;
  }
  EXPECT_EQ(row_edges(rows, shifted), std::nullopt);
}

TEST(CellAreas, OfARectilinearGridCoverTheSphere) {
  const Grid grid = make_global_grid(18, 36);
  const std::vector<double> areas = cell_areas(grid);
  EXPECT_NEAR(sum(areas), kSphere, 1e-12);
  EXPECT_NEAR(areas[0], (std::sin(-80 * kRadians) + 1) * 10 * kRadians, 1e-14);
  EXPECT_EQ(areas[0], areas[35]);
}

TEST(UnstructuredGrid, IsComparedByItsCells) {
  const Grid grid = named_grid("O8");
  Grid found = grid;
  found.unstructured->name = "values";
  for (double& longitude : found.unstructured->centres.longitude)
    longitude = std::remainder(longitude, 360.0);
  EXPECT_EQ(difference(grid, found), std::nullopt);
  found.unstructured->centres.longitude[21] += 1;
  EXPECT_THAT(difference(grid, found), Optional(HasSubstr("values: cell 21 is at latitude")));
  EXPECT_THAT(difference(grid, named_grid("O9")), Optional(HasSubstr("cell: 648 cells, expected 544")));
  EXPECT_THAT(difference(grid, make_british_grid()),
              Optional(HasSubstr("a grid of 33 x 49 (lat x lon), expected one of 544 (cell)")));
}

TEST(UnstructuredGrid, IsCroppedToARangeOfCells) {
  Grid grid = named_grid("O2");
  for (std::size_t i = 0; i < 3 * grid.unstructured->areas.size(); ++i) {
    grid.unstructured->corners.latitude.push_back(static_cast<double>(i));
    grid.unstructured->corners.longitude.push_back(-static_cast<double>(i));
  }
  const Grid cropped = crop_grid(grid, {0, 1, 21, 23});
  EXPECT_EQ(cropped.cells(), 2);
  EXPECT_EQ(cropped.unstructured->centres.longitude[0], 15);
  EXPECT_THAT(cropped.unstructured->corners.latitude, ElementsAre(63, 64, 65, 66, 67, 68));
  EXPECT_THAT(
      [&] {
        crop_grid(grid, {0, 2, 0, 4});
      },
      ThrowsMessage<core::Error>("crop 0:2,0:4 does not fit in the grid of 88 (cell)"));
}

TEST(UnstructuredGrid, HasNoBlocks) {
  EXPECT_EQ(difference(named_grid("O2"), block_mean_grid(named_grid("O2"), 1)), std::nullopt);
  EXPECT_THAT([] { block_mean_grid(named_grid("O2"), 2); },
              ThrowsMessage<core::Error>(HasSubstr("observation.operator native")));
}

TEST(UnstructuredGrid, TellsWhereACellIs) {
  EXPECT_EQ(cell_text(make_british_grid(), 50), "lat 57.75, lon -9.75");
  EXPECT_THAT(cell_text(named_grid("O2"), 21), HasSubstr("cell 21, latitude "));
}

TEST(ReducedGaussianName, IsThatOfTheGrid) {
  const std::vector<std::int64_t> classic = {20, 27, 32, 32, 27, 20};
  EXPECT_EQ(reduced_gaussian_name(*named_grid("O32").unstructured), "O32");
  EXPECT_EQ(reduced_gaussian_name(*reduced_gaussian_grid(classic).unstructured), "N3");
  Grid shifted = named_grid("O8");
  for (double& latitude : shifted.unstructured->centres.latitude) latitude *= 0.99;
  EXPECT_EQ(reduced_gaussian_name(*shifted.unstructured), std::nullopt);
  EXPECT_EQ(cells_text(named_grid("O8")), "O8, 544 cells");
  EXPECT_EQ(cells_text(shifted), "544 cells");
}

}  // namespace
}  // namespace foehn::grid::reduced_gaussian_test
