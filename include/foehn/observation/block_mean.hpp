#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace foehn::observation {

/// The mean over blocks of `block` x `block` cells, and its transpose. Any device, any floating type.
class BlockMean {
 public:
  /// @throws core::Error if `block` is not positive
  explicit BlockMean(std::int64_t block);

  std::int64_t block() const { return block_; }
  std::int64_t cells() const { return block_ * block_; }
  /// @param fine  one instant, [variable, y, x]
  /// @return      [variable, y/block, x/block]
  /// @throws core::Error if the block does not divide both sides
  at::Tensor apply(const at::Tensor& fine) const;
  /// Every cell of a block gets the block's value divided by the number of its cells.
  /// @param coarse  one instant, [variable, y/block, x/block]
  /// @return        [variable, y, x]
  at::Tensor adjoint(const at::Tensor& coarse) const;

 private:
  std::int64_t block_;
};

}  // namespace foehn::observation
