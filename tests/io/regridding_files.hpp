#pragma once

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "foehn/io/trajectory_writer.hpp"
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

/// One field, tas, on a grid; in float64, so that comparisons see no rounding but the program's.
inline void write_field(const std::filesystem::path& path, const grid::Grid& grid,
                        const std::vector<float>& values) {
  NetcdfFile file = NetcdfFile::create(path);
  define_grid(file, grid);
  Attributes attributes = grid_attributes(grid);
  attributes["units"] = std::string("K");
  file.define_variable("tas", NetcdfType::float64, {grid.y.name, grid.x.name}, attributes);
  write_grid(file, grid);
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
