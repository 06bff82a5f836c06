#pragma once

#include <string>

namespace foehn::core {

/// An affine conversion between two units, from UDUNITS-2: value_to = scale * value_from + offset.
struct UnitConversion {
  double scale = 1.0;
  double offset = 0.0;
  bool is_identity() const { return scale == 1.0 && offset == 0.0; }
};

/// @param from, to  unit strings as in CF metadata, such as "hPa", "degC", "m s-1"
/// @throws Error if a unit is unknown to UDUNITS-2 or the two are not convertible; the message names both
UnitConversion unit_conversion(const std::string& from, const std::string& to);

}  // namespace foehn::core
