#include "foehn/grid/grid.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "foehn/core/error.hpp"
#include "grid/grids.hpp"

namespace foehn::grid::grid_test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;
using ::testing::ThrowsMessage;

TEST(Crop, IsReadFromText) {
  const Crop crop = parse_crop("1:33,0:48");
  EXPECT_EQ(crop.y0, 1);
  EXPECT_EQ(crop.y1, 33);
  EXPECT_EQ(crop.x0, 0);
  EXPECT_EQ(crop.x1, 48);
}

TEST(Crop, RefusesTextOfAnotherForm) {
  for (const char* text : {"", "0:32", "0:32,", "0:32,0", "0:32,0:48,0:2", "0:32;0:48", "5:5,0:48",
                           "6:5,0:48", "-1:5,0:48", "0:3 2,0:48", "a:b,c:d", "0:32,0:99999999999999999999"}) {
    EXPECT_THAT(
        [&] { parse_crop(text); },
        ThrowsMessage<core::Error>(AllOf(HasSubstr("crop '" + std::string(text)), HasSubstr("y0:y1,x0:x1"))));
  }
}

TEST(Crop, KeepsTheNamedRowsAndColumns) {
  const Grid cropped = crop_grid(make_british_grid(), {1, 4, 47, 49});
  EXPECT_THAT(cropped.y.values, ElementsAre(57.75, 57.5, 57.25));
  EXPECT_THAT(cropped.x.values, ElementsAre(1.75, 2.0));
  EXPECT_EQ(cropped.y.units, "degrees_north");
}

TEST(Crop, MustFitInside) {
  EXPECT_THAT(
      [] {
        crop_grid(make_british_grid(), {0, 34, 0, 48});
      },
      ThrowsMessage<core::Error>("crop 0:34,0:48 does not fit in the grid of 33 x 49 (lat x lon)"));
  EXPECT_THROW(crop_grid(make_british_grid(), {0, 32, 0, 50}), core::Error);
  EXPECT_THROW(crop_grid(make_british_grid(), {3, 3, 0, 48}), core::Error);
}

TEST(BlockMeanGrid, LiesAtTheMeansOfTheBlocks) {
  const Grid coarse = block_mean_grid(crop_grid(make_british_grid(), {0, 32, 0, 48}), 8);
  ASSERT_EQ(coarse.ny(), 4);
  ASSERT_EQ(coarse.nx(), 6);
  EXPECT_DOUBLE_EQ(coarse.y.values[0], 58 - 3.5 * 0.25);
  EXPECT_DOUBLE_EQ(coarse.y.values[1], 58 - 11.5 * 0.25);
  EXPECT_DOUBLE_EQ(coarse.x.values[5], -10 + 43.5 * 0.25);
  EXPECT_EQ(coarse.x.standard_name, "longitude");
}

TEST(BlockMeanGrid, NeedsBlocksThatDivideTheGrid) {
  EXPECT_THAT(
      [] { block_mean_grid(make_british_grid(), 8); },
      ThrowsMessage<core::Error>("blocks of 8 x 8 cells do not divide the grid of 33 x 49 (lat x lon)"));
  EXPECT_THROW(block_mean_grid(make_british_grid(), 0), core::Error);
  EXPECT_EQ(difference(make_british_grid(), block_mean_grid(make_british_grid(), 1)), std::nullopt);
}

TEST(GridDifference, IsNoneForTheSameGridWithRoundingAndOtherNames) {
  Grid other = make_british_grid();
  other.y.name = "latitude";
  for (double& y : other.y.values) y = static_cast<double>(static_cast<float>(y * 1.0000001));
  EXPECT_EQ(difference(make_british_grid(), other), std::nullopt);
}

TEST(GridDifference, ComparesLongitudesModulo360) {
  Grid other = make_british_grid();
  for (double& x : other.x.values) x += x < 0 ? 360 : 0;
  EXPECT_EQ(difference(make_british_grid(), other), std::nullopt);
  Grid turned = make_british_grid();
  for (double& y : turned.y.values) y += 360;
  EXPECT_NE(difference(make_british_grid(), turned), std::nullopt);
}

TEST(GridDifference, NamesSizePointAndPole) {
  EXPECT_THAT(difference(crop_grid(make_british_grid(), {0, 32, 0, 49}), make_british_grid()),
              Optional(std::string("lat: 33 points, expected 32")));
  Grid shifted = make_british_grid();
  for (double& x : shifted.x.values) x += 0.001;
  EXPECT_THAT(difference(make_british_grid(), shifted),
              Optional(std::string("lon: point 0 is at -9.999 degrees, expected -10")));
  Grid flipped = make_british_grid();
  std::reverse(flipped.y.values.begin(), flipped.y.values.end());
  EXPECT_THAT(difference(make_british_grid(), flipped), Optional(HasSubstr("lat: point 0 is at 50")));
  Grid rotated = make_british_grid();
  rotated.rotated_pole = RotatedPole{39.25, -162, 0};
  EXPECT_THAT(difference(make_british_grid(), rotated),
              Optional(AllOf(HasSubstr("39.25"), HasSubstr("expected a geographic grid"))));
  Grid same_pole = rotated;
  same_pole.rotated_pole->pole_longitude = 198;
  EXPECT_EQ(difference(rotated, same_pole), std::nullopt);
  same_pole.rotated_pole->pole_latitude = 39.3;
  EXPECT_NE(difference(rotated, same_pole), std::nullopt);
}

TEST(GeographicCoordinates, OfAGeographicGridAreItsOwn) {
  const Grid grid = crop_grid(make_british_grid(), {0, 2, 0, 2});
  const Geographic geographic = geographic_coordinates(grid);
  EXPECT_THAT(geographic.latitude, ElementsAre(58, 58, 57.75, 57.75));
  EXPECT_THAT(geographic.longitude, ElementsAre(-10, -9.75, -10, -9.75));
}

Geographic at(const RotatedPole& pole, double y, double x) {
  return geographic_coordinates({{"rlat", "", "", {y}}, {"rlon", "", "", {x}}, pole});
}

TEST(GeographicCoordinates, PutTheRotatedPolesWhereTheyBelong) {
  const RotatedPole pole{39.25, -162, 0};
  // The rotated equator's middle lies a quarter circle from the pole, on the opposite meridian.
  EXPECT_NEAR(at(pole, 0, 0).latitude[0], 50.75, 1e-12);
  EXPECT_NEAR(at(pole, 0, 0).longitude[0], 18, 1e-12);
  EXPECT_NEAR(at(pole, 90, 0).latitude[0], 39.25, 1e-12);
  EXPECT_NEAR(at(pole, 90, 0).longitude[0], -162, 1e-12);
  EXPECT_NEAR(at(pole, 39.25, 0).latitude[0], 90, 1e-6);
  // East is east.
  EXPECT_GT(at(pole, 0, 1).longitude[0], 18);
  // The geographic north pole lies at the grid longitude that the mapping names.
  EXPECT_NEAR(at({39.25, -162, 30}, 39.25, 30).latitude[0], 90, 1e-6);
  // A pole that is not rotated.
  EXPECT_NEAR(at({90, 180, 0}, 12, 34).latitude[0], 12, 1e-12);
  EXPECT_NEAR(at({90, 180, 0}, 12, 34).longitude[0], 34, 1e-12);
}

TEST(GeographicCoordinates, KeepDistances) {
  const auto distance = [](double lat_a, double lon_a, double lat_b, double lon_b) {
    const double r = std::numbers::pi / 180;
    return std::acos(std::sin(lat_a * r) * std::sin(lat_b * r) +
                     std::cos(lat_a * r) * std::cos(lat_b * r) * std::cos((lon_a - lon_b) * r)) /
           r;
  };
  const Grid grid{
      {"rlat", "", "", {-23, -5, 11, 21}}, {"rlon", "", "", {-28, 3, 17}}, RotatedPole{39.25, -162, 12}};
  const Geographic geographic = geographic_coordinates(grid);
  for (std::size_t a = 0; a < 12; ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      EXPECT_NEAR(
          distance(geographic.latitude[a], geographic.longitude[a], geographic.latitude[b],
                   geographic.longitude[b]),
          distance(grid.y.values[a / 3], grid.x.values[a % 3], grid.y.values[b / 3], grid.x.values[b % 3]),
          1e-9);
    }
  }
}

}  // namespace
}  // namespace foehn::grid::grid_test
