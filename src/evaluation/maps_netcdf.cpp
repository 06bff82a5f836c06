#include "evaluation/maps_netcdf.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "evaluation/climate_change_report.hpp"
#include "evaluation/score_table.hpp"
#include "foehn/evaluation/report.hpp"
#include "foehn/io/grid_writer.hpp"
#include "foehn/io/write_netcdf.hpp"

namespace foehn::evaluation {
namespace {

/// NetCDF's own default fill value for single precision.
constexpr float kMapFillValue = 9.9692099683868690e+36F;
constexpr const char* kSeason = "season";

void define(io::NetcdfFile& file, const grid::Grid& grid, const MapField& map) {
  io::Attributes attributes = io::grid_attributes(grid);
  attributes["units"] = map.units;
  attributes["long_name"] = map.long_name;
  attributes["_FillValue"] = kMapFillValue;
  std::vector<std::string> dimensions = grid::dimension_names(grid);
  if (map.has_seasons) dimensions.insert(dimensions.begin(), kSeason);
  file.define_variable(map.name, io::NetcdfType::float32, dimensions, attributes,
                       {.chunks = {}, .deflate = 1});
}

std::vector<MapField> score_fields(const Results& results) {
  std::vector<MapField> maps;
  for (std::size_t index = 0; index < results.cells.size(); ++index) {
    const io::Variable& variable = results.variables[index];
    const CellScores& cells = results.cells[index];
    const auto add = [&](const char* name, const char* meaning, const std::vector<double>& field) {
      if (field.empty()) return;
      maps.push_back({.name = variable.name + "_" + name,
                      .long_name = fmt::format("{} of {}, over all hours", meaning, variable.name),
                      .units = variable.units,
                      .values = field});
    };
    add("bias", "bias of the ensemble mean", cells.bias);
    add("rmse", "root-mean-square error of the ensemble mean", cells.rmse);
    add("fair_crps", "fair CRPS", cells.fair_crps);
    add("spread", "ensemble spread", cells.spread);
    add("interpolation_mae", "mean absolute error of interpolated observations", cells.interpolation_mae);
  }
  return maps;
}

}  // namespace

void write_maps(const std::filesystem::path& path, const std::string& title, const grid::Grid& grid,
                const std::vector<MapField>& maps) {
  const bool has_seasons =
      std::any_of(maps.begin(), maps.end(), [](const MapField& map) { return map.has_seasons; });
  io::write_netcdf_atomically(path, [&](io::NetcdfFile& file) {
    file.set_global_attributes({{"Conventions", "CF-1.11"}, {"title", "foehn evaluate: " + title}});
    io::define_grid(file, grid);
    if (has_seasons) {
      file.define_dimension(kSeason, static_cast<std::int64_t>(kSeasons.size()));
      file.define_variable(kSeason, io::NetcdfType::float64, {kSeason},
                           {{"long_name", "part of the year, by the initials of its months"},
                            {"flag_values", std::vector<double>{0, 1, 2, 3, 4}},
                            {"flag_meanings", "year djf mam jja son"}});
    }
    for (const MapField& map : maps) define(file, grid, map);
    io::write_grid(file, grid);
    if (has_seasons) file.write(kSeason, std::vector<double>{0, 1, 2, 3, 4});
    for (const MapField& map : maps) {
      std::vector<float> values;
      for (const double value : map.values)
        values.push_back(std::isfinite(value) ? static_cast<float>(value) : kMapFillValue);
      file.write(map.name, values);
    }
  });
}

void write_maps_netcdf(const std::filesystem::path& folder, const Results& results) {
  std::vector<MapField> maps = score_fields(results);
  if (results.climate_change) {
    const std::vector<MapField> changes = climate_change_maps(results);
    maps.insert(maps.end(), changes.begin(), changes.end());
  }
  write_maps(folder / "maps.nc", summary(results), results.grid, maps);
  if (!results.climate_change) return;
  const std::vector<MapField> coarse = coarse_climate_change_maps(results);
  if (!coarse.empty())
    write_maps(folder / "coarse_maps.nc", summary(results), observed_grid(results), coarse);
}

}  // namespace foehn::evaluation
