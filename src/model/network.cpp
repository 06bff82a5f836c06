#include "foehn/model/network.hpp"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <functional>
#include <numeric>

#include "foehn/core/error.hpp"

namespace foehn::model {

namespace {

/// How many windows to evaluate in one call of the network.
///
/// On the CPU one: SiLU rounds differently where its values do not fill a vector register, and which values
/// those are depends on where a window lies in the batch; convolutions round differently at other batch
/// sizes. Alone, a window meets the same shapes in any slot. Nothing is lost by it: convolutions of a batch
/// are no faster where the time goes, and activations are those of one window. On a GPU every value has a
/// thread of its own, and the coarse levels need the batch to fill it.
std::int64_t windows_at_once(const at::Tensor& noisy) {
  return noisy.is_cpu() ? 1 : noisy.size(0);
}

}  // namespace

std::string describe_shape(const std::vector<std::int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

void check_tensors(const TensorShapes& expected, const TensorShapes& found) {
  std::vector<std::string> problems;
  for (const auto& [name, shape] : expected) {
    const auto other = found.find(name);
    if (other == found.end())
      problems.push_back(fmt::format("'{}' is missing, expected {}", name, describe_shape(shape)));
    else if (other->second != shape)
      problems.push_back(fmt::format("'{}': expected {}, found {}", name, describe_shape(shape),
                                     describe_shape(other->second)));
  }
  for (const auto& [name, shape] : found)
    if (!expected.contains(name))
      problems.push_back(fmt::format("'{}' {} does not belong to the network", name, describe_shape(shape)));
  if (!problems.empty())
    throw core::Error(
        fmt::format("the tensors do not match the architecture: {}", fmt::join(problems, "; ")));
}

std::int64_t parameter_count(const TensorShapes& shapes) {
  std::int64_t count = 0;
  for (const auto& [name, shape] : shapes)
    count += std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
  return count;
}

std::map<std::string, at::Tensor> random_tensors(const TensorShapes& shapes, std::uint64_t seed) {
  const at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  std::map<std::string, at::Tensor> tensors;
  for (const auto& [name, shape] : shapes) {
    at::Tensor tensor = at::empty(shape, at::kFloat);
    // Outputs of about the inputs' size, whatever the width.
    const auto inputs = shape.size() == 1 ? shape[0] : tensor.numel() / shape[0];
    tensors[name] = tensor.normal_(0, 1 / std::sqrt(static_cast<double>(inputs)), generator);
  }
  return tensors;
}

at::Tensor Network::labels(const std::vector<std::int64_t>& first_hours) const {
  if (!channels_.dates) return {};
  if (!clock_) throw core::Error("a network that knows dates: it was not told when the trajectory begins");
  return date_labels(*clock_, first_hours, channels_.window).to(options_);
}

void Network::set_static_fields(const at::Tensor& fields) {
  const auto expected = static_cast<std::int64_t>(channels_.static_fields.size());
  if (fields.dim() != 3 || fields.size(0) != expected)
    throw core::Error(fmt::format("static fields: expected {} ({}), found {}", expected,
                                  fmt::join(channels_.static_fields, ", "),
                                  describe_shape(fields.sizes().vec())));
  static_fields_ = fields.to(options_);
}

at::Tensor Network::complete(const at::Tensor& given) const {
  if (channels_.static_fields.empty() || given.size(1) == channels_.input_channels()) return given;
  if (!static_fields_.defined())
    throw core::Error("a network that knows static fields: it was not told these");
  return at::cat({given, static_fields_.unsqueeze(0).expand({given.size(0), -1, -1, -1})}, 1);
}

at::Tensor Network::forward(const at::Tensor& noisy, const at::Tensor& t, const at::Tensor& labels) const {
  return compute(complete(noisy), t, labels, precision_, nullptr);
}

at::Tensor Network::forward(const at::Tensor& noisy, const at::Tensor& t, const at::Tensor& labels,
                            Precision precision, const Dropout* dropout) const {
  return compute(complete(noisy), t, labels, precision, dropout);
}

at::Tensor Network::compute_at(const at::Tensor& complete, const diffusion::NoiseLevel& level,
                               const at::Tensor& labels) {
  return compute(complete, at::full({1}, level.t, options_.dtype(at::kDouble)), labels, precision_, nullptr);
}

bool Network::needs_full_batches() const {
  return !options_.device().is_cpu();
}

void Network::check_fields(const at::Tensor& fields) const {
  if (!tiling_) {
    check_shape(fields);
    return;
  }
  if (fields.dim() != 4 || fields.size(2) != tiling_->ny() || fields.size(3) != tiling_->nx())
    throw core::Error(
        fmt::format("a network that sees tiles of a domain: expected fields of {} x {} cells, found {}",
                    tiling_->ny(), tiling_->nx(), describe_shape(fields.sizes().vec())));
  check_shape(tiling_->cut(fields.narrow(0, 0, 1), 0));
}

template <class Use>
void Network::for_each_part(at::Tensor sum, Use&& use) const {
  if (!tiling_) {
    sum.copy_(use([](const at::Tensor& fields) { return fields; }, at::ones({}, options_)));
    return;
  }
  for (std::size_t tile = 0; tile < tiling_->size(); ++tile)
    tiling_->add(use([&](const at::Tensor& fields) { return tiling_->cut(fields, tile); },
                     tiling_->weights(tile).to(options_)),
                 tile, sum);
}

at::Tensor Network::noise_estimate(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level) {
  const at::Tensor& fields = noisy.fields;
  check_fields(fields);
  const at::NoGradGuard no_gradients;
  const ConvolutionArithmetic arithmetic(precision_);
  at::Tensor eps =
      at::zeros({fields.size(0), channels_.channels(), fields.size(2), fields.size(3)}, fields.options());
  const auto some = windows_at_once(fields);
  const at::Tensor dates = labels(noisy.first_hours);
  for (std::int64_t first = 0; first < fields.size(0); first += some) {
    const at::Tensor of_these = dates.defined() ? dates.narrow(0, first, some) : dates;
    const at::Tensor given = complete(fields.narrow(0, first, some).to(options_));
    for_each_part(eps.narrow(0, first, some), [&](const auto& cut, const at::Tensor& weights) {
      return compute_at(cut(given), level, of_these) * weights;
    });
  }
  return eps;
}

at::Tensor Network::noise_vjp(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level,
                              const at::Tensor& cotangent) {
  const at::Tensor& fields = noisy.fields;
  check_fields(fields);
  auto expected = fields.sizes().vec();
  expected[1] = channels_.channels();
  if (cotangent.sizes() != at::IntArrayRef(expected))
    throw core::Error(fmt::format("the cotangent's shape: expected {}, found {}", describe_shape(expected),
                                  describe_shape(cotangent.sizes().vec())));
  const ConvolutionArithmetic arithmetic(precision_);
  at::Tensor product = at::zeros_like(fields, at::MemoryFormat::Contiguous);
  const auto some = windows_at_once(fields);
  const at::Tensor dates = labels(noisy.first_hours);
  for (std::int64_t first = 0; first < fields.size(0); first += some) {
    const at::Tensor of_these = dates.defined() ? dates.narrow(0, first, some) : dates;
    const at::Tensor given = complete(fields.narrow(0, first, some).to(options_)),
                     asked = cotangent.narrow(0, first, some).to(options_);
    for_each_part(product.narrow(0, first, some), [&](const auto& cut, const at::Tensor& weights) {
      const at::AutoGradMode gradients(true);
      const at::Tensor part = cut(given).detach().requires_grad_();
      const auto gradient =
          torch::autograd::grad({compute_at(part, level, of_these)}, {part}, {cut(asked) * weights});
      return gradient[0].detach().narrow(1, 0, fields.size(1));
    });
  }
  return product;
}

}  // namespace foehn::model
