#include "evaluation/tiles.hpp"

#include <algorithm>
#include <cstdint>

namespace foehn::evaluation {
namespace {

constexpr std::int64_t kTileSide = 3, kMostTilesAlongSide = 8;

}  // namespace

std::vector<std::vector<std::size_t>> spread_tiles(const grid::Grid& grid, std::size_t variables) {
  const std::int64_t ny = grid.ny(), nx = grid.nx();
  const std::int64_t rows = std::min(kMostTilesAlongSide, ny / kTileSide);
  const std::int64_t columns = std::min(kMostTilesAlongSide, nx / kTileSide);
  std::vector<std::vector<std::size_t>> tiles;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t column = 0; column < columns; ++column) {
      const std::int64_t y0 = row * (ny - kTileSide) / std::max<std::int64_t>(1, rows - 1);
      const std::int64_t x0 = column * (nx - kTileSide) / std::max<std::int64_t>(1, columns - 1);
      std::vector<std::size_t>& tile = tiles.emplace_back();
      for (std::size_t variable = 0; variable < variables; ++variable)
        for (std::int64_t y = y0; y < y0 + kTileSide; ++y)
          for (std::int64_t x = x0; x < x0 + kTileSide; ++x)
            tile.push_back(variable * static_cast<std::size_t>(ny * nx) +
                           static_cast<std::size_t>(y * nx + x));
    }
  }
  return tiles;
}

}  // namespace foehn::evaluation
