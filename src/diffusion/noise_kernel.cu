#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "diffusion/noise_kernel.hpp"

namespace foehn::diffusion {

namespace {

constexpr int kThreads = 256;

/// A thread draws one block of four values; the last block of an hour may be cut short.
__global__ void draw_blocks(core::NoiseKey key, std::int64_t first_hour, std::int64_t hours,
                            std::int64_t values_an_hour, float* slab) {
  const std::int64_t blocks_an_hour = (values_an_hour + 3) / 4;
  const std::int64_t index = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  const std::int64_t hour = index / blocks_an_hour, block = index % blocks_an_hour;
  if (hour >= hours) return;
  const auto normals = core::normal_block(key, static_cast<std::uint32_t>(first_hour + hour),
                                          static_cast<std::uint32_t>(block));
  for (std::int64_t i = 0; i < 4 && 4 * block + i < values_an_hour; ++i)
    slab[hour * values_an_hour + 4 * block + i] = static_cast<float>(normals[i]);
}

}  // namespace

void draw_noise_on_gpu(const core::NoiseKey& key, std::int64_t first_hour, at::Tensor& slab) {
  const c10::cuda::CUDAGuard on_device(slab.device());
  const std::int64_t hours = slab.size(0), values_an_hour = slab.numel() / hours;
  const std::int64_t threads = hours * ((values_an_hour + 3) / 4);
  const auto groups = static_cast<unsigned>((threads + kThreads - 1) / kThreads);
  draw_blocks<<<groups, kThreads, 0, c10::cuda::getCurrentCUDAStream()>>>(
      key, first_hour, hours, values_an_hour, slab.data_ptr<float>());
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

}  // namespace foehn::diffusion
