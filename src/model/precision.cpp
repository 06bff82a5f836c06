#include "foehn/model/precision.hpp"

#include <ATen/Context.h>

#include "foehn/core/error.hpp"

namespace foehn::model {

void check_precision(Precision precision, const c10::Device& device) {
  if (precision == Precision::tf32 && device.is_cpu())
    throw core::UsageError(
        "run.precision: tf32 is an arithmetic of GPUs, and this run computes on the CPU; expected fp32 or "
        "bf16");
}

ConvolutionArithmetic::ConvolutionArithmetic(Precision precision)
    : before_(at::globalContext().allowTF32CuDNN()) {
  at::globalContext().setAllowTF32CuDNN(precision != Precision::fp32);
}

ConvolutionArithmetic::~ConvolutionArithmetic() {
  at::globalContext().setAllowTF32CuDNN(before_);
}

}  // namespace foehn::model

namespace foehn::core {

template <>
const std::vector<Named<model::Precision>>& names_of() {
  using enum model::Precision;
  static const std::vector<Named<model::Precision>> all{{fp32, "fp32"}, {tf32, "tf32"}, {bf16, "bf16"}};
  return all;
}

}  // namespace foehn::core
