#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "field_source.hpp"
#include "foehn/io/coarse_source.hpp"
#include "foehn/io/netcdf.hpp"

namespace foehn::io {

/// Is a variable a mean over time, by its `cell_methods`?
/// @param bounds  of the time coordinate; empty if it has none
/// @throws Error if it may be neither or either
bool is_mean_over_time(const FieldLayout& layout, const std::vector<TimeSpan>& bounds);

/// The bounds of the source's times, by the coordinate's attribute `bounds`; none if it has no such
/// attribute.
/// @throws Error if the attribute names no variable (time, 2)
std::vector<TimeSpan> read_time_bounds(const NetcdfFile& file, const FieldSource& source);

/// @throws Error naming the first time that its bounds are no interval around
void check_time_bounds(const std::filesystem::path& path, const FieldSource& source,
                       const std::vector<TimeSpan>& bounds);

}  // namespace foehn::io
