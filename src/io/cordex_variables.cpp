#include "cordex_variables.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <vector>

#include "foehn/core/error.hpp"
#include "foehn/core/units.hpp"
#include "foehn/grid/winds.hpp"

namespace foehn::io {
namespace {

// Source: CORDEX-CMIP6 CMOR tables, 1hr, of 5 April 2024: the entries of "time: point" near the surface.
constexpr std::array kVariables{
    CordexVariable{"tas", "t2m", "air_temperature", "K", 2, "Near-Surface Air Temperature"},
    CordexVariable{"huss", "", "specific_humidity", "1", 2, "Near-Surface Specific Humidity"},
    CordexVariable{"hurs", "", "relative_humidity", "%", 2, "Near-Surface Relative Humidity"},
    CordexVariable{"uas", "u10", "eastward_wind", "m s-1", 10, "Eastward Near-Surface Wind"},
    CordexVariable{"vas", "v10", "northward_wind", "m s-1", 10, "Northward Near-Surface Wind"},
    CordexVariable{"sfcWind", "si10", "wind_speed", "m s-1", 10, "Near-Surface Wind Speed"},
    CordexVariable{"psl", "msl", "air_pressure_at_mean_sea_level", "Pa", 0, "Sea Level Pressure"},
    CordexVariable{"ps", "sp", "surface_air_pressure", "Pa", 0, "Surface Air Pressure"},
    CordexVariable{"ts", "skt", "surface_temperature", "K", 0, "Surface Temperature"},
};

}  // namespace

const CordexVariable& cordex_variable(const Variable& variable) {
  const auto found = std::find_if(kVariables.begin(), kVariables.end(), [&](const CordexVariable& known) {
    return variable.name == known.name || variable.name == known.reanalysis_name;
  });
  if (found == kVariables.end()) {
    std::vector<const char*> names;
    for (const CordexVariable& known : kVariables) names.push_back(known.name);
    throw core::Error(fmt::format("variable {} cannot be published; expected one of {}", variable.name,
                                  fmt::join(names, ", ")));
  }
  const auto component = grid::wind_component(variable.standard_name);
  const auto published = grid::wind_component(found->standard_name);
  const bool is_other_direction = component && published && component->is_first == published->is_first;
  if (!variable.standard_name.empty() && variable.standard_name != found->standard_name &&
      !is_other_direction)
    throw core::Error(fmt::format("variable {}: {} is {}, expected {}", variable.name, found->name,
                                  variable.standard_name, found->standard_name));
  // Values are written as they are: other spellings of the unit are welcome, other units are not.
  if (!core::unit_conversion(variable.units, found->units).is_identity())
    throw core::Error(
        fmt::format("variable {}: its unit is {}, expected {}", variable.name, variable.units, found->units));
  return *found;
}

}  // namespace foehn::io
