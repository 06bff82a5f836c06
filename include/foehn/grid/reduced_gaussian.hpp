#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "foehn/grid/grid.hpp"

namespace foehn::grid {

/// Rows of a Gaussian grid, from north to south.
struct GaussianRows {
  std::vector<double>
      latitude;                ///< degrees: zeros of the Legendre polynomial of as many degrees, in the sine
  std::vector<double> weight;  ///< of Gauss-Legendre quadrature over the sine of latitude; they sum to 2
};
/// @throws Error unless there are 2 rows or more
GaussianRows gaussian_rows(std::int64_t rows);

/// Points of each row of the octahedral grid O-N, 2 N rows: 20 next to a pole, 4 more with each row from it;
/// 4 N (N + 9) in all.
/// @throws Error unless N is 1 or more
std::vector<std::int64_t> octahedral_row_sizes(std::int64_t n);

/// A reduced Gaussian grid: row by row from north to south, each from longitude 0 eastwards in even steps.
/// The area of a cell is its row's weight times 2 pi over the points of the row.
/// @param row_sizes  points of each row
/// @throws Error unless there are 2 rows or more, and every row has 1 point or more
Grid reduced_gaussian_grid(std::span<const std::int64_t> row_sizes);

/// The octahedral grid of a name such as "O96", in either case.
/// @throws Error naming what is no such name, or a grid of more than O8000
Grid named_grid(const std::string& name);

/// The rows of a list of cells: circles of latitude round the globe, each with points in even steps.
struct CellRows {
  std::vector<double> latitude;          ///< degrees, strictly from north to south
  std::vector<double> first_longitude;   ///< degrees, of the first point of each row
  std::vector<std::int64_t> first_cell;  ///< [rows + 1]

  std::int64_t rows() const { return static_cast<std::int64_t>(latitude.size()); }
  std::int64_t size(std::int64_t row) const {
    const auto i = static_cast<std::size_t>(row);
    return first_cell[i + 1] - first_cell[i];
  }
};
/// @return  nothing if the cells, in their order, are no such rows, from north to south and each eastwards,
/// to
///          within a hundredth of a step; or only one row
std::optional<CellRows> find_rows(const UnstructuredCells& cells);

/// Where rows end in latitude so that the areas of their cells are those that they have: sines of latitude,
/// [rows + 1], from 1 to -1. Those of a Gaussian grid are the sums of its weights.
/// @return  nothing if the areas do not cover the sphere, or a row lies outside of its own edges
std::optional<std::vector<double>> row_edges(const CellRows& rows, std::span<const double> areas);

/// "O96" of the cells of an octahedral grid, "N48" of those of another reduced Gaussian grid with as many
/// rows from a pole to the equator; nothing of other lists, nor of cells in another order.
std::optional<std::string> reduced_gaussian_name(const UnstructuredCells& cells);

/// How large a grid is, for messages: "33 x 49 cells", "O96, 40320 cells", "208 cells".
std::string cells_text(const Grid& grid);

}  // namespace foehn::grid
