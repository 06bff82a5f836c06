#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "foehn/core/named.hpp"
#include "foehn/model/network.hpp"

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
  TileForm tile = {};  ///< what it was trained on

  WindowChannels window_channels() const {
    return {window, variables, inputs, extra_inputs, dates, static_fields};
  }
  std::int64_t channels() const { return window_channels().channels(); }
  std::int64_t given_channels() const { return window_channels().given_channels(); }
  std::int64_t input_channels() const { return window_channels().input_channels(); }
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

/// The score network: a U-Net that estimates the noise in a window of noisy fields.
///
/// Climate2Weather's (Schmidt et al. 2025): going down, each level changes the width by a convolution (of
/// stride 2 beyond the first), then applies its residual blocks; going up, the blocks, a normalisation,
/// nearest-neighbour doubling and a convolution, whose result is added to what the level above had on the way
/// down. The form `adm` is described in AdmLayers.
class ScoreUnet : public Network {
 public:
  /// @param tensors    as expected_tensors; any floating type
  /// @param options    type of fields and sums, and device
  /// @param precision  of estimates, and of `forward` where it is not told
  /// @throws core::Error as check_architecture and check_tensors
  ScoreUnet(const ScoreUnetArchitecture& architecture, const std::map<std::string, at::Tensor>& tensors,
            const at::TensorOptions& options, Precision precision = Precision::fp32);
  ~ScoreUnet() override;

  const ScoreUnetArchitecture& architecture() const { return architecture_; }

 private:
  struct LevelTerms;
  void check_shape(const at::Tensor& noisy) const override;
  at::Tensor compute(const at::Tensor& complete, const at::Tensor& t, const at::Tensor& labels,
                     Precision precision, const Dropout* dropout) const override;
  at::Tensor compute_at(const at::Tensor& complete, const diffusion::NoiseLevel& level,
                        const at::Tensor& labels) override;
  std::unique_ptr<NetworkLayers> layers_in(Precision precision) const;

  ScoreUnetArchitecture architecture_;
  std::unique_ptr<NetworkLayers> layers_;
  std::unique_ptr<LevelTerms> terms_;  // of the latest noise level
};

}  // namespace foehn::model

namespace foehn::core {

template <>
const std::vector<Named<model::NetworkForm>>& names_of();

}  // namespace foehn::core
