#pragma once

#include <optional>
#include <string>

namespace foehn::ingestion {

/// A horizontal wind component, by its standard name.
struct WindComponent {
  bool is_first = true;        ///< eastward or along x, of the two
  bool is_along_grid = false;  ///< along the grid's own directions, not geographic ones
  bool operator==(const WindComponent&) const = default;
};
/// Nothing for a standard name that is none.
std::optional<WindComponent> wind_component(const std::string& standard_name);

/// When winds are turned between geographic directions and those of a grid.
enum class WindRotation {
  by_standard_name,  ///< where standard names in the files and in the domain tell of different directions
  never,
  to_grid,  ///< as by name, but the domain's winds are along its grid, whatever their names say
};

}  // namespace foehn::ingestion
