#include "foehn/model/tiling.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "foehn/core/error.hpp"

namespace foehn::model {

namespace {

constexpr double kCircle = 360;

/// A tile's columns, which may go on from the last column to the first: where they begin, and how many.
struct Columns {
  std::int64_t first, before_last, beyond;
  Columns(std::int64_t column, std::int64_t length, std::int64_t cells)
      : first(column), before_last(std::min(length, cells - column)), beyond(length - before_last) {}
};

}  // namespace

bool goes_round(const grid::Grid& grid) {
  if (grid.unstructured || grid.nx() < 2) return false;
  const std::vector<double>& x = grid.x.values;
  const double step = x[1] - x[0];
  return std::abs(std::abs(step) * static_cast<double>(grid.nx()) - kCircle) < 0.01 * std::abs(step);
}

void check_tiles(const TileForm& form, const grid::Grid& grid, std::int64_t multiple) {
  if (form.ny < 1 || form.nx < 1 || form.ny % multiple != 0 || form.nx % multiple != 0)
    throw core::Error(fmt::format(
        "tiles of {} x {} cells: expected sides that are multiples of {}, which the network halves", form.ny,
        form.nx, multiple));
  if (form.ny > grid.ny() || form.nx > grid.nx())
    throw core::Error(fmt::format("tiles of {} x {} cells: expected no more than the grid has, {} x {}",
                                  form.ny, form.nx, grid.ny(), grid.nx()));
  const std::int64_t most = std::min(form.ny, form.nx) / 2;
  if (form.overlap < 0 || form.overlap > most)
    throw core::Error(
        fmt::format("tiles of {} x {} cells: expected an overlap of 0 to {} cells, half of a side, found {}",
                    form.ny, form.nx, most, form.overlap));
}

Tiling::Side Tiling::side_of(std::int64_t cells, std::int64_t length, std::int64_t overlap, bool goes_round) {
  Side side{cells, length, {}, {}};
  // Round the globe even a tile of all columns has edges, over which another must lie.
  const std::int64_t apart = std::max<std::int64_t>(1, length - overlap), free = cells - length;
  const std::int64_t count =
      goes_round ? std::max<std::int64_t>(2, (cells + apart - 1) / apart) : (free + apart - 1) / apart + 1;
  for (std::int64_t i = 0; i < count; ++i)
    side.firsts.push_back(goes_round ? i * cells / count : count == 1 ? 0 : i * free / (count - 1));
  at::Tensor sum = at::zeros({cells}, at::kDouble);
  const at::Tensor place = at::arange(length, at::kDouble) + 0.5,
                   height = at::minimum(place, static_cast<double>(length) - place)
                                .clamp_max(static_cast<double>(std::max<std::int64_t>(1, overlap)));
  for (const std::int64_t first : side.firsts)
    sum.index_add_(0, (at::arange(length, at::kLong) + first).remainder(cells), height);
  for (const std::int64_t first : side.firsts)
    side.weights.push_back(height /
                           sum.index_select(0, (at::arange(length, at::kLong) + first).remainder(cells)));
  return side;
}

Tiling::Tiling(const TileForm& form, const grid::Grid& grid)
    : rows_(side_of(grid.ny(), form.ny, form.overlap, false)),
      columns_(side_of(grid.nx(), form.nx, form.overlap, model::goes_round(grid))) {}

at::Tensor Tiling::cut(const at::Tensor& fields, std::size_t tile) const {
  const std::size_t across = columns_.firsts.size();
  return cut_tile(fields, rows_.firsts[tile / across], columns_.firsts[tile % across],
                  {rows_.length, columns_.length});
}

void Tiling::add(const at::Tensor& part, std::size_t tile, at::Tensor& whole) const {
  const std::size_t across = columns_.firsts.size();
  at::Tensor rows = whole.narrow(-2, rows_.firsts[tile / across], rows_.length);
  const Columns columns(columns_.firsts[tile % across], columns_.length, columns_.cells);
  rows.narrow(-1, columns.first, columns.before_last).add_(part.narrow(-1, 0, columns.before_last));
  if (columns.beyond > 0)
    rows.narrow(-1, 0, columns.beyond).add_(part.narrow(-1, columns.before_last, columns.beyond));
}

at::Tensor Tiling::weights(std::size_t tile) const {
  const std::size_t across = columns_.firsts.size();
  return rows_.weights[tile / across].unsqueeze(1) * columns_.weights[tile % across];
}

at::Tensor cut_tile(const at::Tensor& fields, std::int64_t row, std::int64_t column, const TileForm& form) {
  const at::Tensor rows = fields.narrow(-2, row, form.ny);
  const Columns columns(column, form.nx, fields.size(-1));
  const at::Tensor part = rows.narrow(-1, columns.first, columns.before_last);
  if (columns.beyond == 0) return part.contiguous();
  return at::cat({part, rows.narrow(-1, 0, columns.beyond)}, -1);
}

}  // namespace foehn::model
