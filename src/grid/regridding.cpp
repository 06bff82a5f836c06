#include "foehn/grid/regridding.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include "foehn/core/error.hpp"

namespace foehn::grid {
namespace {

void check_size(const char* what, std::size_t found, std::int64_t expected) {
  if (static_cast<std::int64_t>(found) == expected) return;
  throw core::Error(std::string("regridding: ") + what + " of " + std::to_string(found) +
                    " values, expected " + std::to_string(expected));
}

}  // namespace

CellCentres cell_centres(const Grid& grid) {
  return {grid.ny(), grid.nx(), geographic_coordinates(grid)};
}

void RegriddingWeights::apply(std::span<const float> source, std::span<float> target) const {
  check_size("a source field", source.size(), source_cells());
  check_size("a target field", target.size(), target_cells());
  for (std::size_t cell = 0; cell < target.size(); ++cell) {
    double sum = 0;
    for (auto link = static_cast<std::size_t>(first_link[cell]);
         link < static_cast<std::size_t>(first_link[cell + 1]); ++link) {
      sum += weight[link] * static_cast<double>(source[static_cast<std::size_t>(source_cell[link])]);
    }
    target[cell] = static_cast<float>(sum);
  }
}

void RegriddingWeights::apply(std::span<const float> source, std::span<const std::uint8_t> is_missing,
                              std::span<float> target, double least_valid_weight) const {
  check_size("a source field", source.size(), source_cells());
  check_size("a mask of missing values", is_missing.size(), source_cells());
  check_size("a target field", target.size(), target_cells());
  for (std::size_t cell = 0; cell < target.size(); ++cell) {
    double sum = 0;
    double valid = 0;
    for (auto link = static_cast<std::size_t>(first_link[cell]);
         link < static_cast<std::size_t>(first_link[cell + 1]); ++link) {
      const auto from = static_cast<std::size_t>(source_cell[link]);
      if (is_missing[from] != 0) continue;
      sum += weight[link] * static_cast<double>(source[from]);
      valid += weight[link];
    }
    // Weights sum to 1 but for rounding, which must not make half a cell less than half.
    const bool is_valid = valid > 0 && valid >= least_valid_weight - 1e-9;
    target[cell] = is_valid ? static_cast<float>(sum / valid) : std::numeric_limits<float>::quiet_NaN();
  }
}

Crop RegriddingWeights::used_source() const {
  if (source_cell.empty()) return {};
  Crop used{source_ny, 0, source_nx, 0};
  for (const std::int64_t cell : source_cell) {
    const std::int64_t y = cell / source_nx;
    const std::int64_t x = cell % source_nx;
    used = {std::min(used.y0, y), std::max(used.y1, y + 1), std::min(used.x0, x), std::max(used.x1, x + 1)};
  }
  return used;
}

}  // namespace foehn::grid
