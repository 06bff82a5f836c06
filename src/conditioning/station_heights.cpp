#include "conditioning/station_heights.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "foehn/core/error.hpp"
#include "foehn/core/text.hpp"
#include "foehn/core/units.hpp"
#include "foehn/grid/regridding.hpp"
#include "foehn/io/grid_reader.hpp"
#include "foehn/io/netcdf.hpp"
#include "foehn/io/packing.hpp"
#include "foehn/io/standard_name.hpp"

namespace foehn::conditioning {

namespace {

constexpr double kStandardGravity = 9.80665;  // m s-2

/// A file's variable that gives heights, and what its values are divided by.
struct HeightVariable {
  io::NetcdfVariable variable;
  core::UnitConversion to_metres;
};

HeightVariable find_heights(const io::NetcdfFile& file) {
  for (const std::string& name : file.variable_names()) {
    io::NetcdfVariable variable = file.variable(name);
    const std::string standard = io::standard_name(variable);
    const bool is_altitude = standard == "surface_altitude";
    if (!is_altitude && standard != "geopotential" && standard != "surface_geopotential") continue;
    const auto units = variable.text("units");
    if (!units) throw core::Error(fmt::format("{}: the unit is missing", name));
    core::UnitConversion conversion =
        core::with_context(name, [&] { return core::unit_conversion(*units, is_altitude ? "m" : "m2 s-2"); });
    if (!is_altitude) conversion.scale /= kStandardGravity;
    return {std::move(variable), conversion};
  }
  throw core::Error(
      "no variable has the standard name surface_altitude, geopotential or surface_geopotential");
}

}  // namespace

std::vector<double> read_heights(const std::filesystem::path& path, const grid::Grid& grid) {
  return core::with_context(path.string(), [&] {
    const io::NetcdfFile file = io::NetcdfFile::open(path);
    const auto [variable, to_metres] = find_heights(file);
    const grid::Grid own = io::read_grid(file, variable);
    const std::vector<double> stored = file.read_doubles(variable);
    if (static_cast<std::int64_t>(stored.size()) != own.cells())
      throw core::Error(fmt::format("{}: expected one field of {} x {} cells, found {} values", variable.name,
                                    own.ny(), own.nx(), stored.size()));
    const io::Packing packing = io::read_packing(file, variable);
    const grid::RegriddingWeights weights = core::with_context(
        "the prior's cells", [&] { return grid::bilinear_weights(own, grid::geographic_coordinates(grid)); });
    std::vector<double> heights;
    for (std::size_t cell = 0; cell + 1 < weights.first_link.size(); ++cell) {
      double height = 0;
      for (auto link = static_cast<std::size_t>(weights.first_link[cell]);
           link < static_cast<std::size_t>(weights.first_link[cell + 1]); ++link) {
        const double value = stored[static_cast<std::size_t>(weights.source_cell[link])];
        if (weights.weight[link] == 0) continue;
        height += weights.weight[link] * (packing.is_missing(value)
                                              ? std::numeric_limits<double>::quiet_NaN()
                                              : packing.unpack(value) * to_metres.scale + to_metres.offset);
      }
      if (!std::isfinite(height))
        throw core::Error(fmt::format("{}: the value is missing at cell y {}, x {} of the prior",
                                      variable.name, static_cast<std::int64_t>(cell) / grid.nx(),
                                      static_cast<std::int64_t>(cell) % grid.nx()));
      heights.push_back(height);
    }
    return heights;
  });
}

bool falls_with_height(const io::Variable& variable) {
  return variable.standard_name == "air_temperature";
}

HeightCorrection::HeightCorrection(const io::PointData& data, const io::Variable& variable,
                                   const std::vector<double>& heights, double lapse_rate)
    : data_(data), variable_(variable), heights_(heights), lapse_rate_(0) {
  if (falls_with_height(variable))
    lapse_rate_ = lapse_rate / 1000 / core::unit_conversion(variable.units, "K").scale;
}

double HeightCorrection::of(const io::Place& place, const Footprint& footprint) const {
  if (lapse_rate_ == 0 || heights_.empty() || std::isnan(place.height)) return 0;
  double cells = 0;
  for (std::size_t i = 0; i < footprint.cells.size(); ++i)
    cells += footprint.weights[i] * heights_[static_cast<std::size_t>(footprint.cells[i])];
  return lapse_rate_ * (place.height - cells);
}

void HeightCorrection::log(const std::vector<Footprint>& footprints) const {
  if (lapse_rate_ == 0) return;
  std::int64_t known = 0, unknown = 0;
  double least = std::numeric_limits<double>::infinity(), most = -least;
  std::string first_unknown;
  for (std::size_t i = 0; i < footprints.size(); ++i) {
    if (footprints[i].cells.empty()) continue;
    if (std::isnan(data_.places[i].height)) {
      if (unknown++ == 0) first_unknown = io::describe(data_.places[i]);
      continue;
    }
    ++known;
    const double added = of(data_.places[i], footprints[i]);
    least = std::min(least, added);
    most = std::max(most, added);
  }
  if (heights_.empty()) {
    if (known > 0)
      spdlog::warn(
          "stations {}: {} is not corrected for the stations' heights: stations.orography, which gives those "
          "of the prior's cells, is missing",
          data_.file, variable_.name);
    return;
  }
  if (unknown > 0)
    spdlog::warn("stations {}: {} of {} without a height, such as {}: not corrected to the prior's cells",
                 data_.file, variable_.name, core::counted(unknown, "place"), first_unknown);
  if (known > 0)
    spdlog::info(
        "stations {}: {} of {} corrected to the heights of the prior's cells, by {:.3g} to {:.3g} {}",
        data_.file, variable_.name, core::counted(known, "place"), least, most, variable_.units);
}

}  // namespace foehn::conditioning
