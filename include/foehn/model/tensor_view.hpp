#pragma once

#include <ATen/core/Tensor.h>

#include "foehn/io/safetensors.hpp"

namespace foehn::model {

/// A copy of a stored tensor, of its type and shape, on the host.
at::Tensor to_tensor(const io::TensorView& view);

}  // namespace foehn::model
