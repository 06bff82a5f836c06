#include "foehn/model/tensor_view.hpp"

#include <ATen/ATen.h>

#include <cstring>

namespace foehn::model {

namespace {

at::ScalarType scalar_type(io::TensorType type) {
  switch (type) {
    case io::TensorType::f16:
      return at::kHalf;
    case io::TensorType::bf16:
      return at::kBFloat16;
    case io::TensorType::f32:
      return at::kFloat;
    case io::TensorType::f64:
      return at::kDouble;
    case io::TensorType::i64:
      return at::kLong;
  }
  return at::ScalarType::Undefined;
}

}  // namespace

at::Tensor to_tensor(const io::TensorView& view) {
  at::Tensor tensor = at::empty(view.shape, scalar_type(view.type));
  // Not from_blob: bytes in a file need not be aligned, and must not be written to.
  if (!view.bytes.empty()) std::memcpy(tensor.data_ptr(), view.bytes.data(), view.bytes.size());
  return tensor;
}

}  // namespace foehn::model
