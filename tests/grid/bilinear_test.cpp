#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "foehn/core/error.hpp"
#include "foehn/grid/regridding.hpp"
#include "foehn/grid/rotation.hpp"
#include "grid/grids.hpp"

namespace foehn::grid::bilinear_test {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(BilinearWeights, KeepConstantsOnTheWholeSphere) {
  for (const Grid& source :
       {make_global_grid(18, 36), make_global_grid(18, 36, -180), make_global_grid(19, 37, 5.3)}) {
    const auto weights = bilinear_weights(source, random_points(2000));
    const std::vector<float> constant(static_cast<std::size_t>(source.cells()), 287.25F);
    EXPECT_THAT(regrid(weights, constant), Each(FloatNear(287.25F, 1e-4F)));
  }
}

TEST(BilinearWeights, KeepFieldsThatAreLinearInLatitudeAndLongitude) {
  const auto linear = [](double lat, double lon) { return 3 + 0.5 * lat - 0.25 * lon; };
  const Geographic points = random_points(500, 50.0, 58.0, -10, 2);
  const auto found =
      regrid(bilinear_weights(make_british_grid(), points), make_field(make_british_grid(), linear));
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_NEAR(found[i], linear(points.latitude[i], points.longitude[i]), 1e-5) << i;
  }
}

TEST(BilinearWeights, AreTheSameWhicheverWayAndFromWhereTheAxesRun) {
  const Grid south_first = make_global_grid(24, 48);
  Grid north_first = south_first;
  std::reverse(north_first.y.values.begin(), north_first.y.values.end());
  Grid west_from_dateline = make_global_grid(24, 48, -180);
  Grid from_greenwich_twice = south_first;
  for (double& x : from_greenwich_twice.x.values) x += 360;
  Grid westward = south_first;
  std::reverse(westward.x.values.begin(), westward.x.values.end());
  Grid closed = south_first;
  closed.x.values.push_back(360);
  const Geographic points = random_points(1000);
  const auto expected = regrid(bilinear_weights(south_first, points), make_field(south_first, smooth));
  for (const Grid& other : {north_first, west_from_dateline, from_greenwich_twice, westward, closed}) {
    const auto found = regrid(bilinear_weights(other, points), make_field(other, smooth));
    for (std::size_t i = 0; i < found.size(); ++i) ASSERT_NEAR(found[i], expected[i], 2e-6) << i;
  }
}

TEST(BilinearWeights, AreThoseOfASearchOverAllCells) {
  const Grid source = make_global_grid(18, 36, -177.5);
  const Geographic points = random_points(500, -85, 85, -720, 720);
  const auto weights = bilinear_weights(source, points);
  for (std::size_t i = 0; i < points.latitude.size(); ++i) {
    std::vector<double> expected(static_cast<std::size_t>(source.cells()), 0.0);
    for (std::size_t y = 0; y < 18; ++y) {
      for (std::size_t x = 0; x < 36; ++x) {
        // Tents of one step each way round every centre.
        const double north = std::abs(points.latitude[i] - source.y.values[y]) / 10;
        const double east = std::abs(std::remainder(points.longitude[i] - source.x.values[x], 360.0)) / 10;
        expected[y * 36 + x] = std::max(0.0, 1 - north) * std::max(0.0, 1 - east);
      }
    }
    for (auto link = weights.first_link[i]; link < weights.first_link[i + 1]; ++link) {
      const auto k = static_cast<std::size_t>(link);
      expected[static_cast<std::size_t>(weights.source_cell[k])] -= weights.weight[k];
    }
    for (const double rest : expected) ASSERT_NEAR(rest, 0.0, 1e-12) << i;
  }
}

TEST(BilinearWeights, AreLinearFromTheLastRowToItsMeanAtThePole) {
  const Grid source = make_global_grid(18, 36);
  const auto field = make_field(source, [](double lat, double lon) { return lat > 80 ? lon : 0.0; });
  const auto east = field[17 * 36 + 4];
  const auto found = regrid(bilinear_weights(source, {{85, 87.5, 90, 90}, {40, 40, 40, -77}}), field);
  const auto at_pole = found[2];
  EXPECT_EQ(found[0], east);
  EXPECT_NEAR(found[1], (east + at_pole) / 2, 1e-4);
  EXPECT_EQ(found[3], at_pole);
  // Longitudes of a geographic grid are its own, from 0 to 350 here.
  EXPECT_NEAR(at_pole, 175, 1e-4);
}

TEST(BilinearWeights, TakeTheBorderWithinHalfACellOfARegionAndRefuseMore) {
  const Grid source = make_british_grid();
  const auto field = make_field(source, [](double lat, double lon) { return lat + lon; });
  EXPECT_THAT(regrid(bilinear_weights(source, {{58.12, 55, 49.88}, {-10.12, 362.12, -5}}), field),
              ElementsAre(48.0F, 57.0F, 45.0F));
  EXPECT_THAT(
      [&] {
        bilinear_weights(source, {{55, 58.13}, {-5, -5}});
      },
      ThrowsMessage<core::Error>(
          AllOf(HasSubstr("cell 1 of the grid wanted, at latitude 58.13, longitude -5"),
                HasSubstr("half a cell"), HasSubstr("lat 50 to 58, lon -10 to 2"))));
  EXPECT_THROW(bilinear_weights(source, {{55}, {-10.13}}), core::Error);
  EXPECT_THROW(bilinear_weights(source, {{55}, {std::nan("")}}), core::Error);
  EXPECT_THROW(bilinear_weights(source, {{std::nan("")}, {0}}), core::Error);
}

TEST(BilinearWeights, OfATooSmallOrTooWideGridAreRefused) {
  Grid row = make_british_grid();
  row.y.values.resize(1);
  EXPECT_THAT(
      [&] {
        bilinear_weights(row, {{55}, {-5}});
      },
      ThrowsMessage<core::Error>(HasSubstr("at least 2 points along lat, found 1")));
  Grid wide = make_global_grid(18, 36);
  wide.x.values.push_back(360);
  wide.x.values.push_back(370);
  EXPECT_THAT(
      [&] {
        bilinear_weights(wide, {{55}, {-5}});
      },
      ThrowsMessage<core::Error>(HasSubstr("lon spans 370 degrees")));
}

TEST(BilinearWeights, OfARotatedGridAreBilinearInItsOwnCoordinates) {
  const Grid source = make_european_grid();
  std::vector<float> field;
  for (const double y : source.y.values) {
    for (const double x : source.x.values) field.push_back(static_cast<float>(2 * y - x));
  }
  const Geographic points = random_points(500, 40, 60, 0, 30);
  const auto found = regrid(bilinear_weights(source, points), field);
  for (std::size_t i = 0; i < found.size(); ++i) {
    const Position own = to_rotated(*source.rotated_pole, {points.latitude[i], points.longitude[i]});
    ASSERT_NEAR(found[i], 2 * own.latitude - own.longitude, 1e-5) << i;
  }
  EXPECT_THAT(
      [&] {
        bilinear_weights(source, {{-50}, {0}});
      },
      ThrowsMessage<core::Error>(HasSubstr("in the rotated grid latitude")));
}

}  // namespace
}  // namespace foehn::grid::bilinear_test
