#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/score_unet_layers.hpp"

namespace foehn::model {

/// x -> gain (x - mean)/sqrt(variance + 1e-5) + bias over groups of channels and all cells: 32 groups, or
/// fewer so that each has 4 channels. Source: Wu and He 2018.
class GroupNorm {
 public:
  GroupNorm(const TensorSource& source, const std::string& name, std::int64_t channels);
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  std::int64_t groups_;
  at::Tensor gain_, bias_;
};

/// Channels of an attention head.
inline constexpr std::int64_t kHeadChannels = 64;

/// x + P [softmax(q k^T / sqrt(c)) v of each head], q, k and v linear in N(x), cell by cell; heads of
/// c = kHeadChannels, or one of all channels where there are fewer.
class MultiHeadAttention {
 public:
  MultiHeadAttention(const Sources& sources, const std::string& name, std::int64_t channels);
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  std::int64_t channels_, heads_;
  GroupNorm norm_;
  Parameters qkv_, out_;
};

/// How a block changes the resolution before its first convolution.
enum class Resampling { none, halving, doubling };

/// S x' + conv(drop(SiLU((1 + a) N(conv(SiLU(N(x))')) + b))), [a, b] = W e: e is the embedding, ' a change of
/// resolution (means of 2 x 2 cells, or each cell four times), S a linear map of channels where their number
/// changes. Attention may follow.
class AdmBlock {
 public:
  struct Shape {
    std::int64_t input, output, embedding;
    bool attends = false;
    Resampling resampling = Resampling::none;
  };
  AdmBlock(const Sources& sources, const std::string& name, const Shape& shape);
  /// [a, b], [window or 1, 2 output, 1, 1].
  at::Tensor term(const at::Tensor& embedded) const;
  at::Tensor operator()(const at::Tensor& x, const at::Tensor& term, Dropping& drop) const;

 private:
  Resampling resampling_;
  GroupNorm first_norm_, second_norm_;
  Convolution first_, second_;
  Parameters affine_;
  std::optional<Parameters> skip_;
  std::optional<MultiHeadAttention> attention_;
};

/// The U-Net of Dhariwal and Nichol 2021 ("ADM"), as Karras et al. 2022 take it: going down, each level
/// halves the resolution by a block of its own (beyond the first, which has a convolution), then applies
/// `blocks` more; two blocks stand in the middle, the first of which attends; going up, each level applies
/// one block more than on the way down, to what it has beside what the way down left, the last first, and
/// doubles the resolution. Levels that `attention` names attend after each of their blocks.
/// With hidden 128, 256, 384, 512, two blocks, no such level, embedding 512, dates, and 12 channels in and 4
/// out it has 92,140,548 parameters, those of IPSL-AID (arXiv 2604.03275).
class AdmLayers : public NetworkLayers {
 public:
  AdmLayers(const ScoreUnetArchitecture& architecture, const Sources& sources);
  BlockTerms terms(const at::Tensor& t, const at::Tensor& labels) const override;
  at::Tensor operator()(const at::Tensor& noisy, const BlockTerms& terms,
                        const Dropout* dropout) const override;

 private:
  struct Level {
    std::vector<AdmBlock> descent, ascent;  // what changes the resolution first, and last
  };
  template <class Use>
  void for_each_block(Use&& use) const;

  std::int64_t features_;
  Parameters first_embedding_, second_embedding_;
  at::Tensor of_dates_;  // undefined for a network that knows no dates
  Convolution enter_;
  std::vector<Level> levels_;
  std::vector<AdmBlock> middle_;
  GroupNorm norm_;
  Convolution leave_;
};

}  // namespace foehn::model
