#pragma once

#include <optional>
#include <string>

#include "foehn/io/field_layout.hpp"

namespace foehn::ingestion {

/// The one level that a field lies on: a height, a pressure, a depth.
struct VerticalLevel {
  std::string name;  ///< of the coordinate in the file, such as "height" or "plev"
  double value = 0;
  std::string units;

  /// "height 2 m", for messages.
  std::string text() const;
};

/// Finds it among the variable's dimensions of size 1 and the scalar coordinates that its attribute
/// `coordinates` names. A vertical coordinate is one with `axis` "Z", an attribute `positive`, or the
/// standard name of a height, an altitude or a pressure. Source: CF 4.3.
/// @return nothing if the file does not say
std::optional<VerticalLevel> read_level(const io::NetcdfFile& file, const io::FieldLayout& layout);

/// Whether two levels are one, in whatever units.
bool are_same(const VerticalLevel& a, const VerticalLevel& b);
/// Whether the level is a pressure.
bool is_pressure(const VerticalLevel& level);

}  // namespace foehn::ingestion
