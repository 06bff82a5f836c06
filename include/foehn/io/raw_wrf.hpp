#pragma once

#include "foehn/io/netcdf.hpp"

namespace foehn::io {

/// Refuses files as WRF writes them (wrfout, wrfinput): their times are characters, their variables have no
/// standard names and their positions depend on time, so that nothing in them says what is what; and their
/// winds go along the model's grid, which no name tells. Files that were made CF of them pass.
/// @throws Error naming the file, and what to do
void refuse_raw_wrf(const NetcdfFile& file);

}  // namespace foehn::io
