#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace foehn::observation {

/// A: how observations arise from the normalised fields of a slab, [hour, variable, y, x], and its transpose.
///
/// A is linear, local to the hours of an observation, and without negative entries, so that A A^T 1 bounds
/// the eigenvalues of A A^T. It treats all observations of a slab in one go, in a number of operations that
/// does not grow with them; but the bits of an observation depend neither on the slab nor on how many there
/// are. Observations may share values of the slab, of one operator or of several. Any device, any floating
/// type.
class Operator {
 public:
  virtual ~Operator() = default;

  /// The number of observations in the slab.
  virtual std::int64_t size() const = 0;
  /// The observations of a slab: A x, [observation, variable, Y, X].
  virtual at::Tensor apply(const at::Tensor& slab) const = 0;
  /// Adds A^T of cotangents, [observation, variable, Y, X], to a slab.
  virtual void add_adjoint(const at::Tensor& cotangents, at::Tensor& slab) const = 0;
};

}  // namespace foehn::observation
