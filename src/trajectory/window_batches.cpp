#include "foehn/trajectory/window_batches.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <span>
#include <utility>

namespace foehn::trajectory {

namespace {

void move_rows(const at::Tensor& source, const device::RowIndex& from, at::Tensor& target,
               const device::RowIndex& to) {
  if (from.is_empty()) return;
  target.index_copy_(0, to.on(target.device()), source.index_select(0, from.on(source.device())));
}

/// The rows of moves while they are collected.
struct Pairs {
  std::vector<std::int64_t> from, to;
  void add(std::int64_t from_row, std::int64_t to_row) {
    from.push_back(from_row);
    to.push_back(to_row);
  }
  Moves moves() && { return {device::RowIndex(std::move(from)), device::RowIndex(std::move(to))}; }
};

Batch make_batch(std::span<const Window* const> windows, const Surrounds& surrounds, std::int64_t slots) {
  Batch batch;
  batch.windows = static_cast<std::int64_t>(windows.size());
  std::vector<std::int64_t> slab_rows;
  Pairs halo, slab, sent;
  for (std::int64_t slot = 0; slot < slots; ++slot) {
    const Window& window = *windows[static_cast<std::size_t>(std::min(slot, batch.windows - 1))];
    batch.first_hours.push_back(window.first_hour);
    const std::int64_t first_row = slot * surrounds.window_hours;
    for (std::int64_t offset = 0; offset < surrounds.window_hours; ++offset) {
      const std::int64_t hour = window.first_hour + offset;
      const bool is_inside = surrounds.slab.contains(hour);
      slab_rows.push_back(is_inside ? hour - surrounds.slab.first : 0);
      if (is_inside) continue;
      const auto place = std::lower_bound(surrounds.halo_hours.begin(), surrounds.halo_hours.end(), hour);
      halo.add(place - surrounds.halo_hours.begin(), first_row + offset);
    }
    if (slot >= batch.windows) continue;
    for (const Window::Output& output : window.outputs)
      (output.is_local ? slab : sent).add(first_row + output.offset, output.row);
  }
  batch.slab_rows = device::RowIndex(std::move(slab_rows));
  batch.from_halo = std::move(halo).moves();
  batch.to_slab = std::move(slab).moves();
  batch.to_sent = std::move(sent).moves();
  return batch;
}

}  // namespace

void Moves::operator()(const at::Tensor& source, at::Tensor& target) const {
  move_rows(source, from, target, to);
}

void Moves::back(const at::Tensor& source, at::Tensor& target) const {
  move_rows(source, to, target, from);
}

std::vector<Batch> make_batches(const std::vector<const Window*>& windows, const Surrounds& surrounds,
                                std::int64_t batch, bool is_padded) {
  std::vector<Batch> batches;
  const auto size = static_cast<std::size_t>(batch);
  for (std::size_t first = 0; first < windows.size(); first += size) {
    const std::size_t count = std::min(size, windows.size() - first);
    batches.push_back(make_batch(std::span(windows).subspan(first, count), surrounds,
                                 is_padded ? batch : static_cast<std::int64_t>(count)));
  }
  return batches;
}

}  // namespace foehn::trajectory
