#include "foehn/grid/rotation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "foehn/core/error.hpp"
#include "grid/grids.hpp"

namespace foehn::grid::rotation_test {
namespace {

using ::testing::Each;
using ::testing::ThrowsMessage;

TEST(RotatedPositions, ComeBack) {
  for (const RotatedPole& pole :
       {RotatedPole{39.25, -162, 0}, RotatedPole{-12, 77, 30}, RotatedPole{90, 180, 0}}) {
    for (const double latitude : {-88.0, -30.5, 0.0, 51.0, 89.0}) {
      for (const double longitude : {-179.0, -20.0, 0.0, 100.0, 179.0}) {
        const Position there = to_rotated(pole, {latitude, longitude});
        const Position back = to_geographic(pole, there);
        EXPECT_NEAR(back.latitude, latitude, 1e-10);
        EXPECT_NEAR(std::remainder(back.longitude - longitude, 360.0), 0.0, 1e-9);
      }
    }
  }
  EXPECT_NEAR(to_rotated({39.25, -162, 0}, {39.25, -162}).latitude, 90, 1e-5);
  EXPECT_NEAR(to_rotated({39.25, -162, 0}, {50.75, 18}).latitude, 0, 1e-10);
  EXPECT_NEAR(to_rotated({39.25, -162, 0}, {50.75, 18}).longitude, 0, 1e-10);
}

TEST(GridAngles, AreThoseOfTheGridsOwnDirections) {
  const Grid grid = make_european_grid();
  const std::vector<double> angles = grid_angles(grid);
  constexpr double kStep = 1e-4;
  for (std::size_t i = 0; i < angles.size(); ++i) {
    const double y = grid.y.values[i / 22];
    const double x = grid.x.values[i % 22];
    const Position west = to_geographic(*grid.rotated_pole, {y, x - kStep});
    const Position east = to_geographic(*grid.rotated_pole, {y, x + kStep});
    const double eastward = std::remainder(east.longitude - west.longitude, 360.0) *
                            std::cos((east.latitude + west.latitude) / 2 * kRadians);
    ASSERT_NEAR(
        std::remainder(angles[i] - std::atan2(east.latitude - west.latitude, eastward), 2 * std::numbers::pi),
        0.0, 1e-6)
        << i;
  }
  EXPECT_THAT(grid_angles(make_global_grid(4, 8)), Each(0.0));
}

TEST(RotatedWinds, OfARotatingGlobeBlowAlongTheParallels) {
  // Solid-body rotation about the rotated pole is purely along the grid's own x.
  const Grid grid = make_european_grid();
  const Geographic cells = geographic_coordinates(grid);
  const RotatedPole& pole = *grid.rotated_pole;
  std::vector<float> u, v, eastward, northward;
  for (std::size_t i = 0; i < cells.latitude.size(); ++i) {
    u.push_back(static_cast<float>(10 * std::cos(grid.y.values[i / 22] * kRadians)));
    v.push_back(0);
    const double phi = cells.latitude[i] * kRadians;
    const double lambda = (cells.longitude[i] - pole.pole_longitude) * kRadians;
    const double axis = pole.pole_latitude * kRadians;
    // Omega x r in eastward and northward components.
    eastward.push_back(static_cast<float>(
        10 * (std::sin(axis) * std::cos(phi) - std::cos(axis) * std::sin(phi) * std::cos(lambda))));
    northward.push_back(static_cast<float>(10 * std::cos(axis) * std::sin(lambda)));
  }
  rotate_winds_to_geographic(grid_angles(grid), u, v);
  for (std::size_t i = 0; i < u.size(); ++i) {
    ASSERT_NEAR(u[i], eastward[i], 1e-5) << i;
    ASSERT_NEAR(v[i], northward[i], 1e-5) << i;
  }
}

TEST(RotatedWinds, NeedOneAngleACell) {
  std::vector<float> u(3), v(2);
  const std::vector<double> angles(3);
  EXPECT_THAT([&] { rotate_winds_to_geographic(angles, u, v); },
              ThrowsMessage<core::Error>("winds to rotate: 3 and 2 components, expected 3 of each"));
}

}  // namespace
}  // namespace foehn::grid::rotation_test
