#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "foehn/core/named.hpp"
#include "foehn/diffusion/window_denoiser.hpp"
#include "foehn/model/clock.hpp"
#include "foehn/model/precision.hpp"

namespace foehn::model {

/// How a score network's layers are put together.
enum class NetworkForm {
  climate2weather,  ///< Schmidt et al. 2025
  adm               ///< Dhariwal and Nichol 2021, as Karras et al. 2022 take it
};

/// What fixes the shape of a score network.
struct ScoreUnetArchitecture {
  std::int64_t window = 0;                      ///< hours that the network sees at once, odd
  std::int64_t variables = 0;                   ///< of an hour
  std::vector<std::int64_t> hidden;             ///< channels of each level, the finest first
  std::vector<std::int64_t> blocks;             ///< residual blocks of each level, each way
  std::vector<std::int64_t> attention;          ///< levels whose blocks are each followed by self-attention
  std::int64_t embedding = 0;                   ///< width of the time embedding
  std::int64_t inputs = 1;                      ///< fields that enter for each channel that leaves
  std::int64_t extra_inputs = 0;                ///< more fields that enter, of the whole window
  bool dates = false;                           ///< whether it knows the time of the year and of the day
  std::vector<std::string> static_fields = {};  ///< names of fields that it knows beside its inputs
  NetworkForm form = NetworkForm::climate2weather;

  /// Channels of a window, and of what the network gives: hours times variables, hours slowest.
  std::int64_t channels() const { return window * variables; }
  /// Channels that a caller gives.
  std::int64_t given_channels() const { return inputs * channels() + extra_inputs; }
  /// Channels that enter, with the static fields last.
  std::int64_t input_channels() const {
    return given_channels() + static_cast<std::int64_t>(static_fields.size());
  }
  /// Channels of the fields that leave a level on the way up, and, but for the first, enter it on the way
  /// down.
  std::int64_t channels_above(std::size_t level) const { return level == 0 ? channels() : hidden[level - 1]; }
  bool attends(std::size_t level) const;
  /// What both sides of a field must be a multiple of: every level but the first halves them.
  std::int64_t side_multiple() const { return std::int64_t{1} << (hidden.size() - 1); }
  bool operator==(const ScoreUnetArchitecture&) const = default;
};

/// @throws core::Error naming the field of the architecture that no network can have
void check_architecture(const ScoreUnetArchitecture& architecture);

using TensorShapes = std::map<std::string, std::vector<std::int64_t>>;

/// Every tensor of the network, by its name: of Climate2Weather's in its state_dict.
/// @throws core::Error as check_architecture
TensorShapes expected_tensors(const ScoreUnetArchitecture& architecture);

/// @throws core::Error naming tensors that are missing, unknown or of another shape than expected
void check_tensors(const ScoreUnetArchitecture& architecture, const TensorShapes& found);

/// Random weights of the network, to time one or to test what uses one; float32.
std::map<std::string, at::Tensor> random_tensors(const ScoreUnetArchitecture& architecture,
                                                 std::uint64_t seed);

std::int64_t parameter_count(const ScoreUnetArchitecture& architecture);

/// Floating-point operations of one window's convolutions, linear layers and attention, forward; a product
/// and its sum count as two.
/// @param ny, nx  cells of a field, multiples of side_multiple()
std::int64_t window_flops(const ScoreUnetArchitecture& architecture, std::int64_t ny, std::int64_t nx);

class NetworkLayers;
struct BlockTerms;

/// Numbers set to 0 at random within residual blocks while a network is trained, and the others made larger.
struct Dropout {
  double part = 0;                   ///< how many, in [0, 1)
  std::vector<std::uint64_t> seeds;  ///< one per window: what is dropped depends on nothing else
};

/// The score network: a U-Net that estimates the noise in a window of noisy fields.
///
/// Climate2Weather's (Schmidt et al. 2025): going down, each level changes the width by a convolution (of
/// stride 2 beyond the first), then applies its residual blocks; going up, the blocks, a normalisation,
/// nearest-neighbour doubling and a convolution, whose result is added to what the level above had on the way
/// down. The form `adm` is described in AdmLayers.
class ScoreUnet : public diffusion::WindowDenoiser {
 public:
  /// @param tensors    as expected_tensors; any floating type
  /// @param options    type of fields and sums, and device
  /// @param precision  of estimates, and of `forward` where it is not told
  /// @throws core::Error as check_architecture and check_tensors
  ScoreUnet(const ScoreUnetArchitecture& architecture, const std::map<std::string, at::Tensor>& tensors,
            const at::TensorOptions& options, Precision precision = Precision::fp32);
  ~ScoreUnet() override;

  const ScoreUnetArchitecture& architecture() const { return architecture_; }
  /// The tensors that the network computes with, by name; they can be made to require gradients. To change
  /// them is for training: estimates keep what they made of them at a noise level. Empty for a network in
  /// bf16, which keeps rounded ones.
  const std::map<std::string, at::Tensor>& tensors() const { return tensors_; }

  /// Says when the hours of windows to come are. A network that knows dates must be told.
  void set_clock(const Clock& clock) { clock_ = clock; }
  /// Says what the fields of architecture().static_fields are. A network that knows some must be told.
  /// @param fields  [static field, y, x], any floating type
  /// @throws core::Error if there are more or fewer of them
  void set_static_fields(const at::Tensor& fields);
  const at::Tensor& static_fields() const { return static_fields_; }
  /// What the network is to know of the dates of windows, [window, kDateLabels]; undefined if nothing.
  /// @throws core::Error if it was not told when hours are
  at::Tensor labels(const std::vector<std::int64_t>& first_hours) const;

  /// The network itself, differentiable in all its arguments.
  /// @param noisy   [window, given channel, y, x], type and device of the network
  /// @param t       time of the schedule, [window], or [1] for all windows
  /// @param labels  of windows
  /// @return        estimated noise, [window, hour*variable, y, x]
  at::Tensor forward(const at::Tensor& noisy, const at::Tensor& t, const at::Tensor& labels = {}) const;
  /// The same in another arithmetic than the network's own; rounds the weights anew each time.
  /// @param dropout  null: none
  at::Tensor forward(const at::Tensor& noisy, const at::Tensor& t, const at::Tensor& labels,
                     Precision precision, const Dropout* dropout = nullptr) const;

  bool needs_full_batches() const override;
  /// @param noisy  [window, given channel, y, x] of any floating type, and of any hours
  /// @throws core::Error if channels or sides do not fit the network
  at::Tensor noise_estimate(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level) override;
  at::Tensor noise_vjp(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level,
                       const at::Tensor& cotangent) override;

 private:
  struct LevelTerms;
  void check_shape(const at::Tensor& noisy) const;
  std::unique_ptr<NetworkLayers> layers_in(Precision precision) const;
  /// With the static fields as last channels.
  at::Tensor complete(const at::Tensor& given) const;
  /// forward at a noise level, what depends on it alone being made once.
  /// @param first  of all of a call's windows, the first of `noisy`
  at::Tensor evaluate(const at::Tensor& noisy, const diffusion::NoiseLevel& level, const at::Tensor& labels,
                      std::int64_t first);

  ScoreUnetArchitecture architecture_;
  at::TensorOptions options_;
  Precision precision_;
  std::map<std::string, at::Tensor> tensors_;
  std::unique_ptr<NetworkLayers> layers_;
  std::unique_ptr<LevelTerms> terms_;  // of the latest noise level
  std::optional<Clock> clock_;
  at::Tensor static_fields_;
};

}  // namespace foehn::model

namespace foehn::core {

template <>
const std::vector<Named<model::NetworkForm>>& names_of();

}  // namespace foehn::core
