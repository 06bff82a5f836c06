#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "foehn/io/netcdf.hpp"
#include "toy_climate.hpp"

namespace foehn::testing {

/// A file as archives of CMIP6 serve them, of one variable, to be bent into any shape a test needs.
struct EsgfFile {
  std::string name, standard_name, units;
  std::string cell_methods = "area: mean time: point";
  std::string calendar = "360_day";
  std::string source_id = "HadGEM3-GC31-MM";
  std::vector<double> hours;   ///< of the time stamps, since 2050-12-29
  std::vector<double> bounds;  ///< of the same, [time, 2]; empty: none
  std::string bounds_name = "time_bnds";
  std::vector<double> lat, lon;
  std::vector<double> lat_bounds, lon_bounds;  ///< [lat, 2] and [lon, 2]; empty: none
  double height = 2;                           ///< m, a scalar coordinate
  std::string time_units = "days since 2050-12-29";
  double coordinate_scale = 1;  ///< other than 1: coordinates and bounds are packed, as integers
  std::vector<double> values;   ///< [time, lat, lon], as stored
  io::NetcdfType type = io::NetcdfType::float32;
  io::Attributes attributes{{"_FillValue", 1e20F}, {"missing_value", 1e20F}};  ///< more, of the variable
  std::vector<std::pair<std::string, std::int64_t>> levels;  ///< dimensions between time and latitude

  double& value(std::size_t time, std::size_t cell) { return values[time * lat.size() * lon.size() + cell]; }
  /// Leaves instants [first, last).
  EsgfFile part(std::size_t first, std::size_t last) const;
  void write(const std::filesystem::path& path) const;
};

/// A variable of the toy climate's truth every 6 h, as a model of 360 days a year has it from 2050-12-29 on.
EsgfFile esgf_snapshots(ToyFields& truth, std::size_t variable, std::size_t instants);
/// The same as means over the 6 h from each on, stamped in their middle.
EsgfFile esgf_means(ToyFields& truth, std::size_t variable, std::size_t instants);

/// Two days of a toy climate model, from 2050-12-29 of ssp585 on, in a file per variable with CMIP6's names.
void write_two_days(const std::string& model, const std::filesystem::path& folder);

}  // namespace foehn::testing
