#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "foehn/grid/grid.hpp"

namespace foehn::model {

/// The parts of a domain that a network sees at once.
struct TileForm {
  std::int64_t ny = 0, nx = 0;  ///< cells; 0: it sees the whole domain
  std::int64_t overlap = 0;     ///< cells that neighbours have in common, at least

  bool is_whole() const { return ny == 0; }
  bool operator==(const TileForm&) const = default;
};

/// Whether the grid's columns go round the globe, so that the last is beside the first.
bool goes_round(const grid::Grid& grid);

/// @throws core::Error naming what is wrong: sides of tiles that are no multiples of `multiple` or larger
/// than the
///         grid, or an overlap of more than half of a side
void check_tiles(const TileForm& form, const grid::Grid& grid, std::int64_t multiple);

/// Where the tiles of a domain lie, and how much each counts in a cell: linearly less towards its edges where
/// it overlaps with others, and together 1 in every cell. Tiles are spread evenly, round the globe where the
/// grid goes round.
class Tiling {
 public:
  /// @param form  not whole; that check_tiles takes
  Tiling(const TileForm& form, const grid::Grid& grid);

  std::int64_t ny() const { return rows_.cells; }
  std::int64_t nx() const { return columns_.cells; }
  std::size_t size() const { return rows_.firsts.size() * columns_.firsts.size(); }
  /// The part of fields that a tile covers. @param fields  [..., y, x]; @return a copy
  at::Tensor cut(const at::Tensor& fields, std::size_t tile) const;
  /// Adds a tile's fields to those of the domain, `whole`.
  void add(const at::Tensor& part, std::size_t tile, at::Tensor& whole) const;
  /// How much a tile counts in its cells, [tile y, tile x], float64.
  at::Tensor weights(std::size_t tile) const;

 private:
  /// Along one side of the domain.
  struct Side {
    std::int64_t cells = 0, length = 0;  ///< of the domain, of a tile
    std::vector<std::int64_t> firsts;    ///< cell of each tile
    std::vector<at::Tensor> weights;     ///< of each tile, [length], float64
  };
  static Side side_of(std::int64_t cells, std::int64_t length, std::int64_t overlap, bool goes_round);

  Side rows_, columns_;
};

/// The part of fields from a row and a column on, round the globe if it reaches beyond the last column.
/// @param fields  [..., y, x]
/// @return        [..., form.ny, form.nx], a copy
at::Tensor cut_tile(const at::Tensor& fields, std::int64_t row, std::int64_t column, const TileForm& form);

}  // namespace foehn::model
