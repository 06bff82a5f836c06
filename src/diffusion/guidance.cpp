#include "foehn/diffusion/guidance.hpp"

#include <ATen/ATen.h>

#include <utility>

namespace foehn::diffusion {

SdaGuidance::SdaGuidance(Denoiser& prior, observation::Observations observations, double gamma)
    : prior_(prior), observations_(std::move(observations)), gamma_(gamma) {}

at::Tensor SdaGuidance::noise_estimate(const at::Tensor& noisy, const NoiseLevel& level) {
  at::Tensor eps = prior_.noise_estimate(noisy, level);
  const auto& operation = observations_.operation;
  const double ratio = level.sigma / level.mu;
  const at::Tensor variance = observations_.variance + gamma_ * ratio * ratio;
  for (std::int64_t i = 0; i < operation.size(); ++i) {
    // A is linear: A x_hat = (A x - sigma A eps)/mu, so that the clean slab is never made.
    const at::Tensor observed =
        (operation.apply(noisy, i) - operation.apply(eps, i) * level.sigma) / level.mu;
    const at::Tensor weighted = (observations_.values.select(0, i) - observed) / variance;
    operation.add_adjoint(weighted * -ratio, i, eps);
  }
  return eps;
}

}  // namespace foehn::diffusion
