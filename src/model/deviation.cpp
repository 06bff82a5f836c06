#include "foehn/model/deviation.hpp"

#include <ATen/ATen.h>

#include <utility>

namespace foehn::model {

Deviation::Deviation(Climatology variance, double least_part)
    : variance_(std::move(variance)), least_part_(least_part) {
  const at::Tensor& coefficients = variance_.coefficients();
  const at::Tensor changing = coefficients.narrow(0, 1, coefficients.size(0) - 1);
  if (!changing.ne(0).any().item<bool>()) constant_ = coefficients.select(0, 0).sqrt();
}

at::Tensor Deviation::at(std::int64_t seconds, calendar::Calendar calendar) const {
  if (is_constant()) return constant_;
  const at::Tensor least = variance_.coefficients().select(0, 0) * least_part_;
  return at::maximum(variance_.at(seconds, calendar), least).sqrt_();
}

at::Tensor Deviation::least() const {
  if (is_constant()) return constant_;
  return (variance_.coefficients().select(0, 0) * least_part_).sqrt();
}

}  // namespace foehn::model
