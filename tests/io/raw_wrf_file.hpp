#pragma once

#include <netcdf.h>

#include <array>
#include <filesystem>
#include <string>
#include <vector>

namespace foehn::io {

/// A small file as WRF writes it: two hours of 3 x 4 cells, with a staggered wind beside the ones at 10 m.
/// @param has_cf_time  whether someone has added a time coordinate since
inline void write_raw_wrf(const std::filesystem::path& path, bool has_cf_time = false) {
  int file = -1, time = -1, length = -1, south_north = -1, west_east = -1, west_east_stag = -1, id = -1;
  nc_create(path.c_str(), NC_CLOBBER | NC_64BIT_OFFSET, &file);
  nc_def_dim(file, "Time", NC_UNLIMITED, &time);
  nc_def_dim(file, "DateStrLen", 19, &length);
  nc_def_dim(file, "south_north", 3, &south_north);
  nc_def_dim(file, "west_east", 4, &west_east);
  nc_def_dim(file, "west_east_stag", 5, &west_east_stag);
  const auto text = [&](int variable, const char* name, const std::string& value) {
    nc_put_att_text(file, variable, name, value.size(), value.c_str());
  };
  const auto field = [&](const char* name, const char* units, const char* description, int columns) {
    const std::array<int, 3> dimensions{time, south_north, columns};
    nc_def_var(file, name, NC_FLOAT, 3, dimensions.data(), &id);
    text(id, "MemoryOrder", "XY ");
    text(id, "description", description);
    text(id, "units", units);
    text(id, "stagger", columns == west_east_stag ? "X" : "");
    text(id, "coordinates", "XLONG XLAT XTIME");
  };
  const std::array<int, 2> of_times{time, length};
  nc_def_var(file, "Times", NC_CHAR, 2, of_times.data(), &id);
  field("XLAT", "degree_north", "LATITUDE, SOUTH IS NEGATIVE", west_east);
  field("XLONG", "degree_east", "LONGITUDE, WEST IS NEGATIVE", west_east);
  nc_def_var(file, "XTIME", NC_FLOAT, 1, &time, &id);
  text(id, "units", "minutes since 2019-03-01 00:00:00");
  text(id, "description", "minutes since 2019-03-01 00:00:00");
  if (has_cf_time) text(id, "standard_name", "time");
  field("T2", "K", "TEMP at 2 M", west_east);
  field("U10", "m s-1", "U at 10 M", west_east);
  field("V10", "m s-1", "V at 10 M", west_east);
  field("PSFC", "Pa", "SFC PRESSURE", west_east);
  field("U", "m s-1", "x-wind component", west_east_stag);
  text(NC_GLOBAL, "TITLE", " OUTPUT FROM WRF V4.4 MODEL");
  const int projection = 1;
  nc_put_att_int(file, NC_GLOBAL, "MAP_PROJ", NC_INT, 1, &projection);
  nc_enddef(file);
  const std::string times = "2019-03-01_00:00:002019-03-01_01:00:00";
  const std::array<std::size_t, 3> start{0, 0, 0};
  const std::array<std::size_t, 3> of_text{2, 19, 1}, of_field{2, 3, 4};
  nc_inq_varid(file, "Times", &id);
  nc_put_vara_text(file, id, start.data(), of_text.data(), times.c_str());
  const std::array<float, 2> minutes{0, 60};
  const std::size_t two = 2;
  nc_inq_varid(file, "XTIME", &id);
  nc_put_vara_float(file, id, start.data(), &two, minutes.data());
  const auto put = [&](const char* name, auto value) {
    std::vector<float> values;
    for (int t = 0; t < 2; ++t)
      for (int y = 0; y < 3; ++y)
        for (int x = 0; x < 4; ++x) values.push_back(static_cast<float>(value(y, x)));
    nc_inq_varid(file, name, &id);
    nc_put_vara_float(file, id, start.data(), of_field.data(), values.data());
  };
  put("XLAT", [](int y, int x) { return 50 + 0.1 * y + 0.01 * x; });
  put("XLONG", [](int y, int x) { return 5 + 0.15 * x - 0.01 * y; });
  put("T2", [](int, int) { return 280; });
  put("U10", [](int, int) { return 5; });
  put("V10", [](int, int) { return 0; });
  put("PSFC", [](int, int) { return 1e5; });
  nc_close(file);
}

}  // namespace foehn::io
