#include "model/adm_layers.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace foehn::model {

namespace {

constexpr double kGroupEpsilon = 1e-5;
constexpr std::int64_t kMostGroups = 32, kFewestChannelsOfGroup = 4;
constexpr double kLongestPeriodOfFeatures = 10000;

at::Tensor resampled(const at::Tensor& x, Resampling resampling) {
  switch (resampling) {
    case Resampling::halving:
      return at::avg_pool2d(x, 2);
    case Resampling::doubling:
      return at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)});
    case Resampling::none:
      break;
  }
  return x;
}

}  // namespace

GroupNorm::GroupNorm(const TensorSource& source, const std::string& name, std::int64_t channels)
    : groups_(std::clamp<std::int64_t>(channels / kFewestChannelsOfGroup, 1, kMostGroups)),
      gain_(source(name + ".weight", {channels})),
      bias_(source(name + ".bias", {channels})) {
  while (channels % groups_ != 0) --groups_;
}

at::Tensor GroupNorm::operator()(const at::Tensor& x) const {
  return at::group_norm(x, groups_, gain_, bias_, kGroupEpsilon);
}

MultiHeadAttention::MultiHeadAttention(const Sources& sources, const std::string& name, std::int64_t channels)
    : channels_(channels),
      heads_(std::max<std::int64_t>(1, channels / kHeadChannels)),
      norm_(sources.exact, name + ".norm", channels),
      qkv_(sources.rounded, name + ".qkv", {3 * channels, channels, 1}),
      out_(sources.rounded, name + ".out", {channels, channels, 1}) {}

at::Tensor MultiHeadAttention::operator()(const at::Tensor& x) const {
  const auto windows = x.size(0), ny = x.size(2), nx = x.size(3), width = channels_ / heads_;
  // [window and head, cell, channel] of q, k and v.
  const at::Tensor qkv = pointwise(qkv_, norm_(x))
                             .reshape({windows, 3, heads_, width, ny * nx})
                             .permute({1, 0, 2, 4, 3})
                             .flatten(1, 2);
  const at::Tensor scores = at::bmm(qkv[0], qkv[1].transpose(1, 2)) / std::sqrt(static_cast<double>(width));
  const at::Tensor weights = at::softmax(scores.to(x.scalar_type()), 2).to(qkv.scalar_type());
  const at::Tensor attended = at::bmm(weights, qkv[2])
                                  .reshape({windows, heads_, ny, nx, width})
                                  .permute({0, 1, 4, 2, 3})
                                  .reshape({windows, channels_, ny, nx});
  return pointwise(out_, attended).to(x.scalar_type()).add_(x);
}

AdmBlock::AdmBlock(const Sources& sources, const std::string& name, const Shape& shape)
    : resampling_(shape.resampling),
      first_norm_(sources.exact, name + ".norm0", shape.input),
      second_norm_(sources.exact, name + ".norm1", shape.output),
      first_(sources.rounded, name + ".conv0", shape.input, shape.output),
      second_(sources.rounded, name + ".conv1", shape.output, shape.output),
      affine_(sources.exact, name + ".affine", {2 * shape.output, shape.embedding}) {
  if (shape.input != shape.output)
    skip_.emplace(sources.rounded, name + ".skip", std::vector<std::int64_t>{shape.output, shape.input, 1});
  if (shape.attends) attention_.emplace(sources, name + ".attention", shape.output);
}

at::Tensor AdmBlock::term(const at::Tensor& embedded) const {
  return at::linear(embedded, affine_.weight, affine_.bias).unsqueeze(2).unsqueeze(3);
}

at::Tensor AdmBlock::operator()(const at::Tensor& x, const at::Tensor& term, Dropping& drop) const {
  const at::ScalarType type = x.scalar_type();
  const auto scale_and_shift = term.chunk(2, 1);
  const at::Tensor entered = first_(resampled(at::silu(first_norm_(x)), resampling_)).to(type);
  const at::Tensor scaled = second_norm_(entered) * (1 + scale_and_shift[0]) + scale_and_shift[1];
  const at::Tensor kept = resampled(x, resampling_);
  at::Tensor sum =
      second_(drop(at::silu(scaled))).to(type) + (skip_ ? pointwise(*skip_, kept).to(type) : kept);
  return attention_ ? (*attention_)(sum) : sum;
}

AdmLayers::AdmLayers(const ScoreUnetArchitecture& architecture, const Sources& sources)
    : features_(architecture.hidden.front()),
      first_embedding_(sources.exact, "embed.0", {architecture.embedding, features_}),
      second_embedding_(sources.exact, "embed.1", {architecture.embedding, architecture.embedding}),
      // At the ends lies the noise, of which nothing is to be lost.
      enter_(sources.exact, "enter", architecture.input_channels(), architecture.hidden.front()),
      norm_(sources.exact, "leave.norm", architecture.hidden.front()),
      leave_(sources.exact, "leave.conv", architecture.hidden.front(), architecture.channels()) {
  const std::vector<std::int64_t>& hidden = architecture.hidden;
  if (architecture.dates)
    of_dates_ = sources.exact("embed.dates.weight", {architecture.embedding, kDateLabels});
  const auto block = [&](const std::string& name, std::int64_t input, std::int64_t output, bool attends,
                         Resampling resampling = Resampling::none) {
    return AdmBlock(sources, name, {input, output, architecture.embedding, attends, resampling});
  };
  std::vector<std::int64_t> left{hidden.front()};  // channels of what the way down leaves
  std::int64_t width = hidden.front();
  for (std::size_t i = 0; i < hidden.size(); ++i) {
    const std::string level = "down." + std::to_string(i) + ".";
    Level& made = levels_.emplace_back();
    if (i > 0) {
      made.descent.push_back(block(level + "halve", width, width, false, Resampling::halving));
      left.push_back(width);
    }
    for (std::int64_t j = 0; j < architecture.blocks[i]; ++j) {
      made.descent.push_back(block(level + std::to_string(j), width, hidden[i], architecture.attends(i)));
      width = hidden[i];
      left.push_back(width);
    }
  }
  middle_.push_back(block("middle.0", width, width, true));
  middle_.push_back(block("middle.1", width, width, false));
  for (std::size_t i = hidden.size(); i-- > 0;) {
    const std::string level = "up." + std::to_string(i) + ".";
    const std::int64_t beside = architecture.blocks[i] + 1;
    for (std::int64_t j = 0; j < beside; ++j) {
      levels_[i].ascent.push_back(
          block(level + std::to_string(j), width + left.back(), hidden[i], architecture.attends(i)));
      width = hidden[i];
      left.pop_back();
    }
    if (i > 0)
      levels_[i].ascent.push_back(block(level + "double", width, width, false, Resampling::doubling));
  }
}

template <class Use>
void AdmLayers::for_each_block(Use&& use) const {
  for (const Level& level : levels_)
    for (const AdmBlock& block : level.descent) use(block);
  for (const AdmBlock& block : middle_) use(block);
  for (std::size_t i = levels_.size(); i-- > 0;)
    for (const AdmBlock& block : levels_[i].ascent) use(block);
}

BlockTerms AdmLayers::terms(const at::Tensor& t, const at::Tensor& labels) const {
  const at::TensorOptions exact = t.options().dtype(at::kDouble);
  const std::int64_t frequencies = features_ / 2;
  const at::Tensor exponents = at::arange(frequencies, exact) / -static_cast<double>(frequencies);
  const at::Tensor angles = at::outer(t.to(at::kDouble), at::pow(kLongestPeriodOfFeatures, exponents));
  const at::Tensor features =
      at::cat({angles.cos(), angles.sin()}, 1).to(first_embedding_.weight.scalar_type());
  const auto linear = [](const Parameters& parameters, const at::Tensor& x) {
    return at::linear(x, parameters.weight, parameters.bias);
  };
  at::Tensor embedded = linear(second_embedding_, at::silu(linear(first_embedding_, features)));
  if (of_dates_.defined()) embedded = embedded + at::linear(labels, of_dates_);
  embedded = at::silu(embedded);
  BlockTerms terms;
  for_each_block([&](const AdmBlock& block) { terms.of_block.push_back(block.term(embedded)); });
  return terms;
}

at::Tensor AdmLayers::operator()(const at::Tensor& noisy, const BlockTerms& terms,
                                 const Dropout* dropout) const {
  const at::ScalarType type = noisy.scalar_type();
  const at::Tensor* term = terms.of_block.data();
  Dropping drop(dropout);
  at::Tensor x = enter_(noisy.contiguous(at::MemoryFormat::ChannelsLast)).to(type);
  std::vector<at::Tensor> left{x};
  for (const Level& level : levels_)
    for (const AdmBlock& block : level.descent) {
      x = block(x, *term++, drop);
      left.push_back(x);
    }
  for (const AdmBlock& block : middle_) x = block(x, *term++, drop);
  for (std::size_t i = levels_.size(); i-- > 0;) {
    const std::vector<AdmBlock>& blocks = levels_[i].ascent;
    const std::size_t beside = i > 0 ? blocks.size() - 1 : blocks.size();
    for (std::size_t j = 0; j < blocks.size(); ++j) {
      if (j < beside) {
        x = at::cat({x, left.back()}, 1);
        left.pop_back();
      }
      x = blocks[j](x, *term++, drop);
    }
  }
  return leave_(at::silu(norm_(x)));
}

}  // namespace foehn::model
