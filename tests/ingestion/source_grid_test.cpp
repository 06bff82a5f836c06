#include "foehn/ingestion/source_grid.hpp"

#include <gmock/gmock.h>

#include <optional>

#include "foehn/core/error.hpp"
#include "foehn/grid/rotation.hpp"
#include "foehn/io/field_writer.hpp"
#include "grid/grids.hpp"
#include "io/raw_wrf_file.hpp"
#include "simulation_file.hpp"

namespace foehn::ingestion::source_grid_test {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr std::int64_t kRows = 8, kColumns = 9;

/// A field that is 273.15 K and its own latitude, on rows and columns askew to the meridians, or on the same
/// cells as a mesh.
/// @param suppressed  the position that the first two cells are given
void write_askew(const std::filesystem::path& path, bool is_mesh, const std::string& units = "degrees_north",
                 std::optional<double> suppressed = std::nullopt) {
  std::vector<double> latitude, longitude;
  for (std::int64_t j = 0; j < kRows; ++j)
    for (std::int64_t i = 0; i < kColumns; ++i) {
      latitude.push_back(46 + 0.8 * static_cast<double>(j) + 0.1 * static_cast<double>(i));
      longitude.push_back(5 + 0.9 * static_cast<double>(i) - 0.1 * static_cast<double>(j));
    }
  std::vector<double> values = latitude;
  for (double& value : values) value += 273.15;
  if (suppressed)
    for (const std::size_t cell : {0, 1}) latitude[cell] = longitude[cell] = *suppressed;
  const std::vector<double> hours{0};
  io::NetcdfFile file = io::NetcdfFile::create(path);
  std::vector<std::string> cells = {"cell"};
  if (is_mesh) {
    file.define_dimension("cell", kRows * kColumns);
  } else {
    cells = {"j", "i"};
    file.define_dimension("j", kRows);
    file.define_dimension("i", kColumns);
  }
  file.define_dimension("time", 1);
  file.define_variable("time", io::NetcdfType::float64, {"time"},
                       {{"units", std::string("hours since 2001-1-1")}});
  file.define_variable("nav_lat", io::NetcdfType::float64, cells, {{"units", units}});
  file.define_variable("nav_lon", io::NetcdfType::float64, cells, {{"units", std::string("degrees_east")}});
  std::vector<std::string> dimensions = cells;
  dimensions.insert(dimensions.begin(), "time");
  file.define_variable("tas", io::NetcdfType::float32, dimensions,
                       {{"units", std::string("K")},
                        {"standard_name", std::string("air_temperature")},
                        {"cell_methods", std::string("time: point")},
                        {"coordinates", std::string("nav_lat nav_lon")}});
  file.write("time", std::span<const double>(hours));
  file.write("nav_lat", std::span<const double>(latitude));
  file.write("nav_lon", std::span<const double>(longitude));
  file.write("tas", std::span<const double>(values));
  file.close();
}

class SourceGrids : public ::testing::Test {
 protected:
  std::vector<ObservationStream> open(const std::vector<WantedVariable>& wanted = {temperature()},
                                      const Target& target = small_target()) {
    return make_streams(find_records({folder_ / "a.nc"}, wanted), target);
  }
  io::TemporaryFolder folder_;
};

TEST_F(SourceGrids, MayBeCurvilinear) {
  write_askew(folder_ / "a.nc", false);
  auto streams = open();
  const auto values = read(streams[0], 0);
  EXPECT_NEAR(values[0], 273.15 + 48.25, 0.01);
  EXPECT_NEAR(values[2], 273.15 + 49.25, 0.01);
  Target target = small_target();
  target.method = RegridMethod::conservative;
  EXPECT_THAT([&] { open({temperature()}, target); }, ThrowsMessage<core::Error>(HasSubstr("curvilinear")));
}

TEST_F(SourceGrids, LeaveOutCurvilinearCellsWithoutAPosition) {
  write_askew(folder_ / "a.nc", false);
  const auto first_values = [&] {
    auto streams = open();
    return read(streams[0], 0);
  };
  const std::vector<float> expected = first_values();
  for (const double position : {0.0, 9.969209968386869e36}) {
    write_askew(folder_ / "a.nc", false, "degrees_north", position);
    EXPECT_EQ(first_values(), expected);
  }
  write_askew(folder_ / "a.nc", false, "degrees_north", 1234);
  EXPECT_THAT([&] { open(); },
              ThrowsMessage<core::Error>(HasSubstr("nav_lat: 1234 is not a latitude in degrees")));
}

TEST_F(SourceGrids, HaveNoLatitudeBeyondAPole) {
  SimulationFile source;
  source.lat = {-90.00001, -45, 0, 45, 90.0000001};
  source.lon.clear();
  for (double longitude = 0; longitude < 360; longitude += 30) source.lon.push_back(longitude);
  Target target = small_target();
  target.domain.y.values = {88.5, 89, 89.5, 90};
  for (const auto method : {RegridMethod::bilinear, RegridMethod::conservative}) {
    target.method = method;
    source.lat.back() = 90;
    source.write(folder_ / "a.nc");
    auto expected = open({temperature()}, target);
    source.lat.back() = 90.0000001;
    source.write(folder_ / "a.nc");
    auto found = open({temperature()}, target);
    const std::vector<float> values = read(found[0], 0);
    for (const float value : values) EXPECT_TRUE(std::isfinite(value));
    EXPECT_EQ(values, read(expected[0], 0));
  }
}

TEST_F(SourceGrids, HaveNoCurvilinearLatitudeBeyondAPole) {
  write_askew(folder_ / "a.nc", false, "degrees_north", 90.001);
  const io::NetcdfFile file = io::NetcdfFile::open(folder_ / "a.nc");
  const SourceGrid grid =
      read_source_grid(file, io::read_layout(file, {"tas", "", ""}, io::Horizontal::or_mesh));
  EXPECT_EQ(grid.centres.centres.latitude[0], 90);
}

TEST_F(SourceGrids, OfRawOutputOfWrfAreNotGuessed) {
  io::write_raw_wrf(folder_ / "a.nc");
  EXPECT_THAT([&] { open(); }, ThrowsMessage<core::Error>(HasSubstr("a.nc: it is raw output of WRF")));
}

TEST_F(SourceGrids, WantAWeightFileForAMesh) {
  write_askew(folder_ / "a.nc", true);
  EXPECT_THAT([&] { open(); }, ThrowsMessage<core::Error>(HasSubstr("regrid.weights")));
  // Every cell of the domain takes the value of the mesh's third cell.
  io::NetcdfFile file = io::NetcdfFile::create(folder_ / "weights.nc");
  file.define_dimension("n_s", 16);
  file.define_variable("row", io::NetcdfType::int32, {"n_s"}, {});
  file.define_variable("col", io::NetcdfType::int32, {"n_s"}, {});
  file.define_variable("S", io::NetcdfType::float64, {"n_s"}, {});
  std::vector<double> rows, columns(16, 3), weights(16, 1);
  for (int i = 1; i <= 16; ++i) rows.push_back(i);
  file.write("row", std::span<const double>(rows));
  file.write("col", std::span<const double>(columns));
  file.write("S", std::span<const double>(weights));
  file.close();
  Target target = small_target();
  target.weights = folder_ / "weights.nc";
  auto streams = open({temperature()}, target);
  EXPECT_EQ(read(streams[0], 0), std::vector<float>(4, static_cast<float>(273.15 + 46.2)));
}

TEST_F(SourceGrids, NeedCoordinates) {
  write_askew(folder_ / "a.nc", false, "1");
  EXPECT_THAT([&] { open(); },
              ThrowsMessage<core::Error>(HasSubstr("a.nc: tas: no latitude or no longitude was found")));
}

TEST_F(SourceGrids, TurnWindsAlongARotatedGridToGeographicOnes) {
  const auto axis = [](const std::string& name, const std::string& standard_name, double first) {
    grid::Axis made{name, standard_name, "degrees", {}};
    for (int i = 0; i < 20; ++i) made.values.push_back(first + 0.3 * i);
    return made;
  };
  io::FieldHeader header;
  header.grid = {axis("rlat", "grid_latitude", -4), axis("rlon", "grid_longitude", -9),
                 grid::RotatedPole{39.25, -162, 0}};
  header.variables = {{"uas", "grid_eastward_wind", "m s-1"}, {"vas", "grid_northward_wind", "m s-1"}};
  std::vector<float> wind(800, 3);  // 3 m s-1 to the east, 4 to the north
  const auto u = std::span(wind).first(400), v = std::span(wind).last(400);
  std::fill(v.begin(), v.end(), 4.0F);
  grid::turn_winds_to_grid(grid::grid_angles(header.grid), u, v);
  io::FieldWriter writer(folder_ / "a.nc", header);
  writer.append(wind);
  writer.commit();
  auto streams =
      open({{{"uas", "eastward_wind", "m s-1"}, "", {}}, {{"vas", "northward_wind", "m s-1"}, "", {}}});
  EXPECT_TRUE(streams[0].turns_winds());
  const auto values = read(streams[0], 0);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(values[i], 3, 1e-4);
    EXPECT_NEAR(values[4 + i], 4, 1e-4);
  }
}

}  // namespace
}  // namespace foehn::ingestion::source_grid_test
