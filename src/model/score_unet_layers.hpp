#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
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
  at::Tensor operator()(const at::Tensor& x, const at::Tensor& shift) const;

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

/// What residual blocks add to their channels, one after another: all that depends on the time.
using Shifts = std::vector<at::Tensor>;

/// The blocks of one level on one way.
class Stage {
 public:
  Stage(const Sources& sources, const std::string& name, std::int64_t channels, std::int64_t blocks,
        bool attends, std::int64_t embedding);
  /// @param embedded  time embedding, [window or 1, embedding]
  Shifts shifts(const at::Tensor& embedded) const;
  at::Tensor operator()(at::Tensor x, const Shifts& shifts) const;

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

/// All layers.
class ScoreUnetLayers {
 public:
  explicit ScoreUnetLayers(const ScoreUnetArchitecture& architecture, const Sources& sources);

  /// Of one level, down and up.
  struct LevelShifts {
    Shifts descent, ascent;
  };
  /// @param t       time of the schedule, [window], or [1] for all windows
  /// @param labels  as of TimeEmbedding
  std::vector<LevelShifts> shifts(const at::Tensor& t, const at::Tensor& labels) const;
  /// @param noisy   [window, input channel, y, x]
  /// @param shifts  of its time
  /// @return        [window, hour*variable, y, x]
  at::Tensor operator()(const at::Tensor& noisy, const std::vector<LevelShifts>& shifts) const;

 private:
  TimeEmbedding embedding_;
  std::vector<Level> levels_;
};

}  // namespace foehn::model
