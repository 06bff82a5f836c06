#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "foehn/observation/correlated_errors.hpp"
#include "foehn/observation/operator.hpp"

namespace foehn::observation {

/// What a rank holds of observations of some variables at the same times: those of its slab, with Gaussian
/// errors, y ~ N(A x, R), independent ones unless it is told how they are correlated.
///
/// The rows of A that belong to missing values are zero, and so are these values: A x and y - A x are zero
/// there and A^T gives nothing, so that they have no part in a likelihood, its gradient, or the solution of a
/// system in A A^T + R, exactly as if they were not there. Any operator may have such rows: they are made
/// here.
class SlabObservations {
 public:
  /// @param values    y, [observation, variable, Y, X], normalised; NaN is missing
  /// @param variance  the diagonal of R, normalised: [variable, 1, 1], or what else expands to `values`
  /// @param errors    R, of all ranks' observations of the set; null: it is diagonal
  SlabObservations(std::shared_ptr<const Operator> model, const at::Tensor& values, at::Tensor variance,
                   std::shared_ptr<const CorrelatedErrors> errors = nullptr);

  std::int64_t size() const { return model_->size(); }
  /// y, with zeros where it is missing.
  const at::Tensor& values() const { return values_; }
  const at::Tensor& variance() const { return variance_; }
  /// R where it is not diagonal; otherwise null.
  const CorrelatedErrors* correlated_errors() const { return errors_.get(); }
  /// bool, of the values' shape; undefined where none is missing.
  const at::Tensor& is_missing() const { return is_missing_; }

  /// As of Operator, with A's rows of missing values zero.
  at::Tensor apply(const at::Tensor& slab) const;
  void add_adjoint(const at::Tensor& cotangents, at::Tensor& slab) const;

 private:
  at::Tensor zero_where_missing(const at::Tensor& values) const;

  std::shared_ptr<const Operator> model_;
  at::Tensor values_, variance_, is_missing_;
  std::shared_ptr<const CorrelatedErrors> errors_;
};

/// All of a slab's observations. Sets may observe the same variables and hours; ranks that share a trajectory
/// have the same sets, with other hours.
using Observations = std::vector<SlabObservations>;

}  // namespace foehn::observation
