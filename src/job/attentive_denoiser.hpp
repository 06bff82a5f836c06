#pragma once

#include <functional>
#include <utility>

#include "foehn/diffusion/window_denoiser.hpp"

namespace foehn::job {

/// A denoiser of windows that between calls sees to something else which must not wait long: output that is
/// on its way. What it does must not be collective, since ranks have different numbers of windows.
class AttentiveDenoiser final : public diffusion::WindowDenoiser {
 public:
  /// @param windows  outlives this
  AttentiveDenoiser(diffusion::WindowDenoiser& windows, std::function<void()> between)
      : windows_(windows), between_(std::move(between)) {}

  at::Tensor noise_estimate(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level) override {
    between_();
    return windows_.noise_estimate(noisy, level);
  }
  at::Tensor noise_vjp(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level,
                       const at::Tensor& cotangent) override {
    between_();
    return windows_.noise_vjp(noisy, level, cotangent);
  }
  bool is_linear() const override { return windows_.is_linear(); }
  bool needs_full_batches() const override { return windows_.needs_full_batches(); }

 private:
  diffusion::WindowDenoiser& windows_;
  std::function<void()> between_;
};

}  // namespace foehn::job
