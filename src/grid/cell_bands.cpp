#include "cell_bands.hpp"

#include <fmt/format.h>

#include <cmath>

#include "foehn/core/error.hpp"
#include "foehn/grid/reduced_gaussian.hpp"
#include "rising_grid.hpp"

namespace foehn::grid {
namespace {

CellBands bands_of_axes(const Grid& grid) {
  const RisingGrid rising = make_rising_grid(grid);
  CellEdges edges = cell_edges(rising);
  CellBands bands;
  bands.latitude_edges = std::move(edges.y);
  for (const double edge : bands.latitude_edges) bands.sine_edges.push_back(std::sin(edge * kRadians));
  bands.column_edges.push_back(std::move(edges.x));
  for (std::size_t row = 0; row < rising.y.size(); ++row) bands.first_cell.push_back(rising.cell(row, 0));
  bands.eastwards = rising.cell(0, 1) - rising.cell(0, 0);
  bands.pole = grid.rotated_pole;
  bands.extent = rising.extent();
  return bands;
}

CellBands bands_of_rows(const UnstructuredCells& cells) {
  const auto rows = find_rows(cells);
  const auto edges = rows ? row_edges(*rows, cells.areas) : std::nullopt;
  if (!edges)
    throw core::Error(fmt::format(
        "{} cells ({}) that are not those of a global reduced Gaussian grid: where their areas overlap with "
        "others is not known",
        cells.size(), cells.name));
  CellBands bands;
  for (std::int64_t row = rows->rows() - 1; row >= 0; --row) {
    const auto i = static_cast<std::size_t>(row);
    const std::int64_t size = rows->size(row);
    const double step = 360.0 / static_cast<double>(size), west = rows->first_longitude[i] - step / 2;
    std::vector<double> columns;
    for (std::int64_t k = 0; k < size; ++k) columns.push_back(west + step * static_cast<double>(k));
    columns.push_back(west + 360.0);
    bands.column_edges.push_back(std::move(columns));
    bands.first_cell.push_back(rows->first_cell[i]);
    bands.sine_edges.push_back((*edges)[i + 1]);
  }
  bands.sine_edges.push_back(edges->front());
  for (const double sine : bands.sine_edges) bands.latitude_edges.push_back(std::asin(sine) / kRadians);
  bands.extent = fmt::format("{} of a reduced Gaussian grid", cells.size());
  return bands;
}

}  // namespace

CellBands make_cell_bands(const Grid& grid) {
  return grid.unstructured ? bands_of_rows(*grid.unstructured) : bands_of_axes(grid);
}

}  // namespace foehn::grid
