#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <utility>

#include "foehn/diffusion/window_denoiser.hpp"
#include "foehn/process/stop.hpp"

namespace foehn::job {

/// Requests a stop at the evaluation of the noise level that comes as number `level` of those visited.
class StopsAt : public diffusion::WindowDenoiser {
 public:
  StopsAt(std::shared_ptr<diffusion::WindowDenoiser> whole, int level, const process::StopSource& source)
      : whole_(std::move(whole)), left_(level), source_(source) {}
  bool needs_full_batches() const override { return whole_->needs_full_batches(); }
  at::Tensor noise_estimate(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level) override {
    if (level.sigma != sigma_ && --left_ == 0) source_.request();
    sigma_ = level.sigma;
    return whole_->noise_estimate(noisy, level);
  }
  at::Tensor noise_vjp(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level,
                       const at::Tensor& cotangent) override {
    return whole_->noise_vjp(noisy, level, cotangent);
  }

 private:
  std::shared_ptr<diffusion::WindowDenoiser> whole_;
  int left_;
  const process::StopSource& source_;
  double sigma_ = 0;
};

}  // namespace foehn::job
