#pragma once

#include <filesystem>
#include <vector>

#include "field_source.hpp"

namespace foehn::io {

/// Reads the headers of all files that hold a variable, each file opened once.
/// @param wanted     empty: every variable on (time, y, x), in the order in which the files have them
/// @param overrules  whether standard names that are wanted hold in place of the files'
/// @return           [variable][file]
/// @throws Error as read_field_source, or naming a file that has none of the variables, or a variable that no
///         file has
std::vector<std::vector<FieldSource>> read_headers(const std::vector<std::filesystem::path>& files,
                                                   std::vector<Variable> wanted, bool overrules);

}  // namespace foehn::io
