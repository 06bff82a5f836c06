#include "diffusion/sums.hpp"

#include <ATen/ATen.h>

#include <vector>

#include "foehn/device/waiting.hpp"

namespace foehn::diffusion {

double sum_of_products(const at::Tensor& a, const at::Tensor& b, const OrderedSum& ordered_sum) {
  const std::int64_t rows = a.size(0);
  at::Tensor sums = at::empty({rows}, a.options().dtype(at::kDouble));
  for (std::int64_t row = 0; row < rows; ++row)
    sums.select(0, row).copy_(a.select(0, row).to(at::kDouble).mul(b.select(0, row).to(at::kDouble)).sum());
  sums = device::to_host(sums);
  return ordered_sum({sums.data_ptr<double>(), static_cast<std::size_t>(rows)});
}

void add_scaled(at::Tensor& slab, const at::Tensor& other, double weight) {
  constexpr std::int64_t kParts = 16;
  const std::int64_t hours = slab.size(0);
  for (std::int64_t part = 0; part < kParts; ++part) {
    const std::int64_t first = hours * part / kParts, count = hours * (part + 1) / kParts - first;
    if (count > 0) slab.narrow(0, first, count).add_(other.narrow(0, first, count) * weight);
  }
}

}  // namespace foehn::diffusion
