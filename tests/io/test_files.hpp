#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foehn/io/netcdf.hpp"

namespace foehn::io {

/// A fresh folder that goes away with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "foehn-io-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(path_))
      found.push_back(entry.path().filename());
    return found;
  }

 private:
  std::filesystem::path path_;
};

inline std::filesystem::path folder_from(const char* variable, const std::string& beside_repository) {
  const char* value = std::getenv(variable);
  if (value != nullptr) return value;
  return std::filesystem::path(FOEHN_TEST_REFERENCE) / "../../.." / beside_repository;
}

/// A file of the real data, or nothing where they are absent.
inline std::optional<std::filesystem::path> real_data(const std::string& name) {
  const auto path = folder_from("FOEHN_REAL_DATA", "shared/data") / name;
  if (!std::filesystem::exists(path)) return std::nullopt;
  return path;
}

inline std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_content(const std::filesystem::path& path, std::string_view content) {
  std::ofstream(path, std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
}

/// A small NetCDF file with one field, to be bent into any shape a test needs.
struct FieldFile {
  std::string name = "tas";
  Attributes attributes{{"standard_name", std::string("air_temperature")}, {"units", std::string("K")}};
  NetcdfType type = NetcdfType::float32;
  std::vector<std::string> dimensions{"time", "lat", "lon"};
  std::vector<double> times{0, 1, 2, 3};
  std::string time_name = "time";
  std::string time_units = "hours since 2019-3-1";
  std::string calendar = "standard";
  std::vector<double> lat{52, 51.5, 51};
  std::vector<double> lon{-0.5, 0, 0.5, 1};
  std::string lat_units = "degrees_north", lat_standard_name = "";
  std::string lon_units = "degrees_east";
  std::int64_t levels = 1;
  /// Stored number at [time, y, x]; the same on every level.
  std::function<double(std::size_t, std::size_t, std::size_t)> stored = [](std::size_t t, std::size_t y,
                                                                           std::size_t x) {
    return 280.0 + 30.0 * static_cast<double>(t) + 10.0 * static_cast<double>(y) + static_cast<double>(x);
  };

  void write(const std::filesystem::path& path) const {
    NetcdfFile file = NetcdfFile::create(path);
    const auto size = [](const std::vector<double>& values) {
      return static_cast<std::int64_t>(values.size());
    };
    file.define_dimension("time", size(times));
    file.define_dimension("lat", size(lat));
    file.define_dimension("lon", size(lon));
    file.define_dimension("level", levels);
    file.define_variable(
        time_name, NetcdfType::float64, {"time"},
        {{"units", time_units}, {"calendar", calendar}, {"standard_name", std::string("time")}});
    Attributes of_lat{{"units", lat_units}};
    if (!lat_standard_name.empty()) of_lat["standard_name"] = lat_standard_name;
    file.define_variable("lat", NetcdfType::float64, {"lat"}, of_lat);
    file.define_variable("lon", NetcdfType::float64, {"lon"}, {{"units", lon_units}});
    file.define_variable(name, type, dimensions, attributes);
    file.write(time_name, std::span<const double>(times));
    file.write("lat", std::span<const double>(lat));
    file.write("lon", std::span<const double>(lon));
    std::vector<double> values;
    for (std::size_t t = 0; t < times.size(); ++t) {
      for (std::int64_t level = 0; level < levels; ++level) {
        for (std::size_t y = 0; y < lat.size(); ++y) {
          for (std::size_t x = 0; x < lon.size(); ++x) values.push_back(stored(t, y, x));
        }
      }
    }
    file.write(name, std::span<const double>(values));
    file.close();
  }
};

}  // namespace foehn::io
