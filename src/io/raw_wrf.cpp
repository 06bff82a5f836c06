#include "foehn/io/raw_wrf.hpp"

#include <algorithm>

#include "foehn/core/error.hpp"
#include "foehn/io/standard_name.hpp"

namespace foehn::io {
namespace {

/// Whether a program has given the file times as CF has them, beside WRF's own XTIME.
bool has_cf_time(const NetcdfFile& file) {
  const std::vector<std::string> names = file.variable_names();
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    const NetcdfVariable variable = file.variable(name);
    const bool counts = variable.text("units").value_or("").find(" since ") != std::string::npos;
    return counts && (name != "XTIME" || standard_name(variable) == "time");
  });
}

}  // namespace

void refuse_raw_wrf(const NetcdfFile& file) {
  for (const char* dimension : {"Time", "south_north", "west_east"})
    if (!file.dimension_size(dimension)) return;
  if (!file.has_variable("Times") || file.variable("Times").is_numeric || has_cf_time(file)) return;
  throw core::Error(
      file.path().string() +
      ": it is raw output of WRF, which does not follow the CF conventions: its times are characters, its "
      "variables have no standard names, and its winds U10 and V10 go along the model's grid. Make CF "
      "NetCDF of it first, such as with Python's xWRF: xarray.open_dataset(IN).xwrf.postprocess()"
      ".drop_vars('wrf_projection').to_netcdf(OUT), whose geographic winds are named by data.variables "
      "wind_east_10=eastward_wind,wind_north_10=northward_wind");
}

}  // namespace foehn::io
