#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "foehn/diffusion/window_denoiser.hpp"
#include "foehn/model/network.hpp"

namespace foehn::model {

/// A network on the schedule Edm. With s = sigma_data, F the network and d = sqrt(sigma^2 + s^2),
///   x_hat(x) = (s^2 x + sigma s d F(x/d, ln(sigma)/4)) / d^2,
/// so that what enters and leaves the network is about 1 large at every level. The noise is estimated as
///   eps(x) = (sigma x - s d F) / d^2,
/// which divides by no sigma. Source: Karras et al. 2022, Table 1.
class EdmDenoiser : public diffusion::WindowDenoiser {
 public:
  /// @param network     takes one field a channel
  /// @param sigma_data  positive
  EdmDenoiser(std::unique_ptr<Network> network, double sigma_data);

  Network& network() { return *network_; }
  double sigma_data() const { return sigma_data_; }

  bool needs_full_batches() const override { return network_->needs_full_batches(); }
  at::Tensor noise_estimate(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level) override;
  at::Tensor noise_vjp(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level,
                       const at::Tensor& cotangent) override;

 private:
  std::unique_ptr<Network> network_;
  double sigma_data_;
};

}  // namespace foehn::model
