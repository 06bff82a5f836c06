#include "foehn/ingestion/source_grid.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <utility>
#include <vector>

#include "foehn/core/error.hpp"
#include "foehn/core/units.hpp"
#include "foehn/io/packing.hpp"
#include "foehn/io/trajectory_writer.hpp"

namespace foehn::ingestion {

namespace {

constexpr double kSameCentre = 1e-3;  // degrees

bool is_in_degrees(const io::NetcdfFile& file, const std::string& dimension) {
  return file.has_variable(dimension) &&
         file.variable(dimension).text("units").value_or("").starts_with("degree");
}

bool is_rectilinear(const io::NetcdfFile& file, const io::FieldLayout& layout) {
  const auto& dimensions = layout.header.dimensions;
  return layout.horizontal_dimensions == 2 && is_in_degrees(file, (dimensions.end() - 2)->name) &&
         is_in_degrees(file, dimensions.back().name);
}

/// Whether a variable gives one value for each cell: [y, x], or [cell] where there is but one row.
bool covers(const io::NetcdfVariable& variable, const io::FieldLayout& layout) {
  const auto& field = layout.header.dimensions;
  const auto& own = variable.dimensions;
  if (own.empty() || own.size() > 2 || own.size() >= field.size()) return false;
  if (own.size() == 1 && layout.ny() != 1) return false;
  return std::equal(own.rbegin(), own.rend(), field.rbegin(),
                    [](const auto& a, const auto& b) { return a.name == b.name; });
}

/// The latitude (or longitude) of each cell: among the variable's `coordinates`, or else in all of the file.
std::optional<io::NetcdfVariable> find_coordinate(const io::NetcdfFile& file, const io::FieldLayout& layout,
                                                  const std::string& quantity) {
  const std::string units = quantity == "latitude" ? "degrees_north" : "degrees_east";
  std::vector<std::string> names;
  std::istringstream words(layout.header.text("coordinates").value_or(""));
  for (std::string word; words >> word;)
    if (file.has_variable(word)) names.push_back(word);
  for (const std::string& name : file.variable_names()) names.push_back(name);
  for (const std::string& name : names) {
    const io::NetcdfVariable variable = file.variable(name);
    const bool is_it = variable.text("standard_name") == quantity || variable.text("units") == units;
    if (is_it && variable.is_numeric && covers(variable, layout)) return variable;
  }
  return std::nullopt;
}

/// The first value whose size is more than `most`.
std::optional<double> first_beyond(const std::vector<double>& values, double most) {
  const auto found = std::find_if(values.begin(), values.end(), [&](double v) { return std::abs(v) > most; });
  return found == values.end() ? std::nullopt : std::optional(*found);
}

std::vector<double> read_degrees(const io::NetcdfFile& file, const io::FieldLayout& layout,
                                 const std::string& quantity) {
  const auto variable = find_coordinate(file, layout, quantity);
  if (!variable)
    throw core::Error(
        fmt::format("no {} was found: neither coordinate variables of its dimensions in degrees, nor a "
                    "field of them that its attribute coordinates names",
                    quantity));
  std::vector<double> values = io::read_coordinate(file, *variable);
  const auto to_degrees = core::with_context(variable->name, [&] {
    return core::unit_conversion(variable->text("units").value_or("degrees"), "degrees");
  });
  for (double& value : values) value = value * to_degrees.scale + to_degrees.offset;
  const auto wrong = quantity == "latitude" ? grid::settle_latitudes(values) : first_beyond(values, 720.0);
  if (wrong) throw core::Error(fmt::format("{}: {} is no {} in degrees", variable->name, *wrong, quantity));
  return values;
}

/// Models that leave out cells, such as those over land, write fill values or zeros for their positions: such
/// cells become NaN. A single cell at 0, 0 is one like any other.
void mark_suppressed_cells(grid::Geographic& centres) {
  auto& [latitude, longitude] = centres;
  const auto is_at_zero = [&](std::size_t i) { return latitude[i] == 0 && longitude[i] == 0; };
  std::size_t zeros = 0, suppressed = 0;
  for (std::size_t i = 0; i < latitude.size(); ++i) zeros += is_at_zero(i) ? 1 : 0;
  for (std::size_t i = 0; i < latitude.size(); ++i) {
    if ((zeros < 2 || !is_at_zero(i)) && std::isfinite(latitude[i]) && std::isfinite(longitude[i])) continue;
    latitude[i] = longitude[i] = std::numeric_limits<double>::quiet_NaN();
    ++suppressed;
  }
  if (suppressed == latitude.size()) throw core::Error("no cell of its grid has a latitude and a longitude");
}

}  // namespace

std::string SourceGrid::place(std::int64_t y, std::int64_t x) const {
  const auto row = static_cast<std::size_t>(y), column = static_cast<std::size_t>(x);
  if (rectilinear)
    return fmt::format("row {}, column {} ({} {:.6g}, {} {:.6g})", y, x, rectilinear->y.name,
                       rectilinear->y.values[row], rectilinear->x.name, rectilinear->x.values[column]);
  const auto cell = static_cast<std::size_t>(y * nx() + x);
  return fmt::format("row {}, column {} (latitude {:.6g}, longitude {:.6g})", y, x,
                     centres.centres.latitude[cell], centres.centres.longitude[cell]);
}

SourceGrid read_source_grid(const io::NetcdfFile& file, const io::FieldLayout& layout) {
  if (is_rectilinear(file, layout)) {
    grid::Grid grid = io::read_grid(file, layout.header);
    io::read_cell_bounds(file, grid);
    return {std::move(grid), {}, false};
  }
  return core::with_context(fmt::format("{}: {}", file.path().string(), layout.variable.name), [&] {
    const bool is_mesh = layout.ny() == 1;
    grid::Geographic centres{read_degrees(file, layout, "latitude"), read_degrees(file, layout, "longitude")};
    mark_suppressed_cells(centres);
    return SourceGrid{std::nullopt, {layout.ny(), layout.nx(), std::move(centres)}, is_mesh};
  });
}

std::optional<std::string> difference(const SourceGrid& expected, const SourceGrid& found) {
  if (expected.rectilinear && found.rectilinear)
    return grid::difference(*expected.rectilinear, *found.rectilinear);
  if (expected.rectilinear || found.rectilinear) return "one is rectilinear, the other is not";
  if (expected.ny() != found.ny() || expected.nx() != found.nx())
    return fmt::format("{} x {} cells, expected {} x {}", found.ny(), found.nx(), expected.ny(),
                       expected.nx());
  const auto& a = expected.centres.centres;
  const auto& b = found.centres.centres;
  for (std::size_t i = 0; i < a.latitude.size(); ++i)
    if (std::isnan(a.latitude[i]) != std::isnan(b.latitude[i]) ||
        std::abs(a.latitude[i] - b.latitude[i]) > kSameCentre ||
        std::abs(std::remainder(a.longitude[i] - b.longitude[i], 360.0)) > kSameCentre)
      return fmt::format("cell {} lies at {:.6g}, {:.6g}, expected {:.6g}, {:.6g} (latitude, longitude)", i,
                         b.latitude[i], b.longitude[i], a.latitude[i], a.longitude[i]);
  return std::nullopt;
}

}  // namespace foehn::ingestion
