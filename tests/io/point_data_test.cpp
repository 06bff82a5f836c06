#include "foehn/io/point_data.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <map>

#include "foehn/core/error.hpp"
#include "foehn/io/netcdf.hpp"
#include "io/test_files.hpp"

namespace foehn::io::point_data_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

const std::vector<Variable> kWanted{{"psl", "air_pressure_at_mean_sea_level", "Pa"},
                                    {"tas", "air_temperature", "K"}};

std::int64_t seconds(const char* date) {
  return calendar::parse_seconds(date, calendar::Calendar::standard);
}

class PointTable : public ::testing::Test {
 protected:
  std::vector<PointData> read(const std::string& text) {
    std::ofstream(folder_ / "stations.csv") << text;
    return read_points(folder_ / "stations.csv", kWanted);
  }
  void expect_refused(const std::string& text, const std::vector<std::string>& words) {
    for (const std::string& word : words)
      EXPECT_THAT([&] { read(text); },
                  ThrowsMessage<core::Error>(AllOf(HasSubstr("stations.csv"), HasSubstr(word))))
          << text;
  }
  TemporaryFolder folder_;
};

TEST_F(PointTable, HasAColumnPerVariable) {
  const auto found = read(
      "# two stations\n"
      "station, time, lat, lon, height, tas[degC], tas_std[degC], psl[hPa], wind[m s-1]\n"
      "Kew, 2019-03-25T06:00, 51.48, -0.29, 6, 8.5, 0.5, 1013.25, 3\n"
      "\"Oban, pier\", 2019-03-25 07:00 +01:00, 56.4, -5.5, , NA, 0.5, 1000, 4\n");
  ASSERT_EQ(found.size(), 2U);
  const PointData &psl = found[0], &tas = found[1];
  EXPECT_EQ(psl.variable, 0U);
  ASSERT_EQ(psl.values.size(), 2U);
  EXPECT_DOUBLE_EQ(psl.values[0].value, 101325);
  EXPECT_TRUE(std::isnan(psl.values[0].std));
  EXPECT_EQ(psl.places[psl.values[1].place].name, "Oban, pier");
  EXPECT_EQ(psl.values[1].span.begin, seconds("2019-03-25T06:00"));
  ASSERT_EQ(tas.values.size(), 1U);
  EXPECT_EQ(tas.missing, 1);
  EXPECT_DOUBLE_EQ(tas.values[0].value, 281.65);
  EXPECT_DOUBLE_EQ(tas.values[0].std, 0.5);
  EXPECT_DOUBLE_EQ(tas.places[0].height, 6);
  EXPECT_DOUBLE_EQ(tas.places[0].longitude, -0.29);
}

TEST_F(PointTable, HasAValuePerRow) {
  const auto found = read(
      "time,begin,method,lat,lon,variable,value,unit,std\n"
      "2019-03-25T12:00,2019-03-25T06:00,mean,51,0,air_temperature,10,degC,0.2\n"
      "2019-03-25T12:00,,point,51,0,tas,283,K,\n"
      "2019-03-25T12:00,2019-03-25T06:00,sum,51,0,psl,3,Pa,1\n"
      "2019-03-25T12:00,,point,51,0,rh,80,%,\n");
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].sampling, PointSampling::sum);
  EXPECT_EQ(found[1].sampling, PointSampling::snapshot);
  EXPECT_EQ(found[2].sampling, PointSampling::mean);
  EXPECT_EQ(found[2].values[0].span, (TimeSpan{seconds("2019-03-25T06:00"), seconds("2019-03-25T12:00")}));
  EXPECT_DOUBLE_EQ(found[2].values[0].value, 283.15);
}

TEST_F(PointTable, IsRefusedWhereItIsWrong) {
  const std::string row = "2019-03-25T06:00,51,0,280\n";
  expect_refused("", {"empty"});
  expect_refused("time,lat,tas[K]\n", {"line 1", "no column 'lon'"});
  expect_refused("time,lat,lon,tas\n" + row, {"line 1", "tas", "unit is missing"});
  expect_refused("time,lat,lon,tas[]\n" + row, {"unit is missing"});
  expect_refused("time,lat,lon,tas[Pa]\n" + row, {"line 1", "tas", "Pa", "K"});
  expect_refused("time,lat,lon,lat,tas[K]\n", {"'lat' twice"});
  expect_refused("time,lat,lon,tas[K]\n2019-03-25T06:00,51,0\n", {"line 2", "expected 4 fields", "found 3"});
  expect_refused("time,lat,lon,tas[K]\nyesterday,51,0,280\n", {"line 2", "yesterday"});
  expect_refused("time,lat,lon,tas[K]\n2019-03-25T06:00,95,0,280\n", {"line 2", "lat 95"});
  expect_refused("time,lat,lon,tas[K]\n2019-03-25T06:00,51,east,280\n", {"line 2", "lon", "'east'"});
  expect_refused("time,lat,lon,tas[K]\n2019-03-25T06:00,51,0,inf\n", {"line 2", "infinite"});
  expect_refused("time,lat,lon,tas[K],tas_std[K]\n2019-03-25T06:00,51,0,280,0\n", {"line 2", "above 0"});
  expect_refused("time,lat,lon,wind[m s-1]\n2019-03-25T06:00,51,0,3\n", {"no values of psl, tas"});
  expect_refused("time,lat,lon,value,variable\n2019-03-25T06:00,51,0,3,tas\n", {"'unit'"});
  expect_refused("time,lat,lon,value,variable,unit\n2019-03-25T06:00,51,0,3,tas,\n",
                 {"line 2", "tas", "unit is missing"});
  expect_refused("time,begin,method,lat,lon,tas[K]\n2019-03-25T06:00,,median,51,0,280\n",
                 {"line 2", "'median'", "point, mean or sum"});
  expect_refused("time,begin,method,lat,lon,tas[K]\n2019-03-25T06:00,2019-03-25T06:00,mean,51,0,280\n",
                 {"line 2", "ends where it begins"});
}

/// A variable as it is to stand in a file.
struct Stored {
  std::vector<std::string> dimensions;
  std::map<std::string, std::string> attributes;
  std::vector<double> values;
};

/// A file of stations, to be laid out in one of CF's ways.
struct PointFile {
  std::string feature_type = "timeSeries";
  std::vector<std::pair<std::string, std::int64_t>> dimensions;
  std::map<std::string, Stored> variables;
  std::map<std::string, std::vector<double>> flag_values = {};

  std::vector<PointData> read(const TemporaryFolder& folder) const {
    const auto path = folder / "stations.nc";
    NetcdfFile file = NetcdfFile::create(path);
    for (const auto& [name, size] : dimensions) file.define_dimension(name, size);
    for (const auto& [name, stored] : variables) {
      Attributes attributes(stored.attributes.begin(), stored.attributes.end());
      if (flag_values.contains(name)) attributes["flag_values"] = flag_values.at(name);
      file.define_variable(name, NetcdfType::float64, stored.dimensions, attributes);
    }
    file.set_global_attributes({{"featureType", feature_type}});
    for (const auto& [name, stored] : variables) file.write(name, std::span<const double>(stored.values));
    file.close();
    return read_points(path, kWanted);
  }
};

const std::map<std::string, std::string> kTime{{"units", "hours since 2019-03-25"},
                                               {"standard_name", "time"}};
const std::map<std::string, std::string> kLat{{"units", "degrees_north"}};
const std::map<std::string, std::string> kLon{{"units", "degrees_east"}};
const std::map<std::string, std::string> kAltitude{{"units", "km"}, {"standard_name", "altitude"}};
const std::map<std::string, std::string> kTas{{"units", "degC"}, {"standard_name", "air_temperature"}};

/// Two stations, of three and two hours: by name of the layout.
std::map<std::string, PointFile> layouts() {
  const double none = kNotKnown;
  std::map<std::string, PointFile> all;
  all["orthogonal"] = {.dimensions = {{"station", 2}, {"time", 3}},
                       .variables = {{"time", {{"time"}, kTime, {0, 1, 2}}},
                                     {"lat", {{"station"}, kLat, {51, 56}}},
                                     {"lon", {{"station"}, kLon, {0, -5}}},
                                     {"alt", {{"station"}, kAltitude, {0.006, 0.01}}},
                                     {"t2m", {{"station", "time"}, kTas, {1, 2, 3, 4, 5, none}}}}};
  all["incomplete"] = all["orthogonal"];
  all["incomplete"].dimensions[1].first = "obs";
  all["incomplete"].variables["time"] = {{"station", "obs"}, kTime, {0, 1, 2, 0, 1, none}};
  all["incomplete"].variables["t2m"].dimensions = {"station", "obs"};
  all["contiguous"] = {.dimensions = {{"station", 2}, {"obs", 5}},
                       .variables = {{"time", {{"obs"}, kTime, {0, 1, 2, 0, 1}}},
                                     {"lat", {{"station"}, kLat, {51, 56}}},
                                     {"lon", {{"station"}, kLon, {0, -5}}},
                                     {"alt", {{"station"}, kAltitude, {0.006, 0.01}}},
                                     {"rows", {{"station"}, {{"sample_dimension", "obs"}}, {3, 2}}},
                                     {"t2m", {{"obs"}, kTas, {1, 2, 3, 4, 5}}}}};
  all["indexed"] = all["contiguous"];
  all["indexed"].variables.erase("rows");
  all["indexed"].variables["index"] = {{"obs"}, {{"instance_dimension", "station"}}, {0, 0, 0, 1, 1}};
  all["points"] = {.feature_type = "point",
                   .dimensions = {{"obs", 5}},
                   .variables = {{"time", {{"obs"}, kTime, {0, 1, 2, 0, 1}}},
                                 {"lat", {{"obs"}, kLat, {51, 51, 51, 56, 56}}},
                                 {"lon", {{"obs"}, kLon, {0, 0, 0, -5, -5}}},
                                 {"alt", {{"obs"}, kAltitude, {0.006, 0.006, 0.006, 0.01, 0.01}}},
                                 {"t2m", {{"obs"}, kTas, {1, 2, 3, 4, 5}}}}};
  all["track"] = all["points"];
  all["track"].feature_type = "trajectory";
  return all;
}

TEST(PointNetcdf, MeansTheSameInAnyLayout) {
  const TemporaryFolder folder;
  for (const auto& [name, file] : layouts()) {
    const auto found = file.read(folder);
    ASSERT_EQ(found.size(), 1U) << name;
    EXPECT_EQ(found[0].variable, 1U) << name;
    ASSERT_EQ(found[0].values.size(), 5U) << name;
    ASSERT_EQ(found[0].places.size(), 2U) << name;
    for (std::size_t i = 0; i < 5; ++i) {
      const PointValue& value = found[0].values[i];
      EXPECT_DOUBLE_EQ(value.value, 274.15 + static_cast<double>(i)) << name;
      EXPECT_EQ(value.span.begin, seconds("2019-03-25") + 3600 * static_cast<std::int64_t>(i % 3)) << name;
      EXPECT_DOUBLE_EQ(found[0].places[value.place].latitude, i < 3 ? 51 : 56) << name;
      EXPECT_NEAR(found[0].places[value.place].height, i < 3 ? 6 : 10, 1e-9) << name;
    }
    EXPECT_EQ(found[0].missing, name == "orthogonal" ? 1 : 0) << name;
  }
}

TEST(PointNetcdf, LeavesOutWhatFlagsCallBadAndKnowsErrors) {
  const TemporaryFolder folder;
  PointFile file = layouts()["points"];
  file.variables["t2m"].attributes["ancillary_variables"] = "qc error";
  file.variables["qc"] = {
      {"obs"}, {{"flag_meanings", "good_data probably_bad_data suspect"}}, {0, 1, 2, 0, 0}};
  file.flag_values["qc"] = {0, 1, 2};
  file.variables["error"] = {{"obs"},
                             {{"standard_name", "air_temperature standard_error"}, {"units", "degF"}},
                             {1.8, 1.8, 1.8, 0.9, 0.9}};
  const auto found = file.read(folder);
  EXPECT_EQ(found[0].flagged, 2);
  ASSERT_EQ(found[0].values.size(), 3U);
  EXPECT_NEAR(found[0].values[0].std, 1, 1e-12);
  EXPECT_NEAR(found[0].values[2].std, 0.5, 1e-12);
}

TEST(PointNetcdf, HasMeansWithBounds) {
  const TemporaryFolder folder;
  PointFile file = layouts()["orthogonal"];
  file.dimensions.emplace_back("two", 2);
  file.variables["t2m"].attributes["cell_methods"] = "time: mean";
  EXPECT_THAT([&] { file.read(folder); }, ThrowsMessage<core::Error>(HasSubstr("bounds of time")));
  file.variables["time"].attributes["bounds"] = "time_bnds";
  file.variables["time_bnds"] = {{"time", "two"}, {}, {-3, 0, -2, 1, -1, 2}};
  const auto found = file.read(folder);
  EXPECT_EQ(found[0].sampling, PointSampling::mean);
  EXPECT_EQ(found[0].values[1].span, (TimeSpan{seconds("2019-03-24T22:00"), seconds("2019-03-25T01:00")}));
}

TEST(PointNetcdf, IsRefusedWhereItIsWrong) {
  const TemporaryFolder folder;
  const auto expect_refused = [&](PointFile file, const std::string& words) {
    EXPECT_THAT([&] { file.read(folder); },
                ThrowsMessage<core::Error>(AllOf(HasSubstr("stations.nc"), HasSubstr(words))));
  };
  PointFile file = layouts()["points"];
  file.feature_type = "profile";
  expect_refused(file, "featureType is 'profile'");
  file = layouts()["points"];
  file.variables["t2m"].attributes.erase("units");
  expect_refused(file, "t2m: the unit is missing");
  file = layouts()["points"];
  file.variables.erase("lat");
  expect_refused(file, "no coordinate gives the latitude");
  file = layouts()["points"];
  file.variables["lat"].values[2] = kNotKnown;
  expect_refused(file, "t2m: value 2 has no position");
  file = layouts()["indexed"];
  file.variables["index"].values[1] = 2;
  expect_refused(file, "index: instance 2");
  file = layouts()["contiguous"];
  file.variables["rows"].values[1] = 3;
  expect_refused(file, "rows: it counts 6 samples");
  file = layouts()["points"];
  file.variables["t2m"].attributes["standard_name"] = "wind_speed";
  expect_refused(file, "no values of psl, tas");
}

}  // namespace
}  // namespace foehn::io::point_data_test
