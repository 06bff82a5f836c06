#include "foehn/evaluation/observed_cells.hpp"

#include <algorithm>
#include <limits>

#include "foehn/grid/reduced_gaussian.hpp"

namespace foehn::evaluation {
namespace {

/// Weights from coarse cells to the centres of fine ones; none where the coarse cells lie in no rows.
grid::RegriddingWeights weights_to(const grid::Grid& fine, const grid::Grid& coarse) {
  const bool has_rows = coarse.unstructured ? grid::find_rows(*coarse.unstructured).has_value()
                                            : coarse.ny() >= 2 && coarse.nx() >= 2;
  if (!has_rows) return {};
  return grid::bilinear_weights_inside(coarse, grid::geographic_coordinates(fine));
}

/// The weighted sum of a target cell's sources; NaN without any.
template <class T>
double weighted_sum_at(const grid::RegriddingWeights& weights, std::size_t target,
                       std::span<const T> source) {
  const auto first = static_cast<std::size_t>(weights.first_link[target]);
  const auto last = static_cast<std::size_t>(weights.first_link[target + 1]);
  if (first == last) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0;
  for (std::size_t link = first; link < last; ++link)
    if (weights.weight[link] != 0)  // what is not needed may be missing
      sum += weights.weight[link] *
             static_cast<double>(source[static_cast<std::size_t>(weights.source_cell[link])]);
  return sum;
}

}  // namespace

ObservedCells::ObservedCells(const grid::Grid& fine, std::int64_t block)
    : fine_cells_(fine.cells()),
      coarse_(grid::block_mean_grid(fine, block)),
      is_covered_(static_cast<std::size_t>(coarse_.cells()), true),
      blocks_(BlockGrid(fine.ny(), fine.nx(), block)) {
  for (std::int64_t cell = 0; cell < fine_cells_; ++cell)
    holders_.push_back(cell / fine.nx() / block * coarse_.nx() + cell % fine.nx() / block);
}

ObservedCells::ObservedCells(const grid::Grid& fine, const grid::Grid& coarse,
                             const grid::CellsWithin& within)
    : fine_cells_(fine.cells()),
      coarse_(coarse),
      is_covered_(static_cast<std::size_t>(coarse.cells()), false),
      holders_(static_cast<std::size_t>(fine_cells_), -1),
      cells_(within.cells),
      to_cells_(within.means),
      to_fine_(weights_to(fine, coarse)) {
  std::vector<double> largest(holders_.size(), 0);
  for (std::size_t place = 0; place < cells_.size(); ++place) {
    is_covered_[static_cast<std::size_t>(cells_[place])] = true;
    for (auto link = to_cells_.first_link[place]; link < to_cells_.first_link[place + 1]; ++link) {
      const auto cell = static_cast<std::size_t>(to_cells_.source_cell[static_cast<std::size_t>(link)]);
      const double weight = to_cells_.weight[static_cast<std::size_t>(link)];
      if (weight <= largest[cell]) continue;
      largest[cell] = weight;
      holders_[cell] = cells_[place];
    }
  }
}

std::optional<std::int64_t> ObservedCells::block() const {
  return blocks_ ? std::optional(blocks_->block()) : std::nullopt;
}

std::optional<std::size_t> ObservedCells::holder_of(std::size_t fine_cell) const {
  const std::int64_t holder = holders_[fine_cell];
  return holder < 0 ? std::nullopt : std::optional(static_cast<std::size_t>(holder));
}

template <class T>
void ObservedCells::mean(std::span<const T> fine, std::span<double> coarse) const {
  if (blocks_) return blocks_->mean(fine, coarse);
  std::fill(coarse.begin(), coarse.end(), std::numeric_limits<double>::quiet_NaN());
  for (std::size_t place = 0; place < cells_.size(); ++place)
    coarse[static_cast<std::size_t>(cells_[place])] = weighted_sum_at(to_cells_, place, fine);
}

template void ObservedCells::mean(std::span<const float> fine, std::span<double> coarse) const;
template void ObservedCells::mean(std::span<const double> fine, std::span<double> coarse) const;

void ObservedCells::interpolate(std::span<const double> coarse, std::span<double> fine) const {
  if (blocks_) return blocks_->interpolate(coarse, fine);
  if (!can_interpolate()) {
    std::fill(fine.begin(), fine.end(), std::numeric_limits<double>::quiet_NaN());
    return;
  }
  for (std::size_t cell = 0; cell < fine.size(); ++cell) fine[cell] = weighted_sum_at(to_fine_, cell, coarse);
}

}  // namespace foehn::evaluation
