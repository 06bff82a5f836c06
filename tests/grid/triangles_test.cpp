#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "foehn/core/error.hpp"
#include "foehn/grid/reduced_gaussian.hpp"
#include "foehn/grid/regridding.hpp"
#include "grid/grids.hpp"

namespace foehn::grid::triangles_test {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// Classic: rows of about even steps along the parallels.
Grid classic_grid(std::int64_t rows) {
  std::vector<std::int64_t> sizes;
  for (const double latitude : gaussian_rows(rows).latitude)
    sizes.push_back(std::max<std::int64_t>(
        8, std::lround(2 * static_cast<double>(rows) * std::cos(latitude * kRadians))));
  return reduced_gaussian_grid(sizes);
}

/// The largest error for the smooth field, at points all over the sphere.
double largest_error(const Grid& source, const Geographic& targets) {
  const std::vector<float> found = regrid(bilinear_weights(source, targets), make_field(source, smooth));
  double largest = 0;
  for (std::size_t i = 0; i < found.size(); ++i)
    largest = std::max(
        largest, std::abs(static_cast<double>(found[i]) - smooth(targets.latitude[i], targets.longitude[i])));
  return largest;
}

TEST(TriangleWeights, SumToOneAndAreNotNegative) {
  for (const Grid& source : {named_grid("O4"), named_grid("O16"), classic_grid(32)}) {
    const RegriddingWeights weights = bilinear_weights(source, random_points(2000));
    EXPECT_THAT(weights.weight, Each(::testing::Gt(0)));
    EXPECT_THAT(regrid(weights, std::vector<float>(static_cast<std::size_t>(source.cells()), 3.5F)),
                Each(::testing::FloatNear(3.5F, 1e-6F)));
  }
}

TEST(TriangleWeights, GiveTheCellsTheirOwnValues) {
  const Grid grid = named_grid("O16");
  const std::vector<float> field = make_field(grid, smooth);
  EXPECT_THAT(regrid(bilinear_weights(grid, geographic_coordinates(grid)), field),
              ::testing::Pointwise(::testing::FloatNear(1e-5F), field));
}

TEST(TriangleWeights, KeepTheDirectionOfTheTarget) {
  // x, y and z, interpolated, point to the target: what is linear in them is exact but for the chord's
  // height.
  const Grid source = named_grid("O16");
  const Geographic targets = random_points(3000, -84, 84);  // no pole among the corners
  const RegriddingWeights weights = bilinear_weights(source, targets);
  const auto component = [&](auto&& value) { return regrid(weights, make_field(source, value)); };
  const auto radians = [](double degrees) { return degrees * kRadians; };
  const auto x =
      component([&](double phi, double l) { return std::cos(radians(phi)) * std::cos(radians(l)); });
  const auto y =
      component([&](double phi, double l) { return std::cos(radians(phi)) * std::sin(radians(l)); });
  const auto z = component([&](double phi, double) { return std::sin(radians(phi)); });
  for (std::size_t i = 0; i < targets.latitude.size(); ++i) {
    const double latitude = std::atan2(z[i], std::hypot(x[i], y[i])) / kRadians;
    const double longitude = std::atan2(y[i], x[i]) / kRadians;
    ASSERT_NEAR(latitude, targets.latitude[i], 2e-5);
    ASSERT_NEAR(std::remainder(longitude - targets.longitude[i], 360.0), 0,
                2e-5 / std::cos(radians(targets.latitude[i])));
  }
}

TEST(TriangleWeights, AreOfSecondOrder) {
  const Geographic targets = random_points(4000);
  const double coarse = largest_error(named_grid("O16"), targets),
               fine = largest_error(named_grid("O64"), targets);
  EXPECT_LT(coarse, 0.02);
  EXPECT_LT(fine, coarse / 10);
  EXPECT_LT(largest_error(classic_grid(64), targets), 0.01);
}

TEST(TriangleWeights, ReachThePolesAndTheSeam) {
  const Grid source = named_grid("O32");
  const Geographic targets{{90, -90, 89.9, 10, 10, 0}, {0, 77, 123, 360, -0.1, 359.99}};
  EXPECT_LT(largest_error(source, targets), 0.005);
}

TEST(TriangleWeights, NeedRows) {
  UnstructuredCells cells = *named_grid("O4").unstructured;
  std::swap(cells.centres.longitude[3], cells.centres.longitude[7]);
  const Grid list{{}, {}, std::nullopt, cells};
  EXPECT_THAT(
      [&] {
        bilinear_weights(list, {{0}, {0}});
      },
      ThrowsMessage<core::Error>(HasSubstr("208 cells (cell): they lie in no rows")));
  EXPECT_THAT(
      [] {
        bilinear_weights(reduced_gaussian_grid(std::vector<std::int64_t>{2, 8, 8, 2}), {{0}, {0}});
      },
      ThrowsMessage<core::Error>(HasSubstr("has 2 cells, expected at least 3")));
  const Grid band = crop_grid(named_grid("O8"), {0, 1, 44, 500});
  EXPECT_THAT(
      [&] {
        bilinear_weights(band, {{0}, {0}});
      },
      ThrowsMessage<core::Error>(HasSubstr("from the pole")));
}

}  // namespace
}  // namespace foehn::grid::triangles_test
