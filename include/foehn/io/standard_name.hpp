#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "foehn/io/netcdf.hpp"

namespace foehn::io {

/// The CF standard name that a file gives a variable, without blanks around it; empty if it gives none, or
/// only a placeholder that some tools write where they know none, such as "unknown", "missing" or "none".
std::string standard_name(const NetcdfVariable& variable);

/// Whether a text in place of a standard name says nothing, as "unknown" does.
bool is_placeholder(std::string_view standard_name);

/// Values beyond which a quantity is not of this earth's weather.
struct PlausibleValues {
  double least = 0;
  double most = 0;
  std::string units;
};

/// What is plausible for a standard name: wide enough for any weather and any model of it, narrow enough for
/// fill values that a file does not declare (0 K, -999, 1e20). Nothing for other names.
std::optional<PlausibleValues> plausible_values(const std::string& standard_name);

/// No quantity in any usual unit is larger: what stands for a missing value (1e15, 1e20, 9.97e36) is.
inline constexpr double kLargestPlausible = 1e14;

}  // namespace foehn::io
