#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace foehn::observation {

/// A: how observations arise from the normalised fields of a slab, [hour, variable, y, x], and its transpose.
///
/// A is linear, and works observation by observation: on the hours of one observation alone, always in the
/// same order and on the same shapes, so that the bits of an observation depend neither on the slab nor on
/// how many there are. Observations of one operator share no value of the slab, so that A A^T is
/// block-diagonal over them. Any device, any floating type.
class Operator {
 public:
  virtual ~Operator() = default;

  /// The number of observations in the slab.
  virtual std::int64_t size() const = 0;
  /// One observation of a slab: its part of A x, [variable, Y, X].
  virtual at::Tensor apply(const at::Tensor& slab, std::int64_t observation) const = 0;
  /// Adds A^T of one observation's cotangent, [variable, Y, X], to a slab.
  virtual void add_adjoint(const at::Tensor& cotangent, std::int64_t observation, at::Tensor& slab) const = 0;
  /// The diagonal of A A^T of one observation.
  /// @return  [variable, Y, X], or without dimensions where all are the same
  virtual at::Tensor self_product(std::int64_t observation) const = 0;
};

}  // namespace foehn::observation
