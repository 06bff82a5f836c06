#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

#include "foehn/model/precision.hpp"

namespace foehn::bench {

struct Timing {
  double seconds = 0;        ///< median of one call
  std::int64_t repeats = 0;  ///< calls that were measured
};

/// Times `work` after a call that warms it up: at most `repeats` calls, fewer where they are long.
/// @param work  returns a result with at least one value, by which the end of its computation is known
Timing time_calls(std::int64_t repeats, const std::function<at::Tensor()>& work);

/// What a machine does at its best, in floating-point operations a second; a product and its sum count as
/// two.
struct Peaks {
  double matrix_product = 0;  ///< of two square matrices
  double convolution = 0;     ///< 3 x 3, 128 channels, 128 x 128 cells
};

/// Measures the peaks of an arithmetic; of the convolution the fastest of several batches and memory layouts.
/// @param options  float32 and the device
Peaks measure_peaks(const at::TensorOptions& options, model::Precision precision, std::int64_t repeats);

}  // namespace foehn::bench
