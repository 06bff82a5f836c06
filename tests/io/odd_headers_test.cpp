// What real files say twice, or in the wrong words: read right, or refused.
#include <gmock/gmock.h>

#include <cmath>
#include <map>
#include <numeric>

#include "foehn/core/error.hpp"
#include "foehn/grid/rotation.hpp"
#include "foehn/io/coarse_source.hpp"
#include "foehn/io/field_reader.hpp"
#include "foehn/io/field_values.hpp"
#include "foehn/io/field_writer.hpp"
#include "foehn/io/horizontal_positions.hpp"
#include "foehn/io/standard_name.hpp"
#include "foehn/io/time_cells.hpp"
#include "io/test_files.hpp"

namespace foehn::io::odd_headers_test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

const std::string kSince = "hours since 2019-03-01";

std::string text(const char* words) {
  return words;
}

/// A variable as it is to stand in a file.
struct Stored {
  std::vector<std::string> dimensions;
  Attributes attributes;
  std::vector<double> values;
  std::vector<std::int64_t> chunks{};
};

/// A temperature of 280 K on 2 x 3 cells every 6 h from 2019-03-01, to be bent.
struct OddFile {
  std::vector<std::pair<std::string, std::int64_t>> dimensions{
      {"time", 4}, {"lat", 2}, {"lon", 3}, {"two", 2}};
  std::map<std::string, Stored> variables{
      {"time", {{"time"}, {{"units", kSince}}, {0, 6, 12, 18}}},
      {"lat", {{"lat"}, {{"units", text("degrees_north")}}, {51, 50}}},
      {"lon", {{"lon"}, {{"units", text("degrees_east")}}, {0, 1, 2}}},
      {"tas",
       {{"time", "lat", "lon"},
        {{"standard_name", text("air_temperature")}, {"units", text("K")}},
        std::vector<double>(24, 280)}}};

  Attributes& of(const std::string& name) { return variables.at(name).attributes; }
  void write(const std::filesystem::path& path) const {
    NetcdfFile file = NetcdfFile::create(path);
    for (const auto& [name, size] : dimensions) file.define_dimension(name, size);
    for (const auto& [name, stored] : variables)
      file.define_variable(name, NetcdfType::float64, stored.dimensions, stored.attributes,
                           {.chunks = stored.chunks, .deflate = stored.chunks.empty() ? 0 : 1});
    for (const auto& [name, stored] : variables) file.write(name, std::span<const double>(stored.values));
    file.close();
  }
};

class OddHeaders : public ::testing::Test {
 protected:
  FieldReader open(const OddFile& file, FieldSelection selection = {}) {
    // Each in a folder of its own: readers of earlier ones may still be open.
    path_ = folder_ / std::to_string(++written_);
    std::filesystem::create_directory(path_);
    path_ /= "a.nc";
    file.write(path_);
    if (selection.variables.empty()) selection.variables = {{"tas", "", ""}};
    return FieldReader({path_}, selection);
  }
  auto opening(const OddFile& file) {
    return [=, this] { open(file); };
  }
  TemporaryFolder folder_;
  std::filesystem::path path_;  // of the file that was written last
  int written_ = 0;
};

auto refuses(const std::string& a, const std::string& b = "", const std::string& c = "") {
  return ThrowsMessage<core::Error>(AllOf(HasSubstr(a), HasSubstr(b), HasSubstr(c)));
}

OddFile with_bounds(const std::string& cell_methods) {
  OddFile file;
  file.of("tas")["cell_methods"] = cell_methods;
  file.of("time")["bounds"] = text("time_bnds");
  file.variables["time_bnds"] = {{"time", "two"}, {}, {-3, 3, 3, 9, 9, 15, 15, 21}};
  return file;
}

using TimeBounds = OddHeaders;

TEST_F(TimeBounds, AreInTheirOwnUnits) {
  OddFile file = with_bounds("time: mean");
  file.of("time")["units"] = text("hours since 2019-03-01 03:00");
  file.variables["time_bnds"] = {{"time", "two"}, {{"units", kSince}}, {0, 6, 6, 12, 12, 18, 18, 24}};
  EXPECT_EQ(open(file).sampling(0).interval, (MeanInterval{-3 * 3600, 3 * 3600}));
  const auto sources = open_coarse_sources({path_}, {{"tas", "", ""}});
  const std::int64_t midnight = calendar::to_seconds({2019, 3, 1}, calendar::Calendar::standard);
  EXPECT_EQ(sources.front().spans.front(), (TimeSpan{midnight, midnight + 6 * 3600}));
  file.of("time_bnds")["units"] = text("days since 2019-03-01");
  EXPECT_THAT([&] { open(file).sampling(0); }, refuses("not an interval around", "beside its time stamp"));
  file.of("time_bnds") = {{"calendar", text("360_day")}};
  EXPECT_THAT([&] { open(file).sampling(0); }, refuses("time_bnds: calendar 360_day", "is standard"));
}

TEST_F(TimeBounds, BesidePointsAreACertainMeanWhereTimesLieWithin) {
  const OddFile file = with_bounds("area: mean time: point");
  EXPECT_THAT([&] { open(file).sampling(0); },
              refuses("a.nc: tas: cell_methods 'area: mean time: point' says snapshots", "time_bnds",
                      "data.cell_methods"));
  EXPECT_THAT(
      [&] {
        open_coarse_sources({path_}, {{"tas", "", ""}});
      },
      refuses("says snapshots", "as only means do"));
  EXPECT_EQ(open(file).sampling(0, TimeSampling::mean).interval, (MeanInterval{-3 * 3600, 3 * 3600}));
  EXPECT_EQ(open(file).sampling(0, TimeSampling::snapshot).kind, TimeSampling::snapshot);
}

TEST_F(TimeBounds, BesidePointsAreDoubtedWhereTimesLieAtAnEnd) {
  OddFile file = with_bounds("time: point");
  file.variables["time_bnds"].values = {-6, 0, 0, 6, 6, 12, 12, 18};
  const Sampling sampling = open(file).sampling(0);
  EXPECT_EQ(sampling.kind, TimeSampling::snapshot);
  EXPECT_THAT(sampling.doubt, HasSubstr("the first from 2019-02-28T18:00:00 to 2019-03-01T00:00:00"));
  file.variables["time_bnds"].values = {0, 0, 6, 6, 12, 12, 18, 18};
  EXPECT_EQ(open(file).sampling(0).doubt, "") << "bounds of no length are those of snapshots";
}

TEST_F(TimeBounds, AreReadWhenTheirFileIsOpened) {
  const OddFile file = with_bounds("time: mean");
  const FieldReader reader = open(file);
  std::filesystem::remove(path_);
  EXPECT_EQ(reader.sampling(0).interval, (MeanInterval{-3 * 3600, 3 * 3600}));
}

TEST_F(TimeBounds, AreNotAllThatTellsSums) {
  OddFile file;
  file.of("tas")["GRIB_stepType"] = text("accum");
  EXPECT_THAT([&] { open(file).sampling(0); }, refuses("GRIB_stepType 'accum'", "data.cell_methods"));
  EXPECT_EQ(open(file).sampling(0, TimeSampling::snapshot).kind, TimeSampling::snapshot);
  file.of("tas")["GRIB_stepType"] = text("instant");
  EXPECT_TRUE(open(file).sampling(0).is_assumed);
}

TEST_F(TimeBounds, MayBeOfTheSameDatesInAnotherCalendar) {
  OddFile file = with_bounds("time: mean");
  file.of("time_bnds") = {{"calendar", text("proleptic_gregorian")}, {"units", text("")}};
  EXPECT_EQ(open(file).sampling(0).interval, (MeanInterval{-3 * 3600, 3 * 3600}));
}

using Times = OddHeaders;

OddFile with_valid_time() {
  OddFile file;
  file.of("time")["standard_name"] = text("forecast_reference_time");
  file.variables["valid_time"] = {
      {"time"}, {{"units", kSince}, {"standard_name", text("time")}}, {6, 12, 18, 24}};
  return file;
}

TEST_F(Times, AreThoseOfStandardNameTime) {
  OddFile file = with_valid_time();
  EXPECT_EQ(open(file).times().format(0), "2019-03-01T06:00:00");
  file.of("time").erase("standard_name");
  EXPECT_EQ(open(file).times().format(0), "2019-03-01T06:00:00")
      << "one that is named goes before one that is not";
  file.of("time")["standard_name"] = text("time");
  EXPECT_EQ(open(file).times().format(0), "2019-03-01T00:00:00")
      << "the dimension's own, where both are named";
}

TEST_F(Times, MayHaveMoreDimensionsOfSizeOne) {
  OddFile file = with_valid_time();
  file.dimensions.push_back({"step", 1});
  file.variables["valid_time"].dimensions = {"time", "step"};
  EXPECT_EQ(open(file).times().format(3), "2019-03-02T00:00:00");
}

TEST_F(Times, AreNotWhenForecastsBegan) {
  OddFile file = with_valid_time();
  file.variables.erase("valid_time");
  EXPECT_THAT(opening(file), refuses("a.nc: tas", "time is a forecast_reference_time", "standard name time"));
}

TEST_F(Times, AreNotThoseOfAVariableThatIsCalledAReference) {
  OddFile file;
  file.of("time")["long_name"] = text("initial time of forecast");
  EXPECT_THAT(opening(file), refuses("time is a forecast's reference time"));
  file.of("time")["standard_name"] = text("time");
  EXPECT_NO_THROW(opening(file)()) << "its standard name says what it is";
}

TEST_F(Times, AreNotGuessed) {
  OddFile file = with_valid_time();
  file.of("time").erase("standard_name");
  file.of("valid_time").erase("standard_name");
  EXPECT_THAT(opening(file), refuses("time and valid_time may both be its times",
                                     "2019-03-01T00:00:00 and "
                                     "2019-03-01T06:00:00"));
  file.variables["valid_time"].values = {0, 6, 12, 18};
  EXPECT_NO_THROW(opening(file)()) << "they agree";
}

TEST(StandardNames, ThatSayNothingAreNone) {
  NetcdfVariable variable;
  for (const char* nothing : {"unknown", "Unknown", "MISSING", "", "  ", "none", "None", "N/A", "-",
                              "undefined", "unknown_name", "missing_value", "<NA>"}) {
    variable.attributes["standard_name"] = text(nothing);
    EXPECT_EQ(standard_name(variable), "") << nothing;
  }
  variable.attributes["standard_name"] = text(" air_temperature ");
  EXPECT_EQ(standard_name(variable), "air_temperature");
  EXPECT_THAT([] { parse_variable("t2m=unknown"); }, refuses("'unknown' is a placeholder"));
}

using ImplausibleValues = OddHeaders;

TEST_F(ImplausibleValues, AreRefusedWithFileTimeAndPlace) {
  struct Case {
    std::string standard_name, units;
    double value;
  };
  for (const Case& odd : {Case{"air_temperature", "K", 0},
                          {"air_temperature", "degC", -999},
                          {"eastward_wind", "m s-1", -999},
                          {"air_pressure_at_mean_sea_level", "hPa", 0},
                          {"relative_humidity", "%", 999},
                          {"unknown", "1", 1e20},
                          {"", "Pa", 9.97e36}}) {
    OddFile file;
    file.of("tas") = {{"standard_name", odd.standard_name}, {"units", odd.units}};
    const double usual = odd.units == "hPa" ? 1000 : odd.units == "K" ? 280 : 10;
    file.variables["tas"].values.assign(24, usual);
    file.variables["tas"].values[6 + 4] = odd.value;
    const FieldReader reader = open(file);
    std::vector<float> values(6);
    EXPECT_NO_THROW(reader.read(0, 1, values));
    EXPECT_THAT([&] { reader.read(1, 1, values); },
                refuses("a.nc: tas: implausible value", "at 2019-03-01T06:00:00", "(lat 50, lon 1)"))
        << odd.standard_name << odd.value;
  }
}

TEST_F(ImplausibleValues, IncludeNumbersThatStandForMissingOnes) {
  OddFile file;
  file.of("tas") = {{"units", text("degC")}};
  file.variables["tas"].values[7] = -999;
  std::vector<float> values(24);
  EXPECT_THAT([&] { open(file).read(0, 4, values); }, refuses("implausible value -999 degC"));
  file.of("tas")["scale_factor"] = 0.01;
  EXPECT_NO_THROW(open(file).read(0, 4, values)) << "packed, it is -9.99";
}

TEST_F(ImplausibleValues, AreNotLookedForAmongSamples) {
  OddFile file;
  file.variables["tas"].values[7] = 50;
  std::vector<float> values(24);
  FieldSelection drawn;
  drawn.must_be_plausible = false;
  EXPECT_NO_THROW(open(file, drawn).read(0, 4, values));
}

TEST_F(ImplausibleValues, AreNotKnownOfSums) {
  for (const char* units : {"J m-2", "W m-2"}) {
    OddFile file;
    file.of("tas") = {{"standard_name", text("surface_downwelling_shortwave_flux_in_air")},
                      {"units", text(units)}};
    file.variables["tas"].values[7] = 1e6;
    std::vector<float> values(24);
    const FieldReader reader = open(file);
    if (text(units) == "J m-2")
      EXPECT_NO_THROW(reader.read(0, 4, values));
    else
      EXPECT_THAT([&] { reader.read(0, 4, values); }, refuses("implausible value 1e+06 W m-2"));
  }
  OddFile rain;
  rain.of("tas") = {{"standard_name", text("precipitation_flux")}, {"units", text("mm day-1")}};
  EXPECT_NO_THROW(opening(rain)());
}

TEST_F(ImplausibleValues, DoNotCountOutsideTheCropOrWhereDeclaredMissing) {
  OddFile file;
  file.variables["tas"].values[0] = 0;
  const FieldReader reader = open(file, {.variables = {{"tas", "", ""}}, .crop = grid::Crop{0, 2, 1, 3}});
  std::vector<float> values(4 * 4);
  EXPECT_NO_THROW(reader.read(0, 4, values));
  file.of("tas")["missing_value"] = 0.0;
  std::vector<float> all(24);
  EXPECT_EQ(open(file).read_with_gaps(0, 4, all), 1);
}

TEST_F(ImplausibleValues, IncludeAUnitThatIsNoneOfTheQuantity) {
  OddFile file;
  file.of("tas")["units"] = text("m s-1");
  EXPECT_THAT(opening(file), refuses("a.nc: tas: standard name air_temperature", "K", "m s-1"));
}

/// Rows and columns of a rotated grid, with the positions of its cells.
OddFile rotated_file(const grid::RotatedPole& pole) {
  OddFile file;
  file.dimensions = {{"time", 4}, {"rlat", 5}, {"rlon", 6}};
  file.variables.erase("lat");
  file.variables.erase("lon");
  file.variables["rlat"] = {{"rlat"}, {{"units", text("degrees")}}, {-2, -1, 0, 1, 2}};
  file.variables["rlon"] = {{"rlon"}, {{"units", text("degrees")}}, {-3, -2, -1, 0, 1, 2}};
  Stored latitude{{"rlat", "rlon"}, {{"units", text("degrees_north")}}, {}},
      longitude{{"rlat", "rlon"}, {{"units", text("degrees_east")}}, {}};
  for (const double y : file.variables["rlat"].values)
    for (const double x : file.variables["rlon"].values) {
      const grid::Position position = grid::to_geographic(pole, {y, x});
      latitude.values.push_back(static_cast<double>(static_cast<float>(position.latitude)));
      longitude.values.push_back(static_cast<double>(static_cast<float>(position.longitude)));
    }
  file.variables["latitude"] = latitude;
  file.variables["longitude"] = longitude;
  file.variables["crs"] = {{},
                           {{"grid_mapping_name", text("rotated_latitude_longitude")},
                            {"grid_north_pole_latitude", pole.pole_latitude},
                            {"grid_north_pole_longitude", pole.pole_longitude},
                            {"north_pole_grid_longitude", pole.north_pole_grid_longitude}},
                           {0}};
  file.variables["tas"] = {{"time", "rlat", "rlon"},
                           {{"standard_name", text("air_temperature")},
                            {"units", text("K")},
                            {"grid_mapping", text("crs")},
                            {"coordinates", text("latitude longitude")}},
                           std::vector<double>(120, 280)};
  return file;
}

using Positions = OddHeaders;

TEST_F(Positions, ThatContradictTheGridMappingAreRefused) {
  OddFile file = rotated_file({39.25, -162, 0});
  EXPECT_EQ(open(file).grid().rotated_pole, (grid::RotatedPole{39.25, -162, 0}));
  file.of("crs")["grid_north_pole_longitude"] = -158.0;
  EXPECT_THAT(opening(file), refuses("a.nc: tas: its axes and its 2-D coordinates disagree",
                                     "grid mapping crs", "latitude and longitude"));
  // A cell beside is found as well.
  file = rotated_file({39.25, -162, 0});
  file.of("crs")["grid_north_pole_longitude"] = -161.5;
  EXPECT_THAT(opening(file), refuses("disagree on where cells lie"));
}

TEST_F(Positions, ThatContradictLatitudesAndLongitudesAreRefused) {
  OddFile file;
  file.variables["lat2d"] = {{"lat", "lon"}, {{"units", text("degrees_north")}}, {51, 51, 51, 50, 50, 50}};
  file.variables["lon2d"] = {{"lat", "lon"}, {{"units", text("degrees_east")}}, {360, 361, 2, 0, 1, 2}};
  EXPECT_NO_THROW(opening(file)()) << "turns of longitude are alike";
  file.variables["lon2d"].values[3] = 0.5;
  EXPECT_THAT(opening(file), refuses("disagree on where cells lie", "by lat and lon,", "row 1, column 0"));
}

TEST_F(Positions, AreEnoughWhereTheGridMappingIsLost) {
  for (const grid::RotatedPole& pole : {grid::RotatedPole{39.25, -162, 0}, {-35, 10, 25}, {89, 120, -60}}) {
    OddFile file = rotated_file(pole);
    file.variables.erase("crs");
    for (const bool is_named : {true, false}) {
      if (!is_named) file.of("tas").erase("grid_mapping");
      const grid::Grid grid = open(file).grid();
      ASSERT_TRUE(grid.rotated_pole);
      EXPECT_NEAR(grid.rotated_pole->pole_latitude, pole.pole_latitude, 1e-4);
      EXPECT_NEAR(std::remainder(grid.rotated_pole->pole_longitude - pole.pole_longitude, 360), 0, 1e-3);
      EXPECT_NEAR(
          std::remainder(grid.rotated_pole->north_pole_grid_longitude - pole.north_pole_grid_longitude, 360),
          0, 1e-3);
      EXPECT_EQ(grid.y.standard_name, "grid_latitude");
    }
  }
}

TEST_F(Positions, OfNoRotatedGridAreRefusedForOne) {
  OddFile file = rotated_file({39.25, -162, 0});
  file.variables.erase("crs");
  file.of("tas").erase("grid_mapping");
  file.variables["latitude"].values[7] += 0.5;
  EXPECT_THAT(opening(file), refuses("without a grid mapping", "not those of a rotated pole"));
  file.variables.erase("latitude");
  EXPECT_THAT(opening(file), refuses("without a grid mapping", "no latitudes and longitudes"));
  file = rotated_file({39.25, -162, 0});
  file.variables.erase("rlat");
  file.variables.erase("rlon");
  EXPECT_THAT(opening(file), refuses("a curvilinear grid (latitude, longitude)", "no coordinate variables"));
}

TEST(Degrees, AreKnownInAllSpellingsOfCf) {
  NetcdfVariable variable;
  const auto spelt = [&](const char* units) {
    variable.attributes["units"] = text(units);
    return variable;
  };
  for (const char* units :
       {"degrees_north", "degree_north", "degrees_N", "degree_N", "degreesN", "degreeN"}) {
    EXPECT_TRUE(is_latitude(spelt(units))) << units;
    EXPECT_FALSE(is_longitude(spelt(units))) << units;
  }
  for (const char* units : {"degrees_east", "degree_east", "degrees_E", "degree_E", "degreesE", "degreeE"})
    EXPECT_TRUE(is_longitude(spelt(units))) << units;
  for (const char* units : {"degrees", "m", "degrees_west", "degree", ""}) {
    EXPECT_FALSE(is_latitude(spelt(units))) << units;
    EXPECT_FALSE(is_longitude(spelt(units))) << units;
  }
  variable.attributes["standard_name"] = text("latitude");
  EXPECT_TRUE(is_latitude(spelt("degrees")));
  EXPECT_TRUE(is_latitude(spelt("radian")));
}

using Chunks = OddHeaders;

TEST_F(Chunks, ThatSpanAllOfTimeAreReadOnceAndRight) {
  constexpr std::int64_t kTimes = 500, kSide = 100;
  OddFile file;
  file.dimensions = {{"time", kTimes}, {"lat", kSide}, {"lon", kSide}};
  for (const char* axis : {"lat", "lon"}) {
    std::vector<double>& values = file.variables[axis].values;
    values.resize(kSide);
    std::iota(values.begin(), values.end(), -40);
  }
  file.variables["time"].values.resize(kTimes);
  std::iota(file.variables["time"].values.begin(), file.variables["time"].values.end(), 0);
  Stored& tas = file.variables["tas"];
  tas.values.resize(kTimes * kSide * kSide);
  for (std::size_t i = 0; i < tas.values.size(); ++i) tas.values[i] = 250 + static_cast<double>(i % 997) / 16;
  tas.chunks = {kTimes, 7, 9};  // 5 million numbers in all, more than a chunk cache holds
  const FieldReader reader = open(file, {.variables = {{"tas", "", ""}}, .crop = grid::Crop{3, 90, 5, 99}});
  constexpr std::int64_t kRows = 87, kColumns = 94;
  std::vector<float> values(3 * kRows * kColumns);
  for (const std::int64_t first :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{250}, kTimes - 3, std::int64_t{7}}) {
    reader.read(first, 3, values);
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(values.size()); ++i) {
      const std::int64_t time = first + i / (kRows * kColumns), y = 3 + i / kColumns % kRows,
                         x = 5 + i % kColumns;
      ASSERT_EQ(values[static_cast<std::size_t>(i)],
                static_cast<float>(tas.values[static_cast<std::size_t>((time * kSide + y) * kSide + x)]));
    }
  }
}

using SeveralFiles = OddHeaders;

TEST_F(SeveralFiles, MayHoldAVariableEach) {
  OddFile tas, uas, later;
  tas.write(folder_ / "tas.nc");
  uas.variables["uas"] = {{"time", "lat", "lon"},
                          {{"standard_name", text("eastward_wind")}, {"units", text("m s-1")}},
                          std::vector<double>(24, 5)};
  uas.variables.erase("tas");
  uas.variables["time"].values = {6, 12, 18, 24};  // as ERA5's accumulations are, a step later
  for (std::size_t i = 0; i < 24; ++i) uas.variables["uas"].values[i] += static_cast<double>(i / 6);
  uas.write(folder_ / "uas.nc");
  later.variables["time"].values = {24, 30, 36, 42};
  later.write(folder_ / "later.nc");
  {
    const FieldReader reader({folder_ / "later.nc", folder_ / "uas.nc", folder_ / "tas.nc"}, {});
    ASSERT_EQ(reader.variables().size(), 2U);
    EXPECT_EQ(reader.variables()[0].name, "tas");
    EXPECT_EQ(reader.times().size(), 4) << "what both have";
    EXPECT_EQ(reader.times().format(0), "2019-03-01T06:00:00");
    std::vector<float> values(2 * 2 * 6);
    reader.read(2, 2, values);
    EXPECT_EQ(values[0], 280);
    EXPECT_EQ(values[6], 7) << "the wind of 18 o'clock";
    EXPECT_EQ(values[18], 8);
  }
  uas.variables["time"].values = {100, 106, 112, 118};
  uas.write(folder_ / "uas.nc");
  EXPECT_THAT(
      ([&] {
        FieldReader({folder_ / "tas.nc", folder_ / "uas.nc"}, {});
      }),
      refuses("uas.nc: no variable tas at its instants", "uas.nc) has 2019-03-05", "tas.nc) has 2019-03-01"));
  uas.variables["time"].values = {0, 3, 6, 9};
  uas.write(folder_ / "uas.nc");
  EXPECT_THAT(([&] {
                FieldReader({folder_ / "tas.nc", folder_ / "uas.nc"}, {});
              }),
              refuses("uas.nc: uas: time step 3 h, but that of tas", "is 6 h"));
}

}  // namespace
}  // namespace foehn::io::odd_headers_test
