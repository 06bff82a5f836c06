#pragma once

#include <bit>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "foehn/io/netcdf.hpp"

namespace foehn::testing {

inline std::vector<std::uint64_t> bits_of(const std::vector<double>& values) {
  std::vector<std::uint64_t> bits;
  for (const double value : values) bits.push_back(std::bit_cast<std::uint64_t>(value));
  return bits;
}

/// What two NetCDF files differ in: variables, their dimensions, attributes and bits, and global attributes.
inline std::vector<std::string> netcdf_differences(const std::filesystem::path& expected,
                                                   const std::filesystem::path& found) {
  const io::NetcdfFile a = io::NetcdfFile::open(expected), b = io::NetcdfFile::open(found);
  std::vector<std::string> differences;
  const auto check = [&](bool same, const std::string& what) {
    if (!same) differences.push_back(what);
  };
  check(a.global_attributes() == b.global_attributes(), "global attributes");
  check(a.variable_names() == b.variable_names(), "names of variables");
  for (const std::string& name : a.variable_names()) {
    if (!b.has_variable(name)) continue;
    const io::NetcdfVariable x = a.variable(name), y = b.variable(name);
    check(x.attributes == y.attributes, name + ": attributes");
    bool same_shape = x.dimensions.size() == y.dimensions.size();
    for (std::size_t i = 0; same_shape && i < x.dimensions.size(); ++i)
      same_shape =
          x.dimensions[i].name == y.dimensions[i].name && x.dimensions[i].size == y.dimensions[i].size;
    check(same_shape, name + ": dimensions");
    if (x.is_numeric && same_shape)
      check(bits_of(a.read_doubles(x)) == bits_of(b.read_doubles(y)), name + ": values");
  }
  return differences;
}

}  // namespace foehn::testing
