#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

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

/// The observation operator A of snapshots: block means of some hours of a slab.
///
/// It is local in time (an observation needs one hour), and works hour by hour on one fixed shape, so that
/// the bits of an observation do not depend on how many there are.
class BlockMeanSnapshots {
 public:
  /// @param hours  observed hours, as rising rows of the slab
  BlockMeanSnapshots(BlockMean block_mean, std::vector<std::int64_t> hours);

  const BlockMean& block_mean() const { return block_mean_; }
  const std::vector<std::int64_t>& hours() const { return hours_; }
  std::int64_t size() const { return static_cast<std::int64_t>(hours_.size()); }
  /// Hour `observation` of a slab [hour, variable, y, x] seen through A: [variable, Y, X].
  at::Tensor apply(const at::Tensor& slab, std::int64_t observation) const;
  /// Adds A^T of one observation's cotangent [variable, Y, X] to a slab [hour, variable, y, x].
  void add_adjoint(const at::Tensor& cotangent, std::int64_t observation, at::Tensor& slab) const;

 private:
  BlockMean block_mean_;
  std::vector<std::int64_t> hours_;
};

/// Coarse data of a slab with independent Gaussian errors: y ~ N(A x, R).
struct Observations {
  BlockMeanSnapshots operation;  ///< A
  at::Tensor values;             ///< y, [observation, variable, Y, X], normalised
  at::Tensor variance;           ///< diagonal of R, [variable, 1, 1], normalised
};

}  // namespace foehn::observation
