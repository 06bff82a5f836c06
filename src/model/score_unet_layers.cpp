#include "model/score_unet_layers.hpp"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cmath>
#include <vector>

#include "model/adm_layers.hpp"

namespace foehn::model {

namespace {

constexpr double kNormEpsilon = 1e-5;
constexpr std::int64_t kTimeFrequencies = 16;
constexpr double kLongestPeriod = 10000;

at::Tensor linear(const Parameters& parameters, const at::Tensor& x) {
  return at::linear(x, parameters.weight, parameters.bias);
}

/// Whether this processor has oneDNN's convolutions in bf16, which add in float32.
bool has_bf16_convolutions() {
#if defined(__x86_64__)
  static const bool has = __builtin_cpu_supports("avx512bw") != 0 &&
                          __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512dq") != 0;
  return has;
#else
  return false;
#endif
}

}  // namespace

at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                    std::int64_t stride, std::int64_t padding) {
  const at::Tensor factor = x.to(weight.scalar_type());
  // Where LibTorch would add in bf16, for want of oneDNN's convolutions, the rounded factors are multiplied
  // in float32.
  const bool adds_in_bf16 =
      weight.scalar_type() == at::kBFloat16 && weight.is_cpu() && !has_bf16_convolutions();
  if (!adds_in_bf16) return at::conv2d(factor, weight, bias, {stride, stride}, {padding, padding});
  return at::conv2d(factor.to(at::kFloat), weight.to(at::kFloat), bias.to(at::kFloat), {stride, stride},
                    {padding, padding})
      .to(at::kBFloat16);
}

at::Tensor pointwise(const Parameters& parameters, const at::Tensor& x) {
  // As a convolution: on the CPU oneDNN's is faster than a BLAS's product.
  return convolve(x, parameters.weight.unsqueeze(3), parameters.bias, 1, 0);
}

at::Tensor Dropping::operator()(const at::Tensor& x) {
  if (dropout_ == nullptr || dropout_->part == 0) return x;
  const std::uint64_t call = calls_++;
  std::vector<at::Tensor> kept;
  for (const std::uint64_t seed : dropout_->seeds) {
    // Philox would serve as well; LibTorch's generator fills a mask faster. The products keep seeds apart.
    const at::Generator generator =
        at::make_generator<at::CPUGeneratorImpl>(seed * 0x9e3779b97f4a7c15U + call * 0xbf58476d1ce4e5b9U);
    kept.push_back(at::empty(x.sizes().slice(1), at::kFloat).bernoulli_(1 - dropout_->part, generator));
  }
  return x * at::stack(kept).div_(1 - dropout_->part).to(x.options());
}

Parameters::Parameters(const TensorSource& source, const std::string& name,
                       const std::vector<std::int64_t>& shape)
    : weight(source(name + ".weight", shape)), bias(source(name + ".bias", {shape[0]})) {}

Convolution::Convolution(const TensorSource& source, const std::string& name, std::int64_t input,
                         std::int64_t output, std::int64_t stride)
    : parameters_(source, name, {output, input, 3, 3}), stride_(stride) {}

at::Tensor Convolution::operator()(const at::Tensor& x) const {
  return convolve(x, parameters_.weight, parameters_.bias, stride_, 1);
}

ChannelNorm::ChannelNorm(std::int64_t channels) : channels_(channels) {}

at::Tensor ChannelNorm::operator()(const at::Tensor& x) const {
  // LibTorch's layer norm divides by sqrt(biased variance + eps); unbiased = biased n/(n - 1), so that
  // 1/sqrt(unbiased + eps) = sqrt((n - 1)/n) / sqrt(biased + eps (n - 1)/n).
  const double ratio = static_cast<double>(channels_ - 1) / static_cast<double>(channels_);
  const at::Tensor gain = at::full({channels_}, std::sqrt(ratio), x.options());
  return at::layer_norm(x.permute({0, 2, 3, 1}), {channels_}, gain, {}, kNormEpsilon * ratio)
      .permute({0, 3, 1, 2});
}

ResidualBlock::ResidualBlock(const Sources& sources, const std::string& name, std::int64_t channels,
                             std::int64_t embedding)
    : project_(sources.exact, name + ".project.0", {channels, embedding}),
      norm_(channels),
      first_(sources.rounded, name + ".residue.1", channels, channels),
      second_(sources.rounded, name + ".residue.3", channels, channels) {}

at::Tensor ResidualBlock::shift(const at::Tensor& embedded) const {
  return linear(project_, embedded).unsqueeze(2).unsqueeze(3);
}

at::Tensor ResidualBlock::operator()(const at::Tensor& x, const at::Tensor& shift, Dropping& drop) const {
  return second_(drop(at::silu(first_(norm_(x + shift))))).to(x.scalar_type()).add_(x);
}

Attention::Attention(const TensorSource& source, const std::string& name, std::int64_t channels)
    : channels_(channels),
      norm_(channels),
      qkv_(source, name + ".qkv", {3 * channels, channels, 1}),
      out_(source, name + ".proj_out", {channels, channels, 1}) {}

at::Tensor Attention::operator()(const at::Tensor& x) const {
  const auto ny = x.size(2), nx = x.size(3);
  const at::Tensor qkv =
      pointwise(qkv_, norm_(x)).permute({0, 2, 3, 1}).flatten(1, 2);  // [window, cell, 3 channels]
  const at::Tensor query = qkv.narrow(2, 0, channels_), key = qkv.narrow(2, channels_, channels_),
                   value = qkv.narrow(2, 2 * channels_, channels_);
  const at::Tensor scores = at::bmm(query, key.transpose(1, 2)) / std::sqrt(static_cast<double>(channels_));
  const at::Tensor weights = at::softmax(scores.to(x.scalar_type()), 2).to(value.scalar_type());
  const at::Tensor attended = at::bmm(weights, value);
  return pointwise(out_, attended.reshape({-1, ny, nx, channels_}).permute({0, 3, 1, 2}))
      .to(x.scalar_type())
      .add_(x);
}

TimeEmbedding::TimeEmbedding(const TensorSource& source, std::int64_t width, bool dates)
    : first_(source, "map_layer0", {width, 2 * kTimeFrequencies}),
      second_(source, "map_layer1", {width, width}) {
  if (dates) dates_.emplace(source, "map_dates", std::vector<std::int64_t>{width, kDateLabels});
}

at::Tensor TimeEmbedding::operator()(const at::Tensor& t, const at::Tensor& labels) const {
  const at::TensorOptions exact = t.options().dtype(at::kDouble);
  const at::Tensor exponents = at::arange(kTimeFrequencies, exact) / -static_cast<double>(kTimeFrequencies);
  const at::Tensor angles = at::outer(t.to(at::kDouble), at::pow(kLongestPeriod, exponents));
  const at::Tensor features = at::cat({angles.cos(), angles.sin()}, 1).to(first_.weight.scalar_type());
  const at::Tensor of_time = linear(second_, at::silu(linear(first_, features)));
  return at::silu(dates_ ? of_time + linear(*dates_, labels) : of_time);
}

Stage::Stage(const Sources& sources, const std::string& name, std::int64_t channels, std::int64_t blocks,
             bool attends, std::int64_t embedding) {
  std::int64_t position = 0;
  const auto next = [&] { return name + "." + std::to_string(position++); };
  for (std::int64_t block = 0; block < blocks; ++block) {
    blocks_.emplace_back(sources, next(), channels, embedding);
    if (attends) attention_.emplace_back(sources.rounded, next(), channels);
  }
}

void Stage::add_terms(const at::Tensor& embedded, BlockTerms& terms) const {
  for (const ResidualBlock& block : blocks_) terms.of_block.push_back(block.shift(embedded));
}

at::Tensor Stage::operator()(at::Tensor x, const at::Tensor*& shift, Dropping& drop) const {
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    x = blocks_[i](x, *shift++, drop);
    if (!attention_.empty()) x = attention_[i](x);
  }
  return x;
}

ScoreUnetLayers::ScoreUnetLayers(const ScoreUnetArchitecture& architecture, const Sources& sources)
    : embedding_(sources.exact, architecture.embedding, architecture.dates) {
  const auto count = architecture.hidden.size();
  for (std::size_t i = 0; i < count; ++i) {
    const auto width = architecture.hidden[i], above = architecture.channels_above(i);
    const auto entering = i == 0 ? architecture.input_channels() : above;
    // The way up counts its levels from the deepest. A change of resolution is a sequence, of which the
    // convolution is the first or, after normalisation and doubling, the third element.
    const std::string level = std::to_string(i), rising = std::to_string(count - 1 - i);
    const auto stage = [&](const std::string& name) {
      return Stage(sources, name, width, architecture.blocks[i], architecture.attends(i),
                   architecture.embedding);
    };
    // At the ends lies the noise, of which nothing is to be lost.
    const TensorSource& source = i == 0 ? sources.exact : sources.rounded;
    levels_.push_back(
        {Convolution(source, "unet.heads." + level + (i == 0 ? "" : ".0"), entering, width, i == 0 ? 1 : 2),
         stage("unet.descent." + level), stage("unet.ascent." + rising), ChannelNorm(width),
         Convolution(source, "unet.tails." + rising + (i == 0 ? "" : ".2"), width, above)});
  }
}

BlockTerms ScoreUnetLayers::terms(const at::Tensor& t, const at::Tensor& labels) const {
  const at::Tensor embedded = embedding_(t, labels);
  BlockTerms terms;
  for (const Level& level : levels_) level.descent.add_terms(embedded, terms);
  for (std::size_t i = levels_.size(); i-- > 0;) levels_[i].ascent.add_terms(embedded, terms);
  return terms;
}

at::Tensor ScoreUnetLayers::operator()(const at::Tensor& noisy, const BlockTerms& terms,
                                       const Dropout* dropout) const {
  const at::ScalarType type = noisy.scalar_type();
  const at::Tensor* shift = terms.of_block.data();
  Dropping drop(dropout);
  at::Tensor x = noisy.contiguous(at::MemoryFormat::ChannelsLast);
  std::vector<at::Tensor> entering;
  for (const Level& level : levels_) {
    entering.push_back(x);
    x = level.descent(level.down(x).to(type), shift, drop);
  }
  for (std::size_t i = levels_.size() - 1; i > 0; --i) {
    x = levels_[i].norm(levels_[i].ascent(x, shift, drop));
    x = levels_[i].up(at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)})).to(type).add_(entering[i]);
    entering.pop_back();
  }
  return levels_[0].up(levels_[0].ascent(x, shift, drop));
}

std::unique_ptr<NetworkLayers> make_layers(const ScoreUnetArchitecture& architecture,
                                           const Sources& sources) {
  if (architecture.form == NetworkForm::adm) return std::make_unique<AdmLayers>(architecture, sources);
  return std::make_unique<ScoreUnetLayers>(architecture, sources);
}

}  // namespace foehn::model
