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
  at::Tensor noise = at::empty(slab[0].sizes(), at::kFloat);
  for (std::int64_t i = 0; i < slab.size(0); ++i) {
    core::fill_normal<float>(key, static_cast<std::uint32_t>(first_hour + i),
                             {noise.data_ptr<float>(), static_cast<std::size_t>(noise.numel())});
    slab.select(0, i).copy_(noise);
  }
}

}  // namespace foehn::diffusion
