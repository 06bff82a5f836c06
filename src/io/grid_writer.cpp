#include "foehn/io/grid_writer.hpp"

#include <array>
#include <span>
#include <vector>

#include "cell_bounds.hpp"
#include "foehn/grid/rotation.hpp"
#include "grid_mapping.hpp"
#include "unstructured_grid.hpp"

namespace foehn::io {
namespace {

bool has_mapping(const grid::Grid& grid, const GridMapping& mapping) {
  return grid.rotated_pole || mapping.earth_radius;
}

Attributes mapping_attributes(const grid::Grid& grid, const GridMapping& mapping) {
  Attributes attributes{{"grid_mapping_name", kGeographicMapping}};
  if (grid.rotated_pole) {
    attributes = {{"grid_mapping_name", kRotatedMapping},
                  {"grid_north_pole_latitude", grid.rotated_pole->pole_latitude},
                  {"grid_north_pole_longitude", grid.rotated_pole->pole_longitude},
                  {"north_pole_grid_longitude", grid.rotated_pole->north_pole_grid_longitude}};
  }
  if (mapping.earth_radius) attributes["earth_radius"] = *mapping.earth_radius;
  return attributes;
}

Attributes axis_attributes(const grid::Axis& axis, const std::string& letter, const std::string& long_name,
                           const GridMapping& mapping) {
  Attributes attributes{{"standard_name", axis.standard_name},
                        {"long_name", long_name},
                        {"units", axis.units},
                        {"axis", letter}};
  if (mapping.has_cell_bounds) attributes["bounds"] = bounds_name(axis);
  return attributes;
}

/// Of the 2-D coordinates of a rotated grid.
Attributes position_attributes(const char* name, const char* units, const char* vertices,
                               const GridMapping& mapping) {
  Attributes attributes{
      {"standard_name", std::string(name)}, {"long_name", std::string(name)}, {"units", std::string(units)}};
  if (mapping.has_cell_bounds) attributes["bounds"] = std::string(vertices);
  return attributes;
}

}  // namespace

void define_grid(NetcdfFile& file, const grid::Grid& grid, const GridMapping& mapping) {
  if (grid.unstructured) return define_cells(file, *grid.unstructured);
  file.define_dimension(grid.y.name, grid.ny());
  file.define_dimension(grid.x.name, grid.nx());
  const std::string suffix = grid.rotated_pole ? " in rotated pole grid" : "";
  file.define_variable(grid.y.name, NetcdfType::float64, {grid.y.name},
                       axis_attributes(grid.y, "Y", "latitude" + suffix, mapping));
  file.define_variable(grid.x.name, NetcdfType::float64, {grid.x.name},
                       axis_attributes(grid.x, "X", "longitude" + suffix, mapping));
  if (has_mapping(grid, mapping))
    file.define_variable(mapping.name, NetcdfType::int32, {}, mapping_attributes(grid, mapping));
  if (mapping.has_cell_bounds) define_cell_bounds(file, grid);
  if (!grid.rotated_pole) return;

  const std::vector<std::string> dimensions{grid.y.name, grid.x.name};
  file.define_variable("lat", NetcdfType::float64, dimensions,
                       position_attributes("latitude", "degrees_north", kLatitudeVertices, mapping));
  file.define_variable("lon", NetcdfType::float64, dimensions,
                       position_attributes("longitude", "degrees_east", kLongitudeVertices, mapping));
}

void write_grid(NetcdfFile& file, const grid::Grid& grid, const GridMapping& mapping) {
  if (grid.unstructured) return write_cells(file, *grid.unstructured);
  file.write(grid.y.name, std::span<const double>(grid.y.values));
  file.write(grid.x.name, std::span<const double>(grid.x.values));
  // A grid mapping variable holds only attributes; its value is written so that it is not a fill value.
  constexpr std::array<double, 1> kNothing{0.0};
  if (has_mapping(grid, mapping)) file.write(mapping.name, std::span<const double>(kNothing));
  if (mapping.has_cell_bounds) write_cell_bounds(file, grid);
  if (!grid.rotated_pole) return;
  const grid::Geographic geographic = grid::geographic_coordinates(grid);
  file.write("lat", std::span<const double>(geographic.latitude));
  file.write("lon", std::span<const double>(geographic.longitude));
}

Attributes grid_attributes(const grid::Grid& grid, const GridMapping& mapping) {
  if (grid.unstructured) return cell_attributes();
  Attributes attributes;
  if (has_mapping(grid, mapping)) attributes["grid_mapping"] = mapping.name;
  if (grid.rotated_pole) attributes["coordinates"] = std::string("lat lon");
  return attributes;
}

}  // namespace foehn::io
