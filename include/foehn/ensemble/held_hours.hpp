#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "foehn/trajectory/slab_partition.hpp"

namespace foehn::ensemble {

/// A drawn member's hours that a rank keeps in host memory until they are written: its slab, and those hours
/// of other ranks that lie in chunks which it packs, or just before one.
struct HeldHours {
  trajectory::Slab mine;
  at::Tensor slab;                   ///< [hour, variable, ...], normalised
  std::vector<std::int64_t> others;  ///< rising
  at::Tensor of_others;              ///< [place in `others`, variable, ...]

  /// An hour's fields, [variable, ...]. @throws core::Error if it is not held
  at::Tensor at(std::int64_t hour) const;
};

}  // namespace foehn::ensemble
