#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <functional>

#include "conditioning/coarse_file.hpp"
#include "conditioning/surface_fields.hpp"
#include "foehn/conditioning/point_input.hpp"
#include "foehn/core/error.hpp"
#include "foehn/io/netcdf.hpp"
#include "io/test_files.hpp"

namespace foehn::conditioning::station_heights_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr Period kDay{
    .calendar = calendar::Calendar::standard, .first_seconds = 0, .step_seconds = 3600, .hours = 24};

/// What is wrong with a file of heights.
struct HeightFile {
  std::string standard_name = "surface_altitude", units = "m";
  double first_latitude = 40, missing_at = 1e9;  // degrees
};

class StationHeights : public ::testing::Test {
 protected:
  /// Ten metres per degree of latitude and one per degree of longitude, on all longitudes from 0 E.
  std::filesystem::path write(const HeightFile& form = {}) const {
    const std::filesystem::path path = folder_ / "heights.nc";
    io::NetcdfFile file = io::NetcdfFile::create(path);
    std::vector<double> latitudes, longitudes, values;
    for (int i = 0; i < 25; ++i) latitudes.push_back(form.first_latitude + i);
    for (int i = 0; i < 360; ++i) longitudes.push_back(i);
    for (const double latitude : latitudes)
      for (const double longitude : longitudes) {
        const double east = longitude > 180 ? longitude - 360 : longitude;
        const double metres = 10 * latitude + east;
        values.push_back(latitude == form.missing_at ? -32767
                         : form.units == "m"         ? metres
                                                     : 9.80665 * metres);
      }
    file.define_dimension("time", 1);
    file.define_dimension("lat", 25);
    file.define_dimension("lon", 360);
    file.define_variable("lat", io::NetcdfType::float64, {"lat"}, {{"units", "degrees_north"}});
    file.define_variable("lon", io::NetcdfType::float64, {"lon"}, {{"units", "degrees_east"}});
    io::Attributes attributes{{"standard_name", form.standard_name}, {"_FillValue", -32767.0}};
    if (!form.units.empty()) attributes["units"] = form.units;
    file.define_variable("z", io::NetcdfType::float64, {"time", "lat", "lon"}, attributes);
    file.write("lat", latitudes);
    file.write("lon", longitudes);
    file.write("z", values);
    file.close();
    return path;
  }
  void expect_refused(const HeightFile& form, const std::string& words) const {
    EXPECT_THAT([&] { read_heights(write(form), domain_.grid); },
                ThrowsMessage<core::Error>(AllOf(HasSubstr("heights.nc"), HasSubstr(words))));
  }
  /// Two stations, of which one does not say its height.
  PointSet place(const std::filesystem::path& orography, double lapse_rate = kLapseRate) const {
    std::ofstream(folder_ / "stations.csv") << "station,time,lat,lon,height,tas[degC]\n"
                                               "hill,1970-01-01T05:00,56.5,-0.5,764.5,10\n"
                                               "coast,1970-01-01T05:00,57,1,,10\n";
    PointOptions options;
    options.files = {folder_ / "stations.csv"};
    options.std = {1.0};
    options.orography = orography;
    options.lapse_rate = lapse_rate;
    return std::move(PointInput(options, domain_).place(kDay).used[0]);
  }

  io::TemporaryFolder folder_;
  model::Domain domain_ = coarse_file_domain();
};

TEST_F(StationHeights, AreReadFromAnyGridThatCoversTheDomain) {
  for (const HeightFile& form :
       {HeightFile{}, HeightFile{"geopotential", "m**2 s**-2"}, HeightFile{"surface_altitude", "km"}}) {
    const std::vector<double> heights = read_heights(write(form), domain_.grid);
    ASSERT_EQ(heights.size(), 24U);
    const double unit = form.units == "km" ? 9806.65 : 1;  // as it was written
    EXPECT_NEAR(heights[0] / unit, 580 - 3, 1e-9);
    EXPECT_NEAR(heights[23] / unit, 550 + 2, 1e-9);
  }
}

TEST_F(StationHeights, CorrectTemperaturesToTheHeightOfTheCells) {
  const at::Tensor plain = place({}).values.flatten(), corrected = place(write()).values.flatten();
  const double scale = domain_.normalisation.scale().item<double>();
  const double cells = 565 - 0.5;  // 200 m lower: it is warmer there
  EXPECT_NEAR((corrected[0] - plain[0]).item<double>() * scale, 6.5e-3 * (764.5 - cells), 1e-5);
  EXPECT_EQ(corrected[1].item<float>(), plain[1].item<float>());
  EXPECT_TRUE(at::equal(place(write(), 0).values.flatten(), plain));
  EXPECT_NEAR((place(write(), 9.8).values.flatten()[0] - plain[0]).item<double>() * scale, 9.8 * 0.2, 1e-5);
}

TEST_F(StationHeights, CannotBeReadFromOtherFiles) {
  expect_refused({"air_temperature", "K"}, "no variable has the standard name surface_altitude");
  expect_refused({"surface_altitude", ""}, "z: the unit is missing");
  expect_refused({"surface_altitude", "K"}, "z: ");
  expect_refused({"surface_altitude", "m", 10}, "the prior's cells: ");
  expect_refused({"surface_altitude", "m", 40, 57}, "z: the value is missing at cell y 1, x 0 of the prior");
}

TEST_F(StationHeights, AreOfNoUseWithoutTemperatures) {
  domain_.variables[0] = {"uas", "eastward_wind", "m s-1"};
  std::ofstream(folder_ / "winds.csv") << "time,lat,lon,uas[m s-1]\n1970-01-01T05:00,56,0,3\n";
  PointOptions options;
  options.files = {folder_ / "winds.csv"};
  options.orography = write();
  EXPECT_THAT([&] { PointInput(options, domain_); },
              ThrowsMessage<core::UsageError>(HasSubstr("stations.orography: input.stations have no")));
}

TEST_F(StationHeights, OfERA5AreThoseOfBritain) {
  const auto path = io::real_data("era5_static_global_0p25.nc");
  if (!path) GTEST_SKIP() << "skipped: no real data";
  grid::Grid britain{{"lat", "latitude", "degrees_north", {58, 57.75, 57, 51.5}},
                     {"lon", "longitude", "degrees_east", {-5, -3.5, 0}},
                     std::nullopt};
  const std::vector<double> heights = read_heights(*path, britain);
  EXPECT_GT(*std::max_element(heights.begin(), heights.end()), 300);  // the Cairngorms
  EXPECT_NEAR(heights[11], 50, 50);                                   // London
  const std::vector<double> land = read_land_shares(*path, britain);
  EXPECT_NEAR(land[2], 0, 0.01);  // the North Sea
  EXPECT_GT(land[11], 0.9);
}

}  // namespace
}  // namespace foehn::conditioning::station_heights_test
