#pragma once

#include <string>

namespace foehn::io {

/// The method that `cell_methods` names for an axis: "mean" in "area: time: mean (interval: 1 h)"; several
/// are separated by commas; empty if it names none.
std::string cell_method(const std::string& cell_methods, const std::string& axis);

}  // namespace foehn::io
