#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "foehn/diffusion/noise_level.hpp"
#include "foehn/model/gaussian_preconditioned.hpp"
#include "foehn/model/score_unet.hpp"

namespace foehn::training {

/// What a network is given and what it should answer, for noisy windows.
struct Lesson {
  at::Tensor inputs;   ///< [window, input channel, y, x]
  at::Tensor targets;  ///< [window, channel, y, x]
  at::Tensor t;        ///< [window], float64
};

/// What a kind of prior is trained for; the loss is the mean square of answer minus target.
class Objective {
 public:
  virtual ~Objective() = default;
  virtual model::ScoreUnet& network() = 0;
  /// @param clean   windows, [window, channel, y, x]
  /// @param noise   standard normal, the same shape
  /// @param levels  one per window
  virtual Lesson lesson(const at::Tensor& clean, const at::Tensor& noise,
                        const std::vector<diffusion::NoiseLevel>& levels) = 0;
};

/// Climate2Weather's: the network sees x_t = mu x_0 + sigma eps and should answer eps.
class NoiseObjective : public Objective {
 public:
  explicit NoiseObjective(std::unique_ptr<model::ScoreUnet> network) : network_(std::move(network)) {}
  model::ScoreUnet& network() override { return *network_; }
  Lesson lesson(const at::Tensor& clean, const at::Tensor& noise,
                const std::vector<diffusion::NoiseLevel>& levels) override;

 private:
  std::unique_ptr<model::ScoreUnet> network_;
};

/// For a network that corrects a Gaussian prior: it should answer (x_0 - x_hat_G)/c, so that a network which
/// always answers 0 has a loss of about 1.
class CorrectionObjective : public Objective {
 public:
  explicit CorrectionObjective(std::unique_ptr<model::GaussianPreconditioned> denoiser)
      : denoiser_(std::move(denoiser)) {}
  model::ScoreUnet& network() override { return denoiser_->network(); }
  Lesson lesson(const at::Tensor& clean, const at::Tensor& noise,
                const std::vector<diffusion::NoiseLevel>& levels) override;

 private:
  std::unique_ptr<model::GaussianPreconditioned> denoiser_;
};

}  // namespace foehn::training
