#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace foehn::observation {

/// A: how observations arise from the normalised fields of a slab, [hour, variable, y, x], and its transpose.
///
/// A is linear and local to the hours of an observation. It treats all observations of a slab in one go, in a
/// number of operations that does not grow with them; but the bits of an observation depend neither on the
/// slab nor on how many there are. Observations of one operator share no value of the slab, so that A A^T is
/// block-diagonal over them. Any device, any floating type.
class Operator {
 public:
  virtual ~Operator() = default;

  /// The number of observations in the slab.
  virtual std::int64_t size() const = 0;
  /// The observations of a slab: A x, [observation, variable, Y, X].
  virtual at::Tensor apply(const at::Tensor& slab) const = 0;
  /// Adds A^T of cotangents, [observation, variable, Y, X], to a slab.
  virtual void add_adjoint(const at::Tensor& cotangents, at::Tensor& slab) const = 0;
  /// The diagonal of A A^T.
  /// @return  [observation, variable, Y, X], the last three 1 where all values of an observation have the
  /// same
  virtual at::Tensor self_product() const = 0;
};

}  // namespace foehn::observation
