#include "foehn/ingestion/vertical_level.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <vector>

#include "foehn/core/error.hpp"
#include "foehn/core/units.hpp"
#include "foehn/io/packing.hpp"
#include "foehn/io/standard_name.hpp"

namespace foehn::ingestion {

namespace {

/// Levels are one if they differ by less than this part (files hold them in float32).
constexpr double kSameLevel = 1e-4;

bool is_vertical(const io::NetcdfVariable& variable) {
  const std::string name = io::standard_name(variable);
  return variable.text("axis") == "Z" || variable.attributes.contains("positive") || name == "height" ||
         name == "altitude" || name == "air_pressure";
}

/// From one unit to another; nothing if they are not convertible.
std::optional<core::UnitConversion> conversion(const std::string& from, const std::string& to) {
  try {
    return core::unit_conversion(from, to);
  } catch (const core::Error&) {
    return std::nullopt;
  }
}

}  // namespace

std::string VerticalLevel::text() const {
  return fmt::format("{} {:.6g} {}", name, value, units);
}

std::optional<VerticalLevel> read_level(const io::NetcdfFile& file, const io::FieldLayout& layout) {
  std::vector<std::string> names;
  for (const auto& dimension : layout.header.dimensions)
    if (dimension.size == 1) names.push_back(dimension.name);
  std::istringstream words(layout.header.text("coordinates").value_or(""));
  for (std::string word; words >> word;) names.push_back(word);
  for (const std::string& name : names) {
    if (!file.has_variable(name)) continue;
    const io::NetcdfVariable variable = file.variable(name);
    const bool is_single = std::all_of(variable.dimensions.begin(), variable.dimensions.end(),
                                       [](const auto& dimension) { return dimension.size == 1; });
    if (!variable.is_numeric || !is_single || !is_vertical(variable)) continue;
    const double value = io::read_coordinate(file, variable).front();
    if (std::isfinite(value)) return VerticalLevel{name, value, variable.text("units").value_or("1")};
  }
  return std::nullopt;
}

bool are_same(const VerticalLevel& a, const VerticalLevel& b) {
  const auto to_a = conversion(b.units, a.units);
  if (!to_a) return false;
  const double value = b.value * to_a->scale + to_a->offset;
  return std::abs(a.value - value) <= kSameLevel * std::max(std::abs(a.value), std::abs(value));
}

bool is_pressure(const VerticalLevel& level) {
  return conversion(level.units, "Pa").has_value();
}

}  // namespace foehn::ingestion
