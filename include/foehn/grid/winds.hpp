#pragma once

#include <optional>
#include <string>

namespace foehn::grid {

/// A horizontal wind component, by its standard name.
struct WindComponent {
  bool is_first = true;        ///< eastward or along x, of the two
  bool is_along_grid = false;  ///< along the grid's own directions, not geographic ones
  bool operator==(const WindComponent&) const = default;
};
/// Nothing for the standard name of anything else.
std::optional<WindComponent> wind_component(const std::string& standard_name);

}  // namespace foehn::grid
