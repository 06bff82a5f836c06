#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "foehn/diffusion/window_denoiser.hpp"
#include "foehn/model/coarse_fields.hpp"
#include "foehn/model/network.hpp"

namespace foehn::model {

/// A prior of fine fields that are given coarse ones: x = c + r, c being the coarse fields brought to all
/// hours and cells (see interpolate), r a residual of unit size, since the domain of such a prior normalises
/// fields by the residual's own scale and deviation. With s = sigma_data, d = sqrt(sigma^2 + s^2), F the
/// network and g what it sees of the coarse fields,
///   x_hat(x) = c + (s^2 (x - c) + sigma s d F([(x - c)/d, g], ln(sigma)/4))/d^2,
/// EdmDenoiser's of x - c. Since x is what samplers and guidance work on, neither differs from other priors'.
/// Source: Karras et al. 2022, Table 1; the residual, Mardani et al. 2023.
///
/// g is, for a window of w hours: c divided by its scale, one field per channel; for each hour how far the
/// last and the next snapshot are, as parts of the longest gap trained on; and the block's side, as a part of
/// the largest.
class ConditionalResidual : public diffusion::WindowDenoiser {
 public:
  /// Inputs of the network beside two fields a channel.
  static std::int64_t extra_inputs(std::int64_t window_hours) { return 2 * window_hours + 1; }

  /// @param network     with channels().inputs 2 and extra_inputs as above
  /// @param sigma_data  positive
  /// @throws core::Error if network and form do not fit
  ConditionalResidual(std::unique_ptr<Network> network, double sigma_data, CoarseForm form);

  Network& network() { return *network_; }
  const CoarseForm& form() const { return form_; }
  double sigma_data() const { return sigma_data_; }

  /// Says what the coarse fields of windows to come are: all their hours must be among these.
  void set_coarse(std::shared_ptr<const CoarseFields> coarse) { coarse_ = std::move(coarse); }

  /// What the network sees of a window's coarse fields, [channel, y, x], float32.
  /// @param coarse  of the window's hours alone
  at::Tensor guide(const CoarseFields& coarse) const;

  bool needs_full_batches() const override { return network_->needs_full_batches(); }
  /// @throws core::Error if it was not told coarse fields of these hours
  at::Tensor noise_estimate(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level) override;
  at::Tensor noise_vjp(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level,
                       const at::Tensor& cotangent) override;

 private:
  /// Of some windows: x - c, and what the network is given.
  struct Terms {
    at::Tensor residual, inputs;
  };
  Terms terms(const diffusion::Windows& noisy, double size) const;
  CoarseFields coarse_of(std::int64_t first_hour) const;

  std::unique_ptr<Network> network_;
  double sigma_data_;
  CoarseForm form_;
  std::shared_ptr<const CoarseFields> coarse_;
};

}  // namespace foehn::model
