#include "foehn/diffusion/noise.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "diffusion/noise_kernel.hpp"
#include "foehn/core/error.hpp"

namespace foehn::diffusion {

void fill_noise(const core::NoiseKey& key, std::int64_t first_hour, at::Tensor& slab) {
  if (slab.scalar_type() != at::kFloat || !slab.is_contiguous())
    throw core::Error(fmt::format("noise: expected a contiguous float32 slab, found {}{}",
                                  slab.is_contiguous() ? "" : "not contiguous ",
                                  c10::toString(slab.scalar_type())));
  if (slab.numel() == 0) return;
#ifdef FOEHN_CUDA
  if (slab.is_cuda()) {
    draw_noise_on_gpu(key, first_hour, slab);
    return;
  }
#endif
  const at::Tensor host = slab.is_cpu() ? slab : at::empty(slab.sizes(), at::kFloat);
  const auto values = static_cast<std::size_t>(slab.numel() / slab.size(0));
  float* hour = host.data_ptr<float>();
  for (std::int64_t i = 0; i < slab.size(0); ++i, hour += values)
    core::fill_normal<float>(key, static_cast<std::uint32_t>(first_hour + i), {hour, values});
  if (!slab.is_cpu()) slab.copy_(host);
}

}  // namespace foehn::diffusion
