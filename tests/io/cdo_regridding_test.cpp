#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "foehn/grid/regridding.hpp"
#include "foehn/grid/rotation.hpp"
#include "foehn/io/weight_file.hpp"
#include "grid/grids.hpp"
#include "io/regridding_files.hpp"

namespace foehn::io::cdo_regridding_test {
namespace {

double temperature(double latitude, double longitude) {
  return 280 + 10 * grid::smooth(latitude, longitude);
}

/// A rotated grid as cdo's own text, with the corners of its cells: cdo does not find them by itself.
void write_cells(const std::filesystem::path& path, const grid::Grid& grid) {
  const double half_y = (grid.y.values[1] - grid.y.values[0]) / 2;
  const double half_x = (grid.x.values[1] - grid.x.values[0]) / 2;
  std::ostringstream latitudes, longitudes, latitude_corners, longitude_corners;
  for (std::ostringstream* text : {&latitudes, &longitudes, &latitude_corners, &longitude_corners}) {
    text->precision(15);
  }
  for (const double y : grid.y.values) {
    for (const double x : grid.x.values) {
      const grid::Position centre = grid::to_geographic(*grid.rotated_pole, {y, x});
      latitudes << centre.latitude << '\n';
      longitudes << centre.longitude << '\n';
      for (const auto& [north, east] : {std::pair(-1, -1), {-1, 1}, {1, 1}, {1, -1}}) {
        const grid::Position corner =
            grid::to_geographic(*grid.rotated_pole, {y + north * half_y, x + east * half_x});
        latitude_corners << corner.latitude << '\n';
        longitude_corners << corner.longitude << '\n';
      }
    }
  }
  std::ofstream(path) << "gridtype = curvilinear\ngridsize = " << grid.cells() << "\nxsize = " << grid.nx()
                      << "\nysize = " << grid.ny() << "\nxvals = " << longitudes.str()
                      << "yvals = " << latitudes.str() << "xbounds = " << longitude_corners.str()
                      << "ybounds = " << latitude_corners.str();
}

/// What cdo makes of a smooth field, and what its weights and ours make of it.
struct Comparison {
  Differences with_its_weights;
  Differences with_ours;
};

/// @param ours  the source as we are told of it
Comparison compare(const std::string& method, const grid::Grid& source, const grid::Grid& target,
                   const grid::Grid& ours) {
  const TemporaryFolder folder;
  const std::vector<float> field = grid::make_field(source, temperature);
  write_field(folder / "source.nc", source, field);
  if (method == "con" && target.rotated_pole) {
    write_cells(folder / "target", target);
  } else {
    write_field(folder / "target", target, grid::make_field(target, temperature));
  }
  const auto remap = [&](const char* operation, const char* result) {
    std::ostringstream arguments;  // paths come out in quotes
    arguments << operation << method << ',' << folder / "target" << ' ' << folder / "source.nc" << ' '
              << folder / result;
    return run_cdo(arguments.str());
  };
  if (!remap("remap", "remapped.nc") || !remap("gen", "weights.nc")) {
    ADD_FAILURE() << "cdo failed";
    return {};
  }
  const std::vector<double> expected = read_field(folder / "remapped.nc");
  const auto its_weights =
      read_weight_file(folder / "weights.nc", grid::cell_centres(source), grid::cell_centres(target));
  const auto our_weights = method == "bil"
                               ? grid::bilinear_weights(ours, grid::geographic_coordinates(target))
                               : grid::conservative_weights(ours, target);
  const Comparison result{differences(regrid(its_weights, field), expected),
                          differences(regrid(our_weights, field), expected)};
  std::printf("cdo %s: its weights: most %.2g, rms %.2g K; ours: most %.2g, rms %.2g K\n", method.c_str(),
              result.with_its_weights.most, result.with_its_weights.rms, result.with_ours.most,
              result.with_ours.rms);
  return result;
}

Comparison compare(const std::string& method, const grid::Grid& source, const grid::Grid& target) {
  return compare(method, source, target, source);
}

/// Geographic, inside the source's rows, across its seam.
grid::Grid make_target() {
  return {grid::make_axis("lat", 60, -0.9, 30), grid::make_axis("lon", -17.3, 1.1, 50), std::nullopt};
}

/// Half the last digit of a float32 near 300, and the rounding of the source.
constexpr double kRounding = 4e-5;

TEST(Cdo, BilinearlyRemapsAsWeDo) {
  if (!has_cdo()) GTEST_SKIP() << kNoCdo;
  for (const grid::Grid& source : {grid::make_global_grid(36, 72), grid::make_global_grid(37, 75, -180)}) {
    for (const grid::Grid& target : {make_target(), grid::make_european_grid()}) {
      const Comparison found = compare("bil", source, target);
      EXPECT_LT(found.with_its_weights.most, kRounding);
      EXPECT_LT(found.with_ours.most, kRounding);
    }
  }
}

TEST(Cdo, ConservativelyRemapsAsWeDo) {
  if (!has_cdo()) GTEST_SKIP() << kNoCdo;
  for (const grid::Grid& source : {grid::make_global_grid(36, 72), grid::make_global_grid(37, 75, -180)}) {
    for (const grid::Grid& target : {make_target(), grid::make_global_grid(13, 25)}) {
      const Comparison found = compare("con", source, target);
      EXPECT_LT(found.with_its_weights.most, kRounding);
      EXPECT_LT(found.with_ours.most, kRounding);
    }
  }
}

/// Rows that are narrower towards the pole, with edges that are not half-way, as of a Gaussian grid.
grid::Grid make_uneven_grid() {
  grid::Grid grid = grid::make_global_grid(36, 72);
  double edge = -90;
  for (std::size_t i = 0; i < 36; ++i) {
    const double next =
        i == 35 ? 90.0 : -90 + 5 * static_cast<double>(i + 1) + 0.8 * std::sin(static_cast<double>(i));
    grid.y.bounds.insert(grid.y.bounds.end(), {edge, next});
    edge = next;
  }
  return grid;
}

TEST(Cdo, ConservativelyRemapsFromCellsWithBoundsAsWeDo) {
  if (!has_cdo()) GTEST_SKIP() << kNoCdo;
  const Comparison found = compare("con", make_uneven_grid(), make_target());
  EXPECT_LT(found.with_its_weights.most, kRounding);
  EXPECT_LT(found.with_ours.most, kRounding);
  grid::Grid without = make_uneven_grid();
  without.y.bounds.clear();
  EXPECT_GT(compare("con", make_uneven_grid(), make_target(), without).with_ours.most, 100 * kRounding)
      << "the bounds make no difference";
}

TEST(Cdo, ConservativelyRemapsToARotatedGridAsWeDoButForCurvedSides) {
  if (!has_cdo()) GTEST_SKIP() << kNoCdo;
  // cdo's cells have great circles for sides, ours the rotated parallels. What lies between is a part of the
  // cell as small as its width: the difference falls with it.
  const grid::Grid source = grid::make_global_grid(36, 72);
  for (const auto& [target, most] : {std::pair(grid::make_european_grid(23, 24), 4e-3),
                                     std::pair(grid::make_european_grid(89, 93), 1e-3)}) {
    const Comparison found = compare("con", source, target);
    EXPECT_LT(found.with_its_weights.most, kRounding);
    EXPECT_LT(found.with_ours.most, most);
  }
}

}  // namespace
}  // namespace foehn::io::cdo_regridding_test
