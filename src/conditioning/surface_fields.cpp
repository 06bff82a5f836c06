#include "conditioning/surface_fields.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "foehn/core/error.hpp"
#include "foehn/core/units.hpp"
#include "foehn/grid/regridding.hpp"
#include "foehn/io/grid_reader.hpp"
#include "foehn/io/netcdf.hpp"
#include "foehn/io/packing.hpp"
#include "foehn/io/standard_name.hpp"

namespace foehn::conditioning {

namespace {

constexpr double kStandardGravity = 9.80665;  // m s-2
constexpr double kShareRounding = 1e-3;       // of packed values

/// A variable that says what is wanted.
struct SurfaceVariable {
  io::NetcdfVariable variable;
  std::string standard_name;
};

SurfaceVariable find_variable(const io::NetcdfFile& file, const std::vector<std::string>& standard_names) {
  for (const std::string& name : file.variable_names()) {
    io::NetcdfVariable variable = file.variable(name);
    std::string standard = io::standard_name(variable);
    if (std::find(standard_names.begin(), standard_names.end(), standard) != standard_names.end())
      return {std::move(variable), std::move(standard)};
  }
  throw core::Error(fmt::format("no variable has the standard name {}", fmt::join(standard_names, " or ")));
}

/// Shares are without a unit or in percent; ECMWF writes the unit 1 as the range that values have.
core::UnitConversion conversion_to_share(const io::NetcdfVariable& variable) {
  const std::string units = variable.text("units").value_or("1");
  if (units == "(0 - 1)" || units == "0 - 1") return {};
  return core::with_context(variable.name, [&] { return core::unit_conversion(units, "1"); });
}

core::UnitConversion conversion_to(const io::NetcdfVariable& variable, const std::string& wanted) {
  const auto units = variable.text("units");
  if (!units) throw core::Error(fmt::format("{}: the unit is missing", variable.name));
  return core::with_context(variable.name, [&] { return core::unit_conversion(*units, wanted); });
}

std::vector<double> read_at_cells(const io::NetcdfFile& file, const io::NetcdfVariable& variable,
                                  const core::UnitConversion& conversion, const grid::Grid& grid) {
  const grid::Grid own = io::read_grid(file, variable);
  const std::vector<double> stored = file.read_doubles(variable);
  if (static_cast<std::int64_t>(stored.size()) != own.cells())
    throw core::Error(fmt::format("{}: expected one field of {} x {} cells, found {} values", variable.name,
                                  own.ny(), own.nx(), stored.size()));
  const io::Packing packing = io::read_packing(file, variable);
  const grid::RegriddingWeights weights = core::with_context(
      "the prior's cells", [&] { return grid::bilinear_weights(own, grid::geographic_coordinates(grid)); });
  std::vector<double> values;
  for (std::size_t cell = 0; cell + 1 < weights.first_link.size(); ++cell) {
    double value = 0;
    for (auto link = static_cast<std::size_t>(weights.first_link[cell]);
         link < static_cast<std::size_t>(weights.first_link[cell + 1]); ++link) {
      const double of_source = stored[static_cast<std::size_t>(weights.source_cell[link])];
      if (weights.weight[link] == 0) continue;
      value +=
          weights.weight[link] * (packing.is_missing(of_source)
                                      ? std::numeric_limits<double>::quiet_NaN()
                                      : packing.unpack(of_source) * conversion.scale + conversion.offset);
    }
    if (!std::isfinite(value))
      throw core::Error(fmt::format("{}: the value is missing at cell y {}, x {} of the prior", variable.name,
                                    static_cast<std::int64_t>(cell) / grid.nx(),
                                    static_cast<std::int64_t>(cell) % grid.nx()));
    values.push_back(value);
  }
  return values;
}

}  // namespace

std::vector<double> read_heights(const std::filesystem::path& path, const grid::Grid& grid) {
  return core::with_context(path.string(), [&] {
    const io::NetcdfFile file = io::NetcdfFile::open(path);
    const auto [variable, name] =
        find_variable(file, {"surface_altitude", "geopotential", "surface_geopotential"});
    const bool is_altitude = name == "surface_altitude";
    core::UnitConversion conversion = conversion_to(variable, is_altitude ? "m" : "m2 s-2");
    if (!is_altitude) conversion.scale /= kStandardGravity;
    return read_at_cells(file, variable, conversion, grid);
  });
}

std::vector<double> read_land_shares(const std::filesystem::path& path, const grid::Grid& grid) {
  return core::with_context(path.string(), [&] {
    const io::NetcdfFile file = io::NetcdfFile::open(path);
    const auto [variable, name] = find_variable(file, {"land_area_fraction", "land_binary_mask"});
    const std::vector<double> shares = read_at_cells(file, variable, conversion_to_share(variable), grid);
    for (std::size_t cell = 0; cell < shares.size(); ++cell)
      if (shares[cell] < -kShareRounding || shares[cell] > 1 + kShareRounding)
        throw core::Error(fmt::format("{}: {:g} at {}, expected a share of land from 0 to 1", variable.name,
                                      shares[cell], grid::cell_text(grid, static_cast<std::int64_t>(cell))));
    return shares;
  });
}

}  // namespace foehn::conditioning
