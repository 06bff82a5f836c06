#include "foehn/ingestion/source_grid.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "foehn/core/error.hpp"
#include "foehn/io/grid_reader.hpp"
#include "foehn/io/horizontal_positions.hpp"

namespace foehn::ingestion {

namespace {

constexpr double kSameCentre = 1e-3;  // degrees

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
  if (layout.horizontal_dimensions == 2) {
    if (auto grid = io::find_rectilinear_grid(file, layout.header)) {
      io::read_cell_bounds(file, *grid);
      return {std::move(grid), {}, false};
    }
  }
  return core::with_context(fmt::format("{}: {}", file.path().string(), layout.variable.name), [&] {
    auto positions = io::read_positions(file, layout.header, layout.horizontal_dimensions);
    if (!positions)
      throw core::Error(
          "no latitude or no longitude was found for its cells: expected coordinate variables of its "
          "dimensions in degrees, or fields that its attribute coordinates names");
    const auto& latitudes = positions->cells.latitude;
    if (std::all_of(latitudes.begin(), latitudes.end(), [](double latitude) { return std::isnan(latitude); }))
      throw core::Error("no cell of its grid has both a latitude and a longitude");
    return SourceGrid{
        std::nullopt, {layout.ny(), layout.nx(), std::move(positions->cells)}, layout.ny() == 1};
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
