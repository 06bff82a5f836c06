#pragma once

#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "foehn/ingestion/find_records.hpp"
#include "foehn/ingestion/observation_stream.hpp"
#include "io/test_files.hpp"

namespace foehn::ingestion {

/// A small file of a climate model with one field, to be bent into any shape a test needs.
struct SimulationFile {
  std::string name = "tas";
  io::Attributes attributes{{"standard_name", std::string("air_temperature")},
                            {"units", std::string("K")},
                            {"cell_methods", std::string("area: mean time: point")},
                            {"_FillValue", 1e20F}};
  std::vector<double> hours{0, 6, 12, 18};  ///< since 2001-01-01
  std::vector<double> bounds;               ///< [time, 2]; empty: none
  std::string calendar = "360_day";
  std::vector<double> lat{44, 46, 48, 50, 52, 54};
  std::vector<double> lon{4, 6, 8, 10, 12, 14};
  std::string lat_units = "degrees_north";
  std::optional<grid::RotatedPole> rotated_pole;  ///< then lat and lon are those of the rotated grid
  /// At [time, y, x], from hour, latitude and longitude.
  std::function<double(double, double, double)> value = [](double hour, double latitude, double longitude) {
    return 250 + hour / 10 + latitude + longitude / 2;
  };

  void write(const std::filesystem::path& path) const {
    io::NetcdfFile file = io::NetcdfFile::create(path);
    const auto size = [](const auto& values) { return static_cast<std::int64_t>(values.size()); };
    file.define_dimension("time", size(hours));
    file.define_dimension("lat", size(lat));
    file.define_dimension("lon", size(lon));
    io::Attributes time{{"units", std::string("hours since 2001-1-1")}, {"calendar", calendar}};
    if (!bounds.empty()) time["bounds"] = std::string("time_bnds");
    file.define_variable("time", io::NetcdfType::float64, {"time"}, time);
    io::Attributes of_lat{{"units", lat_units}}, of_lon{{"units", std::string("degrees_east")}};
    io::Attributes of_values = attributes;
    if (rotated_pole) {
      of_lat = {{"units", std::string("degrees")}, {"standard_name", std::string("grid_latitude")}};
      of_lon = {{"units", std::string("degrees")}, {"standard_name", std::string("grid_longitude")}};
      of_values["grid_mapping"] = std::string("rotated_pole");
      file.define_variable("rotated_pole", io::NetcdfType::int32, {},
                           {{"grid_mapping_name", std::string("rotated_latitude_longitude")},
                            {"grid_north_pole_latitude", rotated_pole->pole_latitude},
                            {"grid_north_pole_longitude", rotated_pole->pole_longitude}});
    }
    file.define_variable("lat", io::NetcdfType::float64, {"lat"}, of_lat);
    file.define_variable("lon", io::NetcdfType::float64, {"lon"}, of_lon);
    if (!bounds.empty()) {
      file.define_dimension("bnds", 2);
      file.define_variable("time_bnds", io::NetcdfType::float64, {"time", "bnds"}, {});
    }
    file.define_variable(name, io::NetcdfType::float32, {"time", "lat", "lon"}, of_values);
    file.set_global_attributes({{"source_id", std::string("TOY")}});
    file.write("time", std::span<const double>(hours));
    file.write("lat", std::span<const double>(lat));
    file.write("lon", std::span<const double>(lon));
    if (!bounds.empty()) file.write("time_bnds", std::span<const double>(bounds));
    std::vector<double> values;
    for (const double hour : hours)
      for (const double y : lat)
        for (const double x : lon) values.push_back(value(hour, y, x));
    file.write(name, std::span<const double>(values));
    file.close();
  }
};

inline WantedVariable temperature() {
  return {{"tas", "air_temperature", "K"}, "", {}};
}

/// 4 x 4 cells within the file's.
inline Target small_target() {
  Target target;
  target.domain = {{"lat", "latitude", "degrees_north", {48, 48.5, 49, 49.5}},
                   {"lon", "longitude", "degrees_east", {8, 8.5, 9, 9.5}},
                   std::nullopt};
  target.block = 2;
  return target;
}

inline std::vector<float> read(ObservationStream& stream, std::int64_t index) {
  std::vector<float> values(stream.variables().size() * static_cast<std::size_t>(stream.grid().cells()));
  stream.read(index, values);
  return values;
}

}  // namespace foehn::ingestion
