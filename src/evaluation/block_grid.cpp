#include "foehn/evaluation/block_grid.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "evaluation/between.hpp"
#include "foehn/core/error.hpp"

namespace foehn::evaluation {

BlockGrid::BlockGrid(std::int64_t ny, std::int64_t nx, std::int64_t block) : ny_(ny), nx_(nx), block_(block) {
  if (block < 1 || ny % block != 0 || nx % block != 0) {
    throw core::Error("blocks of " + std::to_string(block) + " cells do not divide a grid of " +
                      std::to_string(ny) + " x " + std::to_string(nx));
  }
  rows_ = neighbours(ny, block);
  columns_ = neighbours(nx, block);
}

template <class T>
void BlockGrid::mean(std::span<const T> fine, std::span<double> coarse) const {
  std::fill(coarse.begin(), coarse.end(), 0.0);
  const std::int64_t coarse_nx = nx_ / block_;
  for (std::int64_t y = 0; y < ny_; ++y) {
    for (std::int64_t x = 0; x < nx_; ++x) {
      coarse[static_cast<std::size_t>(y / block_ * coarse_nx + x / block_)] +=
          static_cast<double>(fine[static_cast<std::size_t>(y * nx_ + x)]);
    }
  }
  for (double& value : coarse) value /= static_cast<double>(block_ * block_);
}

template void BlockGrid::mean(std::span<const float> fine, std::span<double> coarse) const;
template void BlockGrid::mean(std::span<const double> fine, std::span<double> coarse) const;

void BlockGrid::interpolate(std::span<const double> coarse, std::span<double> fine) const {
  const std::int64_t coarse_nx = nx_ / block_;
  auto out = fine.begin();
  for (const auto& row : rows_) {
    const auto lower = coarse.subspan(static_cast<std::size_t>(row.lower * coarse_nx));
    const auto upper = coarse.subspan(static_cast<std::size_t>(row.upper * coarse_nx));
    for (const auto& column : columns_) {
      const auto along_row = [&](std::span<const double> values) {
        return between(values[static_cast<std::size_t>(column.lower)],
                       values[static_cast<std::size_t>(column.upper)], column.weight);
      };
      *out++ = between(along_row(lower), along_row(upper), row.weight);
    }
  }
}

std::vector<BlockGrid::Neighbours> BlockGrid::neighbours(std::int64_t cells, std::int64_t block) {
  std::vector<Neighbours> result;
  const std::int64_t last_block = cells / block - 1;
  for (std::int64_t cell = 0; cell < cells; ++cell) {
    // The centre of block b lies at cell index b * block + (block - 1) / 2.
    const double position =
        (static_cast<double>(cell) - 0.5 * static_cast<double>(block - 1)) / static_cast<double>(block);
    const double inside = std::clamp(position, 0.0, static_cast<double>(last_block));
    const auto lower = static_cast<std::int64_t>(std::floor(inside));
    result.push_back({lower, std::min(lower + 1, last_block), inside - static_cast<double>(lower)});
  }
  return result;
}

}  // namespace foehn::evaluation
