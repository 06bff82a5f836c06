#include "foehn/model/coarse_cells.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "foehn/core/error.hpp"
#include "foehn/grid/reduced_gaussian.hpp"

namespace foehn::model {

namespace {

grid::Grid coarser_grid(std::span<const std::int64_t> row_sizes, const grid::Grid& fine) {
  grid::Grid grid = grid::reduced_gaussian_grid(row_sizes);
  if (grid.cells() >= fine.cells())
    throw core::Error(fmt::format("a coarse grid of {} cells: expected fewer than those of the fields, {}",
                                  grid.cells(), fine.cells()));
  return grid;
}

}  // namespace

CoarseCells::CoarseCells(std::span<const std::int64_t> row_sizes, const grid::Grid& fine)
    : grid_(coarser_grid(row_sizes, fine)),
      means_(sums_of(grid::conservative_weights(fine, grid_), grid_)),
      to_cells_(sums_of(grid::bilinear_weights(grid_, grid::geographic_coordinates(fine)), fine)) {}

CoarseCells::Sums CoarseCells::sums_of(const grid::RegriddingWeights& weights, const grid::Grid& target) {
  const std::int64_t targets = weights.target_cells();
  const auto first = [&](std::int64_t cell) { return weights.first_link[static_cast<std::size_t>(cell)]; };
  std::int64_t rounds = 0;
  for (std::int64_t cell = 0; cell < targets; ++cell)
    rounds = std::max(rounds, first(cell + 1) - first(cell));
  Sums sums{at::zeros({rounds, targets}, at::kLong),
            at::zeros({rounds, targets}, at::kDouble),
            {target.ny(), target.nx()}};
  auto place = sums.place.accessor<std::int64_t, 2>();
  auto weight = sums.weight.accessor<double, 2>();
  for (std::int64_t cell = 0; cell < targets; ++cell)
    for (std::int64_t link = first(cell); link < first(cell + 1); ++link) {
      const auto i = static_cast<std::size_t>(link);
      place[link - first(cell)][cell] = weights.source_cell[i];
      weight[link - first(cell)][cell] = weights.weight[i];
    }
  return sums;
}

at::Tensor CoarseCells::Sums::of(const at::Tensor& fields) const {
  const at::Tensor cells = fields.flatten(-2), places = place.to(fields.device()),
                   weights = weight.to(fields.options());
  const auto term = [&](std::int64_t round) {
    return cells.index_select(-1, places[round]).mul_(weights[round]);
  };
  at::Tensor sum = term(0);
  for (std::int64_t round = 1; round < place.size(0); ++round) sum.add_(term(round));
  return sum.unflatten(-1, at::IntArrayRef(yx));
}

at::Tensor CoarseCells::means(const at::Tensor& fields) const {
  return means_.of(fields);
}

at::Tensor CoarseCells::to_cells(const at::Tensor& values) const {
  return to_cells_.of(values);
}

}  // namespace foehn::model
