#pragma once

#include <string>

#include "foehn/io/field_layout.hpp"

namespace foehn::io {

/// The method that `cell_methods` names for an axis: "mean" in "area: time: mean (interval: 1 h)"; several
/// are separated by commas; empty if it names none.
std::string cell_method(const std::string& cell_methods, const std::string& axis);

/// The method in time that a field's `cell_methods` names, for "time" or by the name of its time dimension.
std::string time_method(const FieldLayout& layout);

}  // namespace foehn::io
