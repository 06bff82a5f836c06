#include <cmath>

#include "foehn/grid/grid.hpp"
#include "rising_grid.hpp"

namespace foehn::grid {

std::vector<double> cell_areas(const Grid& grid) {
  if (grid.unstructured) return grid.unstructured->areas;
  const RisingGrid rising = make_rising_grid(grid);
  const CellEdges edges = cell_edges(rising);
  std::vector<double> areas(static_cast<std::size_t>(grid.cells()));
  for (std::size_t row = 0; row < rising.y.size(); ++row) {
    const double height = std::sin(edges.y[row + 1] * kRadians) - std::sin(edges.y[row] * kRadians);
    for (std::size_t column = 0; column < rising.x.size(); ++column)
      areas[static_cast<std::size_t>(rising.cell(row, column))] =
          height * (edges.x[column + 1] - edges.x[column]) * kRadians;
  }
  return areas;
}

}  // namespace foehn::grid
