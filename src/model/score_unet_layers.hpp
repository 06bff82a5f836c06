#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "foehn/model/score_unet.hpp"

// The layers of the score network. Fields are [window, channel, y, x], and lie channels-last in memory: there
// the convolutions need no reordering of their input (6 to 30 % faster on a CPU), and the
// normalisation over channels reads consecutive numbers.
//
// A product takes its fields in the type of its weights and gives its result in that type. Normalisations and
// the sums of blocks are of the type of the fields that enter the network.

namespace foehn::model {

/// Gives a layer its tensor: by name, and of the shape that the layer needs.
using TensorSource =
    std::function<at::Tensor(const std::string& name, const std::vector<std::int64_t>& shape)>;

/// Weight [output, input, ...] and bias [output].
struct Parameters {
  Parameters(const TensorSource& source, const std::string& name, const std::vector<std::int64_t>& shape);
  at::Tensor weight, bias;
};

/// A convolution whose factors are rounded to the type of its weights. Sums are float32.
/// @param weight  [output, input, y, x]
at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                    std::int64_t stride, std::int64_t padding);

/// A linear map of each cell's channels, weight [output, input, 1].
at::Tensor pointwise(const Parameters& parameters, const at::Tensor& x);

/// 3 x 3, zero padding of one cell. The result has the weights' type.
class Convolution {
 public:
  Convolution(const TensorSource& source, const std::string& name, std::int64_t input, std::int64_t output,
              std::int64_t stride = 1);
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  Parameters parameters_;
  std::int64_t stride_;
};

/// What dropout does to a field of a residual block, [window, channel, y, x]. Made anew for each pass.
class Dropping {
 public:
  /// @param dropout  null: x stays as it is
  explicit Dropping(const Dropout* dropout) : dropout_(dropout) {}
  at::Tensor operator()(const at::Tensor& x);

 private:
  const Dropout* dropout_;
  std::uint64_t calls_ = 0;
};

/// Where the layers of a network get their tensors.
struct Sources {
  TensorSource exact;    ///< as they are
  TensorSource rounded;  ///< in the type that products are computed in
};

/// (x - mean) / sqrt(variance + 1e-5) over a cell's channels; unbiased variance, no parameters.
class ChannelNorm {
 public:
  explicit ChannelNorm(std::int64_t channels);
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  std::int64_t channels_;
};

/// x + conv(SiLU(conv(N(x + W e)))), e the time embedding.
class ResidualBlock {
 public:
  ResidualBlock(const Sources& sources, const std::string& name, std::int64_t channels,
                std::int64_t embedding);
  /// W e, [window or 1, channel, 1, 1].
  /// @param embedded  e, [window or 1, embedding]
  at::Tensor shift(const at::Tensor& embedded) const;
  /// @param shift  W e
  at::Tensor operator()(const at::Tensor& x, const at::Tensor& shift, Dropping& drop) const;

 private:
  Parameters project_;
  ChannelNorm norm_;
  Convolution first_, second_;
};

/// x + P softmax(q k^T / sqrt(channels)) v, where q, k, v are linear in N(x), cell by cell; one head.
class Attention {
 public:
  Attention(const TensorSource& source, const std::string& name, std::int64_t channels);
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  std::int64_t channels_;
  ChannelNorm norm_;
  Parameters qkv_, out_;
};

/// SiLU(W1 SiLU(W0 [cos(f t), sin(f t)]) + W2 l), frequencies f_i = 10000^(-i/16), l labels of the date, if
/// any.
class TimeEmbedding {
 public:
  TimeEmbedding(const TensorSource& source, std::int64_t width, bool dates);
  /// @param t       [window], or [1] for all windows
  /// @param labels  [window, kDateLabels]; undefined for a network that knows no dates
  /// @return        [window, width], or [1, width]
  at::Tensor operator()(const at::Tensor& t, const at::Tensor& labels) const;

 private:
  Parameters first_, second_;
  std::optional<Parameters> dates_;
};

/// All that depends on the time, and on dates: what residual blocks are given, one after another.
struct BlockTerms {
  std::vector<at::Tensor> of_block;
};

/// All layers of a network.
class NetworkLayers {
 public:
  virtual ~NetworkLayers() = default;
  /// @param t       time of the schedule, [window], or [1] for all windows
  /// @param labels  as of TimeEmbedding
  virtual BlockTerms terms(const at::Tensor& t, const at::Tensor& labels) const = 0;
  /// @param noisy    [window, input channel, y, x]
  /// @param terms    of its time
  /// @param dropout  null: none
  /// @return         [window, hour*variable, y, x]
  virtual at::Tensor operator()(const at::Tensor& noisy, const BlockTerms& terms,
                                const Dropout* dropout) const = 0;
};

/// @param architecture  checked
std::unique_ptr<NetworkLayers> make_layers(const ScoreUnetArchitecture& architecture, const Sources& sources);

/// The blocks of one level on one way.
class Stage {
 public:
  Stage(const Sources& sources, const std::string& name, std::int64_t channels, std::int64_t blocks,
        bool attends, std::int64_t embedding);
  /// @param embedded  time embedding, [window or 1, embedding]
  void add_terms(const at::Tensor& embedded, BlockTerms& terms) const;
  /// @param shift  of the first block; moved beyond the last
  at::Tensor operator()(at::Tensor x, const at::Tensor*& shift, Dropping& drop) const;

 private:
  std::vector<ResidualBlock> blocks_;
  std::vector<Attention> attention_;  // one a block, or none
};

/// Everything that works at one resolution, and the way to it and back to the one above.
struct Level {
  Convolution down;
  Stage descent, ascent;
  ChannelNorm norm;
  Convolution up;
};

/// All layers of Climate2Weather's network.
class ScoreUnetLayers : public NetworkLayers {
 public:
  explicit ScoreUnetLayers(const ScoreUnetArchitecture& architecture, const Sources& sources);
  BlockTerms terms(const at::Tensor& t, const at::Tensor& labels) const override;
  at::Tensor operator()(const at::Tensor& noisy, const BlockTerms& terms,
                        const Dropout* dropout) const override;

 private:
  TimeEmbedding embedding_;
  std::vector<Level> levels_;
};

}  // namespace foehn::model
