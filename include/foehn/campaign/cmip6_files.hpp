#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace foehn::campaign {

/// A file as CMIP6 names it: VARIABLE_TABLE_MODEL_EXPERIMENT_VARIANT_GRID_FIRST-LAST.nc.
struct Cmip6File {
  std::filesystem::path path;
  std::string variable, table, model, experiment, variant, grid;
  std::string first_day, last_day;  ///< that its name says it reaches from and to, "YYYYMMDD"
};

/// Reads a file's name; nothing if it is not one of CMIP6, or of a field without times.
std::optional<Cmip6File> parse_cmip6_name(const std::filesystem::path& path);

/// The files of CMIP6 in some folders and all folders below them, whatever the folders are called: an ESGF
/// tree, or one folder. Of a file that lies in folders of several versions (v20190710) it is that of the
/// latest.
/// @throws core::Error naming a folder that cannot be read, or two files of one name in folders that are not
///         versions
std::vector<Cmip6File> find_cmip6_files(const std::vector<std::string>& folders);

}  // namespace foehn::campaign
