#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "foehn/diffusion/noise_level.hpp"
#include "foehn/diffusion/window_denoiser.hpp"
#include "foehn/model/coarse_fields.hpp"
#include "foehn/model/conditional_residual.hpp"
#include "foehn/model/gaussian_preconditioned.hpp"
#include "foehn/model/network.hpp"
#include "foehn/training/windows.hpp"

namespace foehn::training {

/// What a network is given and what it should answer, for noisy windows.
struct Lesson {
  at::Tensor inputs;     ///< [window, input channel, y, x]
  at::Tensor targets;    ///< [window, channel, y, x]
  at::Tensor t;          ///< [window], float64
  at::Tensor labels;     ///< of the windows' dates, as Network::labels
  at::Tensor weights{};  ///< of squared errors, [window or nothing, channel, y, x]; undefined: all alike
};

/// What a kind of prior is trained for; the loss is the mean square of answer minus target.
class Objective {
 public:
  virtual ~Objective() = default;
  virtual model::Network& network() = 0;
  /// How many hours before and after a window a lesson looks at.
  virtual std::int64_t reach() const { return 0; }
  /// @param clean   [window, channel, y, x], with `reach` more hours before and after each; first_hours are
  ///                those of the windows without these
  /// @param noise   standard normal, [window, channel, y, x]
  /// @param levels  one per window
  /// @param coarse  one per window; only for networks that are given coarse fields
  virtual Lesson lesson(const diffusion::Windows& clean, const at::Tensor& noise,
                        const std::vector<diffusion::NoiseLevel>& levels,
                        const std::vector<CoarseChoice>& coarse) = 0;
};

/// Climate2Weather's: the network sees x_t = mu x_0 + sigma eps and should answer eps.
class NoiseObjective : public Objective {
 public:
  explicit NoiseObjective(std::unique_ptr<model::Network> network) : network_(std::move(network)) {}
  model::Network& network() override { return *network_; }
  Lesson lesson(const diffusion::Windows& clean, const at::Tensor& noise,
                const std::vector<diffusion::NoiseLevel>& levels,
                const std::vector<CoarseChoice>& coarse) override;

 private:
  std::unique_ptr<model::Network> network_;
};

/// For a network on the schedule Edm (see model::EdmDenoiser): with s = sigma_data, it sees
/// x/sqrt(sigma^2 + s^2) and should answer (sigma x_0/s - s z)/sqrt(sigma^2 + s^2), whose squared error is
/// that of x_hat times (sigma^2 + s^2)/(sigma s)^2. Source: Karras et al. 2022, Table 1 and Eq. 8.
class EdmObjective : public Objective {
 public:
  EdmObjective(std::unique_ptr<model::Network> network, double sigma_data)
      : network_(std::move(network)), sigma_data_(sigma_data) {}
  model::Network& network() override { return *network_; }
  Lesson lesson(const diffusion::Windows& clean, const at::Tensor& noise,
                const std::vector<diffusion::NoiseLevel>& levels,
                const std::vector<CoarseChoice>& coarse) override;

 private:
  std::unique_ptr<model::Network> network_;
  double sigma_data_;
};

/// For a network that corrects a Gaussian prior: it should answer (x_0 - x_hat_G)/c, so that a network which
/// always answers 0 has a loss of about 1.
class CorrectionObjective : public Objective {
 public:
  explicit CorrectionObjective(std::unique_ptr<model::GaussianPreconditioned> denoiser)
      : denoiser_(std::move(denoiser)) {}
  model::Network& network() override { return denoiser_->network(); }
  Lesson lesson(const diffusion::Windows& clean, const at::Tensor& noise,
                const std::vector<diffusion::NoiseLevel>& levels,
                const std::vector<CoarseChoice>& coarse) override;

 private:
  std::unique_ptr<model::GaussianPreconditioned> denoiser_;
};

/// For a network that is given coarse fields (see model::ConditionalResidual). These are made of the record
/// itself: of the blocks and hours that the network is to serve some are chosen, their means are taken, and
/// brought back to all hours and cells as sampling does it. The network's answer is EdmObjective's of the
/// residual.
class ResidualObjective : public Objective {
 public:
  /// @param deviation    of the record's hours
  /// @param cells        of the form's coarse grid; null: its means are over blocks
  /// @param transformed  of the record's variables, with means over blocks; none: none is transformed
  ResidualObjective(std::unique_ptr<model::ConditionalResidual> denoiser, model::DeviationOfHour deviation,
                    std::shared_ptr<const model::CoarseCells> cells = {},
                    std::optional<model::TransformedSnapshots> transformed = {})
      : denoiser_(std::move(denoiser)),
        deviation_(std::move(deviation)),
        cells_(std::move(cells)),
        transformed_(std::move(transformed)) {}
  model::Network& network() override { return denoiser_->network(); }
  /// Up to the snapshots before and after a window.
  std::int64_t reach() const override { return denoiser_->form().longest_gap() - 1; }
  Lesson lesson(const diffusion::Windows& clean, const at::Tensor& noise,
                const std::vector<diffusion::NoiseLevel>& levels,
                const std::vector<CoarseChoice>& coarse) override;

 private:
  /// @param hours  those of a window and `reach` more on both sides, [hour, variable, y, x]
  model::CoarseFields coarse_fields(const at::Tensor& hours, std::int64_t first_hour,
                                    const CoarseChoice& choice) const;

  std::unique_ptr<model::ConditionalResidual> denoiser_;
  model::DeviationOfHour deviation_;
  std::shared_ptr<const model::CoarseCells> cells_;
  std::optional<model::TransformedSnapshots> transformed_;
};

}  // namespace foehn::training
