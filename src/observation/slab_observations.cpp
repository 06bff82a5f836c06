#include "foehn/observation/slab_observations.hpp"

#include <ATen/ATen.h>

#include <utility>

namespace foehn::observation {

SlabObservations::SlabObservations(std::shared_ptr<const Operator> model, const at::Tensor& values,
                                   at::Tensor variance, std::shared_ptr<const CorrelatedErrors> errors)
    : model_(std::move(model)), variance_(std::move(variance)), errors_(std::move(errors)) {
  const at::Tensor is_missing = values.isnan();
  values_ = values.masked_fill(is_missing, 0);
  if (is_missing.any().item<bool>()) is_missing_ = is_missing;
}

at::Tensor SlabObservations::apply(const at::Tensor& slab) const {
  return zero_where_missing(model_->apply(slab));
}

void SlabObservations::add_adjoint(const at::Tensor& cotangents, at::Tensor& slab) const {
  model_->add_adjoint(zero_where_missing(cotangents), slab);
}

at::Tensor SlabObservations::zero_where_missing(const at::Tensor& values) const {
  return is_missing_.defined() ? values.masked_fill(is_missing_, 0) : values;
}

}  // namespace foehn::observation
