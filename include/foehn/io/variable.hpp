#pragma once

#include <string>

namespace foehn::io {

/// One physical variable of a field file or a trajectory.
struct Variable {
  std::string name;           ///< in files, such as "tas"
  std::string standard_name;  ///< CF standard name, such as "air_temperature"
  std::string units;          ///< such as "K"
  bool operator==(const Variable&) const = default;
};

/// Reads "t2m=air_temperature": a variable's name in the files and its CF standard name (the second part may
/// be absent).
Variable parse_variable(const std::string& text);

}  // namespace foehn::io
