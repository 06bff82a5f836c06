#include "diffusion/sums.hpp"

#include <ATen/ATen.h>

#include <vector>

namespace foehn::diffusion {

double sum_of_products(const at::Tensor& a, const at::Tensor& b, const OrderedSum& ordered_sum) {
  const std::int64_t rows = a.size(0);
  at::Tensor sums = at::empty({rows}, a.options().dtype(at::kDouble));
  for (std::int64_t row = 0; row < rows; ++row)
    sums.select(0, row).copy_(a.select(0, row).to(at::kDouble).mul(b.select(0, row).to(at::kDouble)).sum());
  sums = sums.to(at::kCPU);
  return ordered_sum({sums.data_ptr<double>(), static_cast<std::size_t>(rows)});
}

void add_scaled(at::Tensor& slab, const at::Tensor& other, double weight) {
  for (std::int64_t hour = 0; hour < slab.size(0); ++hour)
    slab.select(0, hour).add_(other.select(0, hour) * weight);
}

}  // namespace foehn::diffusion
