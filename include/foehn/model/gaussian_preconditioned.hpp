#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "foehn/diffusion/window_denoiser.hpp"
#include "foehn/model/gaussian_prior.hpp"
#include "foehn/model/network.hpp"

namespace foehn::model {

/// A network that corrects the Gaussian prior's denoiser:
///   x_hat(x) = x_hat_G(x) + c(t) net([x / sqrt(mu^2 + sigma^2), x_hat_G(x)], t),
/// with x_hat_G the Gaussian prior's exact denoiser of the window and c its root-mean-square posterior
/// deviation. A network that is 0 leaves the Gaussian prior. The idea of scaling a network by what is left to
/// know: Karras et al. 2022.
class GaussianPreconditioned : public diffusion::WindowDenoiser {
 public:
  /// @param network  takes two fields a channel: channels().inputs is 2; channels as the prior's windows
  /// @throws core::Error if the two do not fit
  GaussianPreconditioned(GaussianPrior prior, std::unique_ptr<Network> network);

  Network& network() { return *network_; }
  GaussianPrior& gaussian() { return prior_; }

  /// What the network takes and what it should give, for one noise level.
  struct Terms {
    at::Tensor eps;     ///< the Gaussian prior's estimate of the noise, [window, channel, y, x]
    at::Tensor inputs;  ///< [window, 2 channel, y, x]
    double scale = 0;   ///< c
  };
  /// @param noisy  [window, channel, y, x]
  Terms terms(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level);

  bool needs_full_batches() const override { return network_->needs_full_batches(); }
  at::Tensor noise_estimate(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level) override;
  /// One evaluation of the network and its derivative, and two of the Gaussian prior.
  at::Tensor noise_vjp(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level,
                       const at::Tensor& cotangent) override;

 private:
  GaussianPrior prior_;
  std::unique_ptr<Network> network_;
};

}  // namespace foehn::model
