#include "foehn/observation/block_mean.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "foehn/core/error.hpp"

namespace foehn::observation {

BlockMean::BlockMean(std::int64_t block) : block_(block) {
  if (block < 1)
    throw core::Error(fmt::format("observation block: expected at least 1 cell, found {}", block));
}

at::Tensor BlockMean::apply(const at::Tensor& fine) const {
  const auto ny = fine.size(1), nx = fine.size(2);
  if (ny % block_ != 0 || nx % block_ != 0)
    throw core::Error(
        fmt::format("observation block: {0} x {0} cells do not divide a grid of {1} x {2}", block_, ny, nx));
  return fine.reshape({fine.size(0), ny / block_, block_, nx / block_, block_}).mean(at::IntArrayRef{2, 4});
}

at::Tensor BlockMean::adjoint(const at::Tensor& coarse) const {
  const auto ny = coarse.size(1), nx = coarse.size(2);
  return (coarse / static_cast<double>(cells()))
      .reshape({coarse.size(0), ny, 1, nx, 1})
      .expand({coarse.size(0), ny, block_, nx, block_})
      .reshape({coarse.size(0), ny * block_, nx * block_});
}

}  // namespace foehn::observation
