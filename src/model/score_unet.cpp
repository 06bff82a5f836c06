#include "foehn/model/score_unet.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

#include "foehn/core/error.hpp"
#include "model/adm_layers.hpp"
#include "model/architecture.hpp"
#include "model/score_unet_layers.hpp"

namespace foehn::model {

namespace {

// Bounds that keep an architecture read from a file from asking for absurd numbers of tensors.
constexpr std::int64_t kMostLevels = 12, kMostBlocks = 100;

/// What the form adm asks for beside what any network does.
void check_adm(const ScoreUnetArchitecture& architecture) {
  if (architecture.hidden.front() % 2 != 0)
    throw core::Error(fmt::format("architecture: hidden: expected an even number first, found {}",
                                  architecture.hidden.front()));
  // Without blocks in the deepest level its width is that of the level above, which the checks below do not
  // see.
  if (architecture.hidden.size() > 1)
    check_range("blocks of the deepest level", architecture.blocks.back(), 1, kMostBlocks);
  for (std::size_t i = 0; i < architecture.hidden.size(); ++i) {
    const std::int64_t width = architecture.hidden[i];
    const bool attends = architecture.attends(i) || i + 1 == architecture.hidden.size();
    if (attends && width > kHeadChannels && width % kHeadChannels != 0)
      throw core::Error(
          fmt::format("architecture: hidden: expected a multiple of {} at level {}, which attends, found {}",
                      kHeadChannels, i, width));
  }
}

}  // namespace

bool ScoreUnetArchitecture::attends(std::size_t level) const {
  return std::find(attention.begin(), attention.end(), static_cast<std::int64_t>(level)) != attention.end();
}

void check_architecture(const ScoreUnetArchitecture& architecture) {
  check_range("window", architecture.window, 1, kWidest);
  if (architecture.window % 2 == 0)
    throw core::Error(
        fmt::format("architecture: window: expected an odd number, found {}", architecture.window));
  check_range("number of variables", architecture.variables, 1, kWidest);
  check_range("inputs", architecture.inputs, 1, 2);
  check_range("extra_inputs", architecture.extra_inputs, 0, kWidest);
  check_range("embedding", architecture.embedding, 1, kWidest);
  const auto levels = static_cast<std::int64_t>(architecture.hidden.size());
  check_range("number of levels in hidden", levels, 1, kMostLevels);
  if (architecture.blocks.size() != architecture.hidden.size())
    throw core::Error(fmt::format("architecture: blocks: expected one number per level, {}, found {}", levels,
                                  architecture.blocks.size()));
  // A single channel has no variance to normalise by.
  for (const auto width : architecture.hidden) check_range("hidden", width, 2, kWidest);
  for (const auto blocks : architecture.blocks) check_range("blocks", blocks, 0, kMostBlocks);
  for (const auto level : architecture.attention) check_range("attention", level, 0, levels - 1);
  if (architecture.form == NetworkForm::adm) check_adm(architecture);
}

TensorShapes expected_tensors(const ScoreUnetArchitecture& architecture) {
  check_architecture(architecture);
  return shapes_asked_for([&](const TensorSource& source) { make_layers(architecture, {source, source}); });
}

void check_tensors(const ScoreUnetArchitecture& architecture, const TensorShapes& found) {
  check_tensors(expected_tensors(architecture), found);
}

std::int64_t parameter_count(const ScoreUnetArchitecture& architecture) {
  return parameter_count(expected_tensors(architecture));
}

namespace {

/// As window_flops, of the form adm: a tensor's name says at which level its product is taken.
std::int64_t adm_window_flops(const ScoreUnetArchitecture& architecture, std::int64_t ny, std::int64_t nx) {
  const std::size_t deepest = architecture.hidden.size() - 1;
  const auto level_of = [&](const std::string& name) -> std::size_t {
    if (name.starts_with("middle.")) return deepest;
    const bool has_level = name.starts_with("down.") || name.starts_with("up.");
    const std::size_t level = has_level ? std::stoul(name.substr(name.find('.') + 1)) : 0;
    return name.find(".double.") != std::string::npos ? level - 1 : level;
  };
  std::int64_t products = 0;
  for (const auto& [name, shape] : expected_tensors(architecture)) {
    if (shape.size() < 2) continue;
    const auto size = std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
    const std::int64_t cells = (ny >> level_of(name)) * (nx >> level_of(name));
    products += shape.size() == 2 ? size : size * cells;
    if (name.ends_with(".attention.qkv.weight")) products += 2 * cells * cells * shape[1];
  }
  return 2 * products;
}

}  // namespace

std::int64_t window_flops(const ScoreUnetArchitecture& architecture, std::int64_t ny, std::int64_t nx) {
  if (architecture.form == NetworkForm::adm) return adm_window_flops(architecture, ny, nx);
  constexpr std::int64_t kKernel = 9;
  const auto embedding = architecture.embedding;
  std::int64_t products = 0;
  for (const auto& [name, shape] : expected_tensors(architecture))
    if (name.starts_with("map_") && shape.size() == 2) products += shape[0] * shape[1];
  for (std::size_t i = 0; i < architecture.hidden.size(); ++i) {
    const auto width = architecture.hidden[i], above = architecture.channels_above(i);
    const std::int64_t cells = (ny >> i) * (nx >> i);
    const std::int64_t cells_above = i == 0 ? cells : (ny >> (i - 1)) * (nx >> (i - 1));
    std::int64_t block = embedding * width + 2 * kKernel * width * width * cells;
    if (architecture.attends(i)) block += 4 * width * width * cells + 2 * cells * cells * width;
    products +=
        2 * architecture.blocks[i] * block +
        kKernel * width * ((i == 0 ? architecture.input_channels() : above) * cells + above * cells_above);
  }
  return 2 * products;
}

std::map<std::string, at::Tensor> random_tensors(const ScoreUnetArchitecture& architecture,
                                                 std::uint64_t seed) {
  return random_tensors(expected_tensors(architecture), seed);
}

struct ScoreUnet::LevelTerms {
  double t = 0;
  BlockTerms terms;
};

ScoreUnet::ScoreUnet(const ScoreUnetArchitecture& architecture,
                     const std::map<std::string, at::Tensor>& tensors, const at::TensorOptions& options,
                     Precision precision)
    : Network(architecture.window_channels(), options, precision), architecture_(architecture) {
  TensorShapes shapes;
  for (const auto& [name, tensor] : tensors) shapes[name] = tensor.sizes().vec();
  check_tensors(architecture, shapes);
  for (const auto& [name, tensor] : tensors) {
    const auto format = tensor.dim() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
    own_tensors()[name] = tensor.to(options).contiguous(format);
  }
  layers_ = layers_in(precision);
  if (precision == Precision::bf16) own_tensors().clear();  // the layers have rounded ones of their own
}

ScoreUnet::~ScoreUnet() = default;

std::unique_ptr<NetworkLayers> ScoreUnet::layers_in(Precision precision) const {
  const TensorSource exact = [this](const std::string& name, const auto&) { return tensors().at(name); };
  if (precision != Precision::bf16) return make_layers(architecture_, {exact, exact});
  return make_layers(architecture_, {exact, [this](const std::string& name, const auto&) {
                                       return tensors().at(name).to(at::kBFloat16);
                                     }});
}

at::Tensor ScoreUnet::compute(const at::Tensor& complete, const at::Tensor& t, const at::Tensor& labels,
                              Precision asked, const Dropout* dropout) const {
  const std::unique_ptr<NetworkLayers> other = asked == precision() ? nullptr : layers_in(asked);
  const NetworkLayers& layers = other ? *other : *layers_;
  return layers(complete, layers.terms(t, labels), dropout);
}

at::Tensor ScoreUnet::compute_at(const at::Tensor& complete, const diffusion::NoiseLevel& level,
                                 const at::Tensor& labels) {
  // What dates say differs from window to window, and costs little.
  if (labels.defined() || !terms_ || terms_->t != level.t) {
    const at::NoGradGuard no_gradients;
    const at::Tensor t = at::full({1}, level.t, options().dtype(at::kDouble));
    terms_ = std::make_unique<LevelTerms>(LevelTerms{level.t, layers_->terms(t, labels)});
  }
  return (*layers_)(complete, terms_->terms, nullptr);
}

void ScoreUnet::check_shape(const at::Tensor& noisy) const {
  const auto multiple = architecture_.side_multiple();
  if (noisy.dim() != 4 || noisy.size(1) != architecture_.given_channels() || noisy.size(2) % multiple != 0 ||
      noisy.size(3) % multiple != 0)
    throw core::Error(fmt::format(
        "the score network expects windows of {} channels (hour, variable) and sides that are multiples of "
        "{}, found {}",
        architecture_.given_channels(), multiple, describe_shape(noisy.sizes().vec())));
}

}  // namespace foehn::model

namespace foehn::core {

template <>
const std::vector<Named<model::NetworkForm>>& names_of() {
  using enum model::NetworkForm;
  static const std::vector<Named<model::NetworkForm>> all{{climate2weather, "climate2weather"}, {adm, "adm"}};
  return all;
}

}  // namespace foehn::core
