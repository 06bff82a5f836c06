#include "foehn/grid/winds.hpp"

#include <map>

namespace foehn::grid {

std::optional<WindComponent> wind_component(const std::string& standard_name) {
  static const std::map<std::string, WindComponent> kComponents{
      {"eastward_wind", {true, false}},
      {"northward_wind", {false, false}},
      {"grid_eastward_wind", {true, true}},
      {"grid_northward_wind", {false, true}},
      {"x_wind", {true, true}},
      {"y_wind", {false, true}},
  };
  const auto found = kComponents.find(standard_name);
  if (found == kComponents.end()) return std::nullopt;
  return found->second;
}

}  // namespace foehn::grid
