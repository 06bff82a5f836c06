#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "foehn/ingestion/record.hpp"

namespace foehn::ingestion {

/// A variable of the domain that is to be found in a climate model's files.
struct WantedVariable {
  io::Variable variable;    ///< as the domain has it: name, standard name and the unit to convert to
  std::string source_name;  ///< its name in the files; empty: found by its standard name
  std::optional<io::TimeSampling> sampling;  ///< what to take it for, in place of its cell_methods
  std::string source_standard_name{};        ///< with source_name: its standard name, whatever the files say
};

/// Finds each wanted variable in the files, which may hold one variable each or many, and joins its files.
///
/// By standard name; one without a standard name is found by the domain's name for it. Winds are also
/// found along the other directions (grid_eastward_wind for eastward_wind, and so on) if no file has them
/// along the wanted ones. Where several variables would do (tas and tasmax), the one with the domain's name
/// is taken. Files that are named twice are read once.
///
/// @return  one record per wanted variable, in that order
/// @throws Error naming the variable: found nowhere (with what the files hold), or ambiguous; and as
///         io::read_layout, read_source_grid, io::find_sampling and Record
std::vector<Record> find_records(const std::vector<std::filesystem::path>& files,
                                 const std::vector<WantedVariable>& wanted);

}  // namespace foehn::ingestion
