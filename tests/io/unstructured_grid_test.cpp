#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <numbers>
#include <numeric>

#include "foehn/core/error.hpp"
#include "foehn/grid/cell_corners.hpp"
#include "foehn/grid/reduced_gaussian.hpp"
#include "foehn/io/chunk_writer.hpp"
#include "foehn/io/field_reader.hpp"
#include "foehn/io/field_writer.hpp"
#include "foehn/io/grid_reader.hpp"
#include "foehn/io/grid_writer.hpp"
#include "grid/grids.hpp"
#include "io/regridding_files.hpp"
#include "io/run_command.hpp"
#include "io/test_files.hpp"

namespace foehn::io::unstructured_grid_test {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::ThrowsMessage;

constexpr double kSphere = 4 * std::numbers::pi;

FieldHeader header_on(grid::Grid grid) {
  FieldHeader header;
  header.variables = {{"tas", "air_temperature", "K"}, {"uas", "eastward_wind", "m s-1"}};
  header.grid = std::move(grid);
  header.first_seconds = calendar::to_seconds({2019, 3, 26}, header.calendar);
  header.realization = 3;
  header.chunk_steps = 2;
  return header;
}

/// Three hours of a smooth temperature and a wind.
std::vector<float> fields_on(const grid::Grid& grid) {
  std::vector<float> all;
  for (int hour = 0; hour < 3; ++hour) {
    for (const float value : grid::make_field(grid, grid::smooth))
      all.push_back(280 + 10 * value + static_cast<float>(hour));
    for (const float value : grid::make_field(grid, grid::smooth)) all.push_back(5 * value);
  }
  return all;
}

std::filesystem::path write_fields(const TemporaryFolder& folder, const grid::Grid& grid) {
  const std::filesystem::path path = folder / "fields.nc";
  FieldWriter writer(path, header_on(grid));
  writer.append(fields_on(grid));
  writer.commit();
  return path;
}

/// The octahedron's faces, cut into `parts` triangles along each side: cells in no rows, with corners.
grid::Grid triangular_grid(int parts) {
  using Vector = std::array<double, 3>;
  const auto position = [](Vector v) {
    const double length = std::hypot(v[0], v[1], v[2]);
    return grid::Position{std::asin(v[2] / length) / grid::kRadians, std::atan2(v[1], v[0]) / grid::kRadians};
  };
  grid::UnstructuredCells cells{"cell", {}, {}};
  const auto add = [&](const Vector& a, const Vector& b, const Vector& c) {
    const grid::Position centre = position({a[0] + b[0] + c[0], a[1] + b[1] + c[1], a[2] + b[2] + c[2]});
    cells.centres.latitude.push_back(centre.latitude);
    cells.centres.longitude.push_back(centre.longitude);
    for (const Vector& corner : {a, b, c}) {
      cells.corners.latitude.push_back(position(corner).latitude);
      cells.corners.longitude.push_back(position(corner).longitude);
    }
  };
  for (const double x : {1.0, -1.0})
    for (const double y : {1.0, -1.0})
      for (const double z : {1.0, -1.0}) {
        const auto at = [&](int i, int j) {
          return Vector{x * i / parts, y * j / parts, z * (parts - i - j) / parts};
        };
        for (int i = 0; i < parts; ++i)
          for (int j = 0; i + j < parts; ++j) {
            add(at(i, j), at(i + 1, j), at(i, j + 1));
            if (i + j + 1 < parts) add(at(i + 1, j + 1), at(i + 1, j), at(i, j + 1));
          }
      }
  cells.areas =
      grid::areas_of_corners(cells.corners, static_cast<std::int64_t>(cells.centres.latitude.size()));
  return {{}, {}, std::nullopt, cells};
}

/// Cdo's description of the octahedral grid O-N; its path.
std::string describe_rows(const TemporaryFolder& folder, std::int64_t n) {
  const std::string path = folder / "rows";
  std::ofstream text(path);
  text.precision(12);
  text << "gridtype = gaussian_reduced\ngridsize = " << 4 * n * (n + 9) << "\nysize = " << 2 * n
       << "\nnumLPE = " << n << "\nyvals =";
  for (const double latitude : grid::gaussian_rows(2 * n).latitude) text << ' ' << latitude;
  text << "\nreducedPoints =";
  for (const std::int64_t size : grid::octahedral_row_sizes(n)) text << ' ' << size;
  text << '\n';
  return path;
}

double sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

TEST(UnstructuredGrid, ComesBackWithFieldsAndAreas) {
  const TemporaryFolder folder;
  for (const grid::Grid& grid : {grid::named_grid("O8"), triangular_grid(3)}) {
    const auto path = write_fields(folder, grid);
    const FieldReader reader({path}, {});
    ASSERT_EQ(reader.variables().size(), 2U);
    EXPECT_EQ(grid::difference(grid, reader.grid()), std::nullopt);
    EXPECT_EQ(reader.grid().ny(), 1);
    EXPECT_EQ(reader.grid().unstructured->centres.latitude, grid.unstructured->centres.latitude);
    EXPECT_THAT(reader.grid().unstructured->areas,
                ::testing::Pointwise(::testing::DoubleNear(1e-14), grid.unstructured->areas));
    EXPECT_EQ(reader.grid().unstructured->corners.latitude, grid.unstructured->corners.latitude);
    EXPECT_EQ(reader.grid().unstructured->corners.longitude, grid.unstructured->corners.longitude);
    const std::vector<float> expected = fields_on(grid);
    std::vector<float> found(expected.size());
    reader.read(0, 3, found);
    EXPECT_EQ(found, expected);
    EXPECT_THAT(reader.describe_missing(1, 5), ContainsRegex("2019-03-26T01:00:00.*, cell 5, latitude"));
  }
}

TEST(UnstructuredGrid, IsCroppedToCells) {
  const TemporaryFolder folder;
  const grid::Grid grid = grid::named_grid("O8");
  FieldSelection selection;
  selection.crop = grid::Crop{0, 1, 30, 40};
  const FieldReader reader({write_fields(folder, grid)}, selection);
  EXPECT_EQ(reader.grid().cells(), 10);
  std::vector<float> found(20);
  reader.read(2, 1, found);
  const std::vector<float> all = fields_on(grid);
  EXPECT_EQ(found[0], all[4 * 544 + 30]);
  EXPECT_EQ(found[19], all[5 * 544 + 39]);
}

TEST(UnstructuredGrid, IsWrittenInEncodedChunksAsWell) {
  const TemporaryFolder folder;
  const grid::Grid grid = grid::named_grid("O2");
  const FieldHeader header = header_on(grid);
  const std::vector<float> all = fields_on(grid);
  ChunkWriter writer(folder / "member.nc", header, 3);
  const ChunkEncoding encoding{.chunk_steps = 2, .cells = 88, .deflate = header.deflate};
  for (const std::size_t first : {0U, 2U}) {
    std::vector<Chunk> chunks;
    for (std::size_t variable = 0; variable < 2; ++variable) {
      std::vector<float> values;
      for (std::size_t hour = first; hour < std::min<std::size_t>(first + 2, 3); ++hour)
        for (std::size_t cell = 0; cell < 88; ++cell)
          values.push_back(all[(2 * hour + variable) * 88 + cell]);
      chunks.push_back(encode_chunk(values, encoding));
    }
    writer.append(chunks);
  }
  writer.commit();
  const FieldReader reader({folder / "member.nc"}, {});
  std::vector<float> found(all.size());
  reader.read(0, 3, found);
  EXPECT_EQ(found, all);
}

TEST(UnstructuredGrid, HasAreasFromWhatTheFileHas) {
  const TemporaryFolder folder;
  const auto read = [&](const grid::UnstructuredCells& cells, const char* units, std::optional<double> area,
                        bool has_corners) {
    NetcdfFile file = NetcdfFile::create(folder / "areas.nc");
    file.define_dimension("values", cells.size());
    file.define_dimension("time", 1);
    file.define_dimension("nv", 3);
    const auto coordinate = [&](const char* name, const char* direction, const char* bounds) {
      file.define_variable(name, NetcdfType::float64, {"values"},
                           {{"units", std::string(direction)}, {"bounds", std::string(bounds)}});
      if (has_corners) file.define_variable(bounds, NetcdfType::float64, {"values", "nv"}, {});
    };
    coordinate("latitude", "degrees_north", "vlat");
    coordinate("longitude", "degrees_east", "vlon");
    if (area)
      file.define_variable("area", NetcdfType::float64, {"values"},
                           {{"units", std::string(units)}, {"standard_name", std::string("cell_area")}});
    file.define_variable("tas", NetcdfType::float32, {"time", "values"}, {{"units", std::string("K")}});
    file.write("latitude", std::span<const double>(cells.centres.latitude));
    file.write("longitude", std::span<const double>(cells.centres.longitude));
    if (has_corners) {
      file.write("vlat", std::span<const double>(cells.corners.latitude));
      file.write("vlon", std::span<const double>(cells.corners.longitude));
    }
    const std::vector<double> areas(cells.areas.size(), area.value_or(0));
    if (area) file.write("area", std::span<const double>(areas));
    file.close();
    const NetcdfFile opened = NetcdfFile::open(folder / "areas.nc");
    grid::Grid grid = read_grid(opened, opened.variable("tas"));
    read_cell_bounds(opened, grid);
    return *grid.unstructured;
  };
  const grid::UnstructuredCells triangles = *triangular_grid(4).unstructured;
  const grid::UnstructuredCells gaussian = *grid::named_grid("O4").unstructured;
  // 128 cells of 4e12 m2 are the earth but for a few thousandths.
  EXPECT_NEAR(read(triangles, "km2", 4e6, true).areas[7], kSphere / 128, 1e-12);
  EXPECT_NEAR(read(triangles, "m2", 4e11, true).areas[7], 4e11 / 6371229.0 / 6371229.0, 1e-12);
  const grid::UnstructuredCells of_corners = read(triangles, "", std::nullopt, true);
  EXPECT_THAT(of_corners.areas, ::testing::Pointwise(::testing::DoubleNear(1e-12), triangles.areas));
  EXPECT_EQ(of_corners.corners.latitude, triangles.corners.latitude);
  EXPECT_NEAR(sum(triangles.areas), kSphere, 1e-11);
  EXPECT_THAT(read(gaussian, "", std::nullopt, false).areas,
              ::testing::Pointwise(::testing::DoubleNear(1e-12), gaussian.areas));
  EXPECT_THAT([&] { read(triangles, "", std::nullopt, false); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("areas.nc: tas"), HasSubstr("cell_area"))));
  EXPECT_THAT([&] { read(triangles, "m2", -1, true); },
              ThrowsMessage<core::Error>(HasSubstr("area: cell 0: expected a positive area")));
}

TEST(UnstructuredGrid, IsOpenedByCdo) {
  if (!has_cdo()) GTEST_SKIP() << kNoCdo;
  const TemporaryFolder folder;
  const grid::Grid octahedral = grid::named_grid("O16");
  const std::string file = write_fields(folder, octahedral).string();
  const auto [info, status] = run("cdo sinfo " + file);
  EXPECT_EQ(status, 0) << info;
  EXPECT_THAT(without_cdo_on_realization(info),
              AllOf(ContainsRegex("unstructured *: points=1600"), HasSubstr("3 steps"),
                    Not(ContainsRegex("[Ww]arning"))));
  // Means over the boxes of cells are those of the sphere: cdo's own, and of what it regrids by area.
  // A chain reads in threads: -L, and no file twice at the same time, or cdo fails now and then.
  const auto mean = [&](const std::string& operation) {
    const std::string command = "(cdo -L -s outputf,%.6f,1 -fldmean -seltimestep,1 -selname,tas ";
    return std::stod(run(command + operation + " 2> /dev/null)").first);  // of warnings, above
  };
  const std::vector<float> field = grid::make_field(octahedral, grid::smooth);
  double expected = 0;
  for (std::size_t i = 0; i < field.size(); ++i)
    expected += static_cast<double>(280 + 10 * field[i]) * octahedral.unstructured->areas[i] / kSphere;
  EXPECT_NEAR(mean(file), expected, 2e-3);
  EXPECT_NEAR(mean("-remapcon,r72x36 " + file), expected, 2e-2);
  // Bilinear, once cdo is told of the rows.
  EXPECT_NEAR(mean("-remapbil,r72x36 -setgridtype,regular -setgrid," + describe_rows(folder, 16) +
                   " -selname,tas " + file),
              expected, 0.05);
  // Bilinear from a regular grid to this one, by its own file.
  const std::string regular = (folder / "regular.nc").string();
  ASSERT_TRUE(run_cdo("-remapcon,r72x36 " + file + ' ' + regular));
  EXPECT_NEAR(mean("-remapbil," + file + ' ' + regular), expected, 0.2);
}

TEST(UnstructuredGrid, IsNotThatOfStationsBesideFields) {
  const TemporaryFolder folder;
  NetcdfFile file = NetcdfFile::create(folder / "both.nc");
  const auto define = [&](const std::string& name, const std::vector<std::string>& dimensions,
                          const std::string& units, const std::string& standard_name) {
    file.define_variable(name, NetcdfType::float64, dimensions,
                         {{"units", units}, {"standard_name", standard_name}});
  };
  for (const char* name : {"time", "lat", "lon", "station"}) file.define_dimension(name, 2);
  define("time", {"time"}, "hours since 2000-01-01", "time");
  define("lat", {"lat"}, "degrees_north", "latitude");
  define("lon", {"lon"}, "degrees_east", "longitude");
  define("station_lat", {"station"}, "degrees_north", "latitude");
  define("station_lon", {"station"}, "degrees_east", "longitude");
  define("measured", {"time", "station"}, "K", "air_temperature");
  define("tas", {"time", "lat", "lon"}, "K", "air_temperature");
  for (const char* name : {"time", "lat", "lon", "station_lat", "station_lon"})
    file.write(name, std::vector<double>{1, 2});
  file.write("measured", std::vector<double>(4, 280));
  file.write("tas", std::vector<double>(8, 281));
  file.close();
  const FieldReader reader({folder / "both.nc"}, {});
  ASSERT_EQ(reader.variables().size(), 1U);
  EXPECT_EQ(reader.variables()[0].name, "tas");
  EXPECT_FALSE(reader.grid().unstructured);
}

TEST(UnstructuredGrid, IsReadAsCdoWritesReducedGaussianGrids) {
  if (!has_cdo()) GTEST_SKIP() << kNoCdo;
  const TemporaryFolder folder;
  const grid::Grid octahedral = grid::named_grid("O8");
  const std::string rows = describe_rows(folder, 8);
  const std::string reduced = (folder / "reduced.nc").string(), cells = (folder / "cells.nc").string();
  ASSERT_TRUE(run_cdo("-f nc4 -setunit,K -setname,tas -settaxis,2000-01-01,00:00:00,1hour -const,1," + rows +
                      ' ' + reduced));
  ASSERT_TRUE(run_cdo("-setgridtype,unstructured " + reduced + ' ' + cells));
  for (const std::string& path : {reduced, cells}) {
    const NetcdfFile file = NetcdfFile::open(path);
    const grid::Grid found = read_grid(file, file.variable("tas"));
    EXPECT_EQ(grid::difference(octahedral, found), std::nullopt) << path;
    EXPECT_THAT(found.unstructured->areas,
                ::testing::Pointwise(::testing::DoubleNear(1e-12), octahedral.unstructured->areas));
  }
  // Icosahedral cells, in radians, with corners and without areas.
  const std::string icosahedral = (folder / "icosahedral.nc").string();
  ASSERT_TRUE(run_cdo("-f nc4 -settaxis,2000-01-01,00:00:00,1hour -topo,icor2b00 " + icosahedral));
  const NetcdfFile file = NetcdfFile::open(icosahedral);
  const grid::Grid found = read_grid(file, file.variable("topo"));
  EXPECT_EQ(found.cells(), 80);
  EXPECT_NEAR(sum(found.unstructured->areas), kSphere, 1e-9);
}

}  // namespace
}  // namespace foehn::io::unstructured_grid_test
