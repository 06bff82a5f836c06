#pragma once

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "foehn/io/grid_writer.hpp"
#include "grid/grids.hpp"
#include "io/test_files.hpp"

namespace foehn::io {

constexpr const char* kNoCdo = "skipped: no cdo";

inline bool run_cdo(const std::string& arguments) {
  return std::system(("cdo -s " + arguments + " > /dev/null 2>&1").c_str()) == 0;
}
inline bool has_cdo() {
  static const bool found = run_cdo("--version");
  return found;
}

inline void define_geographic_grid_with_row_bounds(NetcdfFile& file, const grid::Grid& grid) {
  file.define_dimension("lat", grid.ny());
  file.define_dimension("lon", grid.nx());
  file.define_dimension("bnds", 2);
  file.define_variable("lat", NetcdfType::float64, {"lat"},
                       {{"units", std::string("degrees_north")}, {"bounds", std::string("lat_bnds")}});
  file.define_variable("lat_bnds", NetcdfType::float64, {"lat", "bnds"}, {});
  file.define_variable("lon", NetcdfType::float64, {"lon"}, {{"units", std::string("degrees_east")}});
}

/// One field, tas, on a grid; in float64, so that comparisons see no rounding but the program's.
inline void write_field(const std::filesystem::path& path, const grid::Grid& grid,
                        const std::vector<float>& values) {
  NetcdfFile file = NetcdfFile::create(path);
  const bool has_bounds = !grid.y.bounds.empty();
  has_bounds ? define_geographic_grid_with_row_bounds(file, grid) : define_grid(file, grid);
  Attributes attributes = grid_attributes(grid);
  attributes["units"] = std::string("K");
  file.define_variable("tas", NetcdfType::float64, {grid.y.name, grid.x.name}, attributes);
  write_grid(file, grid);
  if (has_bounds) file.write("lat_bnds", std::span<const double>(grid.y.bounds));
  file.write("tas", std::span<const float>(values));
  file.close();
}

inline std::vector<double> read_field(const std::filesystem::path& path) {
  const NetcdfFile file = NetcdfFile::open(path);
  return file.read_doubles(file.variable("tas"));
}

/// The greatest and the root-mean-square difference.
struct Differences {
  double most = 0;
  double rms = 0;
};
template <class Expected>
Differences differences(const std::vector<float>& found, const Expected& expected) {
  Differences result;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double difference = std::abs(static_cast<double>(found[i]) - static_cast<double>(expected[i]));
    result.most = std::max(result.most, difference);
    result.rms += difference * difference;
  }
  result.rms = std::sqrt(result.rms / static_cast<double>(found.size()));
  return result;
}

}  // namespace foehn::io
