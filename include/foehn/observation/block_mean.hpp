#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace foehn::observation {

/// The mean over blocks of `block` x `block` cells, and its transpose. Any device, any floating type, and any
/// number of fields at a time: the bits of one depend on no other.
class BlockMean {
 public:
  /// @throws core::Error if `block` is not positive
  explicit BlockMean(std::int64_t block);

  std::int64_t block() const { return block_; }
  std::int64_t cells() const { return block_ * block_; }
  /// @param fine  fields, [..., y, x]
  /// @return      [..., y/block, x/block]
  /// @throws core::Error if the block does not divide both sides
  at::Tensor apply(const at::Tensor& fine) const;
  /// The same as a device computes it: value by value, in one order on any number of fields.
  at::Tensor apply_value_by_value(const at::Tensor& fine) const;
  /// Every cell of a block gets the block's value divided by the number of its cells.
  /// @param coarse  [..., y/block, x/block]
  /// @return        [..., y, x]
  at::Tensor adjoint(const at::Tensor& coarse) const;

 private:
  at::Tensor in_blocks(const at::Tensor& fine) const;  // [..., block row, y in it, block column, x in it]

  std::int64_t block_;
};

}  // namespace foehn::observation
