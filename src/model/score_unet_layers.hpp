#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "foehn/model/score_unet.hpp"

// The layers of the score network. Fields are [window, channel, y, x], and lie channels-last in memory: there
// the convolutions need no reordering of their input (6 to 30 % faster on a CPU), and the
// normalisation over channels reads consecutive numbers.

namespace foehn::model {

/// Gives a layer its tensor: by name, and of the shape that the layer needs.
using TensorSource =
    std::function<at::Tensor(const std::string& name, const std::vector<std::int64_t>& shape)>;

/// Weight [output, input, ...] and bias [output].
struct Parameters {
  Parameters(const TensorSource& source, const std::string& name, const std::vector<std::int64_t>& shape);
  at::Tensor weight, bias;
};

/// 3 x 3, zero padding of one cell.
class Convolution {
 public:
  Convolution(const TensorSource& source, const std::string& name, std::int64_t input, std::int64_t output,
              std::int64_t stride = 1);
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  Parameters parameters_;
  std::int64_t stride_;
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
  ResidualBlock(const TensorSource& source, const std::string& name, std::int64_t channels,
                std::int64_t embedding);
  /// @param embedded  time embedding, [window or 1, embedding]
  at::Tensor operator()(const at::Tensor& x, const at::Tensor& embedded) const;

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

/// SiLU(W1 SiLU(W0 [cos(f t), sin(f t)])), frequencies f_i = 10000^(-i/16).
class TimeEmbedding {
 public:
  TimeEmbedding(const TensorSource& source, std::int64_t width);
  /// @param t  [window]
  /// @return   [window, width]
  at::Tensor operator()(const at::Tensor& t) const;

 private:
  Parameters first_, second_;
};

/// The blocks of one level on one way.
class Stage {
 public:
  Stage(const TensorSource& source, const std::string& name, std::int64_t channels, std::int64_t blocks,
        bool attends, std::int64_t embedding);
  at::Tensor operator()(at::Tensor x, const at::Tensor& embedded) const;

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

struct ScoreUnetLayers {
  ScoreUnetLayers(const ScoreUnetArchitecture& architecture, const TensorSource& source);
  TimeEmbedding embedding;
  std::vector<Level> levels;
};

}  // namespace foehn::model
