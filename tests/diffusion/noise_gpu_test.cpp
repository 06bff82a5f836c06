#include <ATen/ATen.h>

#include "foehn/diffusion/noise.hpp"
#include "on_gpu.hpp"

namespace foehn::diffusion::noise_gpu_test {
namespace {

class NoiseOnGpu : public OnGpu {};

TEST_F(NoiseOnGpu, IsTheHostsButForTheLastBit) {
  const core::NoiseKey key{.seed = 0x123456789abcdef0, .member = 3, .draw = 5};
  // An hour of 105 values ends amid a block of four, one of 100,000 takes many thread blocks.
  for (const std::int64_t cells : {1, 105, 100000}) {
    at::Tensor host = at::empty({5, 1, cells, 1}, at::kFloat);
    at::Tensor gpu = at::empty_like(host, at::kCUDA);
    fill_noise(key, 4321, host);
    fill_noise(key, 4321, gpu);
    EXPECT_TRUE(at::allclose(gpu.cpu(), host, 0x1p-23, 1e-12)) << cells << " cells";
  }
}

TEST_F(NoiseOnGpu, HasTheSameBitsWhereverSlabsAreCut) {
  const core::NoiseKey key{.seed = 7, .member = 1};
  const auto noise = [&](std::int64_t first_hour, std::int64_t hours) {
    at::Tensor slab = at::empty({hours, 3, 5, 7}, at::TensorOptions(at::kFloat).device(at::kCUDA));
    fill_noise(key, first_hour, slab);
    return slab;
  };
  EXPECT_TRUE(at::equal(at::cat({noise(0, 2), noise(2, 0), noise(2, 5)}), noise(0, 7)));
}

}  // namespace
}  // namespace foehn::diffusion::noise_gpu_test
