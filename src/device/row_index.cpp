#include "foehn/device/row_index.hpp"

#include <ATen/ATen.h>

namespace foehn::device {

const at::Tensor& RowIndex::on(const at::Device& device) const {
  if (!tensor_.defined() || tensor_.device() != device) tensor_ = at::tensor(rows_, at::kLong).to(device);
  return tensor_;
}

}  // namespace foehn::device
