#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "foehn/device/row_index.hpp"
#include "foehn/trajectory/slab_partition.hpp"

namespace foehn::trajectory {

/// A window of this rank and what becomes of its outputs.
struct Window {
  struct Output {
    std::int64_t offset;  ///< hour of the window
    std::int64_t row;     ///< in this rank's slab, or among the outputs it sends
    bool is_local;
  };
  std::int64_t first_hour = 0;
  std::vector<Output> outputs;
};

/// Rows to copy from one tensor to another.
struct Moves {
  device::RowIndex from, to;

  /// @param source, target  [row, ...]
  void operator()(const at::Tensor& source, at::Tensor& target) const;
  /// The other way: what `to` names of the source, to where `from` says.
  void back(const at::Tensor& source, at::Tensor& target) const;
};

/// Windows that a denoiser is called with, by the rows that they are filled from and emptied into. A batch's
/// rows are the hours of its slots, slot * window_hours + offset; slots beyond its windows repeat the last
/// one.
struct Batch {
  std::int64_t windows = 0;               ///< without those that repeat
  std::vector<std::int64_t> first_hours;  ///< of each slot
  device::RowIndex slab_rows;  ///< for each row of the batch; any where the hour is not of the slab
  Moves from_halo;             ///< rows of the halo to rows of the batch
  Moves to_slab, to_sent;      ///< rows of the batch to those of the slab, and of the outputs that are sent

  std::int64_t slots() const { return static_cast<std::int64_t>(first_hours.size()); }
};

/// What batches are cut from.
struct Surrounds {
  Slab slab;
  std::int64_t window_hours = 0;
  std::vector<std::int64_t> halo_hours;  ///< beyond the slab, rising
};

/// Cuts windows into batches, in order.
/// @param batch      windows in each but the last
/// @param is_padded  whether the last has as many slots too
std::vector<Batch> make_batches(const std::vector<const Window*>& windows, const Surrounds& surrounds,
                                std::int64_t batch, bool is_padded);

}  // namespace foehn::trajectory
