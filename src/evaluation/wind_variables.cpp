#include "evaluation/wind_variables.hpp"

#include <cmath>
#include <string>

namespace foehn::evaluation {

std::optional<WindVariables> WindVariables::among(const std::vector<io::Variable>& variables) {
  const auto find = [&](const std::vector<std::string>& standard_names) {
    WindVariables wind;
    for (const std::string& name : standard_names)
      for (std::size_t place = 0; place < variables.size(); ++place)
        if (variables[place].standard_name == name) {
          wind.places_.push_back(place);
          wind.to_metres_per_second_.push_back(core::unit_conversion(variables[place].units, "m s-1"));
        }
    return wind.places_.size() == standard_names.size() ? std::optional(wind) : std::nullopt;
  };
  static const std::vector<std::vector<std::string>> choices = {{"wind_speed"},
                                                                {"eastward_wind", "northward_wind"},
                                                                {"grid_eastward_wind", "grid_northward_wind"},
                                                                {"x_wind", "y_wind"}};
  for (const auto& names : choices)
    if (auto wind = find(names)) return wind;
  return std::nullopt;
}

double WindVariables::speed(std::span<const double> fields, std::size_t cells, std::size_t cell) const {
  const auto component = [&](std::size_t i) {
    return to_metres_per_second_[i].scale * fields[places_[i] * cells + cell] +
           to_metres_per_second_[i].offset;
  };
  return are_components() ? std::hypot(component(0), component(1)) : component(0);
}

}  // namespace foehn::evaluation
