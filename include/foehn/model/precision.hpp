#pragma once

#include <c10/core/Device.h>

#include <vector>

#include "foehn/core/named.hpp"

namespace foehn::model {

/// Arithmetic of a network: what the factors of its convolutions and of its attention's products are rounded
/// to. tf32, which GPUs alone have, keeps 10 bits in float32 and rounds convolutions only; bf16 keeps 7.
///
/// All else is float32 in any of them: fields, normalisations, the sums of residual blocks, what is made of
/// the noise level, and with bf16 the network's first and last convolution, which see the noise itself (TF32
/// on a GPU). A Gaussian prior is not touched.
enum class Precision { fp32, tf32, bf16 };

/// @throws core::UsageError if the device does not have this arithmetic
void check_precision(Precision precision, const c10::Device& device);

/// While it lives, convolutions on GPUs may round their factors to TF32, or may not.
class ConvolutionArithmetic {
 public:
  explicit ConvolutionArithmetic(Precision precision);
  ~ConvolutionArithmetic();
  ConvolutionArithmetic(const ConvolutionArithmetic&) = delete;
  ConvolutionArithmetic& operator=(const ConvolutionArithmetic&) = delete;

 private:
  bool before_;
};

}  // namespace foehn::model

namespace foehn::core {

template <>
const std::vector<Named<model::Precision>>& names_of();

}  // namespace foehn::core
