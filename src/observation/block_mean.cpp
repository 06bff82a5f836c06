#include "foehn/observation/block_mean.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <vector>

#include "foehn/core/error.hpp"

namespace foehn::observation {

namespace {

/// The leading dimensions of fields, [..., y, x], and then others.
std::vector<std::int64_t> shape_of(const at::Tensor& fields, const std::vector<std::int64_t>& trailing) {
  std::vector<std::int64_t> shape = fields.sizes().slice(0, fields.dim() - 2).vec();
  shape.insert(shape.end(), trailing.begin(), trailing.end());
  return shape;
}

}  // namespace

BlockMean::BlockMean(std::int64_t block) : block_(block) {
  if (block < 1)
    throw core::Error(fmt::format("observation block: expected at least 1 cell, found {}", block));
}

at::Tensor BlockMean::in_blocks(const at::Tensor& fine) const {
  const auto ny = fine.size(-2), nx = fine.size(-1);
  if (ny % block_ != 0 || nx % block_ != 0)
    throw core::Error(
        fmt::format("observation block: {0} x {0} cells do not divide a grid of {1} x {2}", block_, ny, nx));
  return fine.reshape(shape_of(fine, {ny / block_, block_, nx / block_, block_}));
}

at::Tensor BlockMean::apply(const at::Tensor& fine) const {
  // The order in which a device's mean adds may depend on how many fields there are; the host's does not.
  return fine.is_cpu() ? in_blocks(fine).mean(at::IntArrayRef{-3, -1}) : apply_value_by_value(fine);
}

at::Tensor BlockMean::apply_value_by_value(const at::Tensor& fine) const {
  const auto sum_over = [this](const at::Tensor& values, std::int64_t dimension) {
    at::Tensor sum = values.select(dimension, 0).clone();
    for (std::int64_t i = 1; i < block_; ++i) sum.add_(values.select(dimension, i));
    return sum;
  };
  return sum_over(sum_over(in_blocks(fine), -1), -2).div_(static_cast<double>(cells()));
}

at::Tensor BlockMean::adjoint(const at::Tensor& coarse) const {
  const auto ny = coarse.size(-2), nx = coarse.size(-1);
  return (coarse / static_cast<double>(cells()))
      .reshape(shape_of(coarse, {ny, 1, nx, 1}))
      .expand(shape_of(coarse, {ny, block_, nx, block_}))
      .reshape(shape_of(coarse, {ny * block_, nx * block_}));
}

}  // namespace foehn::observation
