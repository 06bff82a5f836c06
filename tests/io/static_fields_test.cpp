#include "foehn/io/static_fields.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "foehn/core/error.hpp"
#include "foehn/grid/reduced_gaussian.hpp"
#include "foehn/io/netcdf.hpp"
#include "io/test_files.hpp"

namespace foehn::io::static_fields_test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// Three rows from 50 N up, four columns from 0 E to 270 E; the values of `z` are packed row numbers times 10
/// plus column numbers; there is none in the last cell.
class StaticFile : public ::testing::Test {
 protected:
  StaticFile() {
    NetcdfFile file = NetcdfFile::create(folder_ / "static.nc");
    file.define_dimension("time", 1);
    file.define_dimension("hour", 2);
    file.define_dimension("latitude", 3);
    file.define_dimension("longitude", 4);
    file.define_variable(
        "latitude", NetcdfType::float64, {"latitude"},
        {{"units", std::string("degrees_north")}, {"standard_name", std::string("latitude")}});
    file.define_variable(
        "longitude", NetcdfType::float64, {"longitude"},
        {{"units", std::string("degrees_east")}, {"standard_name", std::string("longitude")}});
    file.define_variable("z", NetcdfType::int32, {"time", "latitude", "longitude"},
                         {{"standard_name", std::string("surface_altitude")},
                          {"scale_factor", 0.5},
                          {"add_offset", 100.0},
                          {"missing_value", -1.0}});
    file.define_variable("changing", NetcdfType::float64, {"hour", "latitude", "longitude"}, {});
    file.write("latitude", std::vector<double>{50, 51, 52});
    file.write("longitude", std::vector<double>{0, 90, 180, 270});
    file.write("z", std::vector<double>{0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, -1});
    file.close();
  }
  static grid::Grid grid(std::vector<double> latitudes, std::vector<double> longitudes) {
    return {{"lat", "latitude", "degrees_north", std::move(latitudes)},
            {"lon", "longitude", "degrees_east", std::move(longitudes)},
            {}};
  }
  std::vector<double> read(const std::string& name, const grid::Grid& at) const {
    return read_static_fields({folder_ / "static.nc"}, {name}, at).at(0);
  }
  void expect_refusal(const std::string& name, const grid::Grid& at,
                      const ::testing::Matcher<const std::string&>& message) const {
    EXPECT_THAT([&] { read(name, at); }, ThrowsMessage<core::Error>(message));
  }

  TemporaryFolder folder_;
};

TEST_F(StaticFile, GivesItsFieldsAtTheCellsOfAGridThatIsPartOfItsOwn) {
  // Falling latitudes, and longitudes from -90 on.
  EXPECT_THAT(read("z", grid({51, 50}, {-90, 0, 90})), ElementsAre(106.5, 105, 105.5, 101.5, 100, 100.5));
  EXPECT_THAT(read("surface_altitude", grid({50}, {180})), ElementsAre(101));
}

TEST_F(StaticFile, IsRefusedByName) {
  expect_refusal("orography", grid({50}, {0}),
                 AllOf(HasSubstr("static field orography"), HasSubstr("latitude, longitude, z, changing")));
  expect_refusal("z", grid({50, 50.5}, {0}),
                 AllOf(HasSubstr("static.nc: static field z"), HasSubstr("another grid"),
                       HasSubstr("lat 50.5"), HasSubstr("from 50 to 52")));
  expect_refusal("z", grid({50}, {45}), AllOf(HasSubstr("another grid"), HasSubstr("lon 45")));
  expect_refusal("z", grid({51, 52}, {180, 270}),
                 AllOf(HasSubstr("static.nc: static field z: no value at lat 52, lon 270")));
  expect_refusal("changing", grid({50}, {0}),
                 AllOf(HasSubstr("expected one field"), HasSubstr("2 along hour")));
  grid::Grid rotated = grid({50}, {0});
  rotated.rotated_pole = grid::RotatedPole{39.25, -162, 0};
  expect_refusal("z", rotated, HasSubstr("rotated pole"));
}

TEST(StaticFieldOfAList, IsThatOfTheSameCells) {
  const TemporaryFolder folder;
  const grid::Grid grid = grid::named_grid("O2");
  std::vector<double> heights;
  for (std::int64_t cell = 0; cell < grid.cells(); ++cell)
    heights.push_back(static_cast<double>(cell * cell));
  const auto write = [&](const std::vector<double>& values) {
    NetcdfFile file = NetcdfFile::create(folder / "list.nc");
    file.define_dimension("cell", grid.cells());
    for (const auto& [name, units] : {std::pair("lat", "degrees_north"), std::pair("lon", "degrees_east")})
      file.define_variable(name, NetcdfType::float64, {"cell"}, {{"units", std::string(units)}});
    file.define_variable("z", NetcdfType::float64, {"cell"},
                         {{"coordinates", std::string("lat lon")}, {"missing_value", -1.0}});
    file.write("lat", std::span<const double>(grid.unstructured->centres.latitude));
    file.write("lon", std::span<const double>(grid.unstructured->centres.longitude));
    file.write("z", std::span<const double>(values));
    file.close();
  };
  const auto read = [&](const grid::Grid& at) {
    return read_static_fields({folder / "list.nc"}, {"z"}, at).at(0);
  };
  write(heights);
  EXPECT_EQ(read(grid), heights);
  EXPECT_THAT([&] { read(grid::named_grid("O3")); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("list.nc"), HasSubstr("another grid"))));
  heights[7] = -1;
  write(heights);
  EXPECT_THAT([&] { read(grid); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("no value at"), HasSubstr("cell 7"))));
}

TEST_F(StaticFile, MayHoldItsRotatedPoleInFloat32) {
  const std::filesystem::path path = folder_ / "rotated.nc";
  NetcdfFile file = NetcdfFile::create(path);
  file.define_dimension("rlat", 2);
  file.define_dimension("rlon", 2);
  for (const char* axis : {"rlat", "rlon"})
    file.define_variable(axis, NetcdfType::float64, {axis}, {{"units", std::string("degrees")}});
  file.define_dimension("one", 1);
  file.define_variable("crs", NetcdfType::int32, {"one"},
                       {{"grid_mapping_name", std::string("rotated_latitude_longitude")},
                        {"grid_north_pole_latitude", static_cast<double>(39.2F)},
                        {"grid_north_pole_longitude", static_cast<double>(-162.1F)}});
  file.define_variable("z", NetcdfType::float64, {"rlat", "rlon"}, {{"grid_mapping", std::string("crs")}});
  file.write("rlat", std::vector<double>{1, 2});
  file.write("rlon", std::vector<double>{3, 4});
  file.write("z", std::vector<double>{5, 6, 7, 8});
  file.close();
  grid::Grid own = grid({2, 1}, {3, 4});
  own.rotated_pole = grid::RotatedPole{39.2, -162.1, 0};
  EXPECT_THAT(read_static_fields({path}, {"z"}, own).at(0), ElementsAre(7, 8, 5, 6));
  own.rotated_pole->pole_latitude = 39.25;
  EXPECT_THAT([&] { read_static_fields({path}, {"z"}, own); },
              ThrowsMessage<core::Error>(HasSubstr("rotated pole")));
}

TEST(StaticFieldsOfEra5, AreThoseOfTheCellsOfTheUk) {
  const auto file = real_data("era5_static_global_0p25.nc");
  if (!file) GTEST_SKIP() << "skipped: no real data";
  grid::Grid grid{{"lat", "latitude", "degrees_north", {57, 56.75, 51}},
                  {"lon", "longitude", "degrees_east", {-9.75, -4, 1}},
                  {}};
  const auto fields = read_static_fields({*file}, {"geopotential", "lsm"}, grid);
  // The Atlantic in the west, the Highlands in the middle of the first rows.
  EXPECT_NEAR(fields[1][0], 0, 0.01);
  EXPECT_NEAR(fields[1][1], 1, 0.01);
  EXPECT_LT(std::abs(fields[0][0]), 100);
  EXPECT_GT(fields[0][1], 2000);
}

}  // namespace
}  // namespace foehn::io::static_fields_test
