#include "foehn/model/conditional_residual.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "foehn/core/error.hpp"

namespace foehn::model {

ConditionalResidual::ConditionalResidual(std::unique_ptr<Network> network, double sigma_data, CoarseForm form)
    : network_(std::move(network)), sigma_data_(sigma_data), form_(std::move(form)) {
  const WindowChannels& channels = network_->channels();
  const std::int64_t extra = extra_inputs(channels.window);
  if (channels.inputs != 2 || channels.extra_inputs != extra ||
      static_cast<std::int64_t>(form_.scale.size()) != channels.variables)
    throw core::Error(fmt::format(
        "a network that is given coarse fields: expected 2 inputs, {} extra inputs and a scale for each of "
        "{} "
        "variables, found {}, {} and {}",
        extra, channels.variables, channels.inputs, channels.extra_inputs, form_.scale.size()));
}

at::Tensor ConditionalResidual::guide(const CoarseFields& coarse) const {
  const auto variables = coarse.fields.size(1), ny = coarse.fields.size(2), nx = coarse.fields.size(3);
  const auto options = coarse.fields.options();
  const at::Tensor scale = at::tensor(form_.scale, at::kFloat).to(options).reshape({1, variables, 1, 1});
  const auto map_of = [&](const at::Tensor& numbers) {
    return numbers.to(options).reshape({-1, 1, 1}).expand({-1, ny, nx});
  };
  const double block = static_cast<double>(coarse.block) / static_cast<double>(form_.largest_block());
  return at::cat({(coarse.fields / scale).flatten(0, 1),
                  map_of(coarse.gaps / static_cast<double>(form_.longest_gap())),
                  map_of(at::full({1}, block, options))});
}

CoarseFields ConditionalResidual::coarse_of(std::int64_t first_hour) const {
  if (!coarse_) throw core::Error("a prior of kind conditional-residual: it was not told the coarse fields");
  const std::int64_t hours = network_->channels().window, row = first_hour - coarse_->first_hour;
  if (row < 0 || row + hours > coarse_->hours())
    throw core::Error(fmt::format("coarse fields: expected hours {} to {}, found {} to {}", first_hour,
                                  first_hour + hours - 1, coarse_->first_hour,
                                  coarse_->first_hour + coarse_->hours() - 1));
  return {first_hour, coarse_->fields.narrow(0, row, hours), coarse_->gaps.narrow(0, row, hours),
          coarse_->block};
}

ConditionalResidual::Terms ConditionalResidual::terms(const diffusion::Windows& noisy, double size) const {
  std::vector<at::Tensor> fields, guides;
  for (const std::int64_t first : noisy.first_hours) {
    const CoarseFields coarse = coarse_of(first);
    fields.push_back(coarse.fields.flatten(0, 1));
    guides.push_back(guide(coarse));
  }
  const at::ScalarType type = noisy.fields.scalar_type();
  Terms terms{noisy.fields - at::stack(fields).to(type), {}};
  terms.inputs = at::cat({terms.residual * (1 / size), at::stack(guides).to(type)}, 1);
  return terms;
}

at::Tensor ConditionalResidual::noise_estimate(const diffusion::Windows& noisy,
                                               const diffusion::NoiseLevel& level) {
  const double size = std::hypot(level.sigma, sigma_data_);
  Terms found = terms(noisy, size);
  at::Tensor answer = network_->noise_estimate({found.inputs, noisy.first_hours}, level);
  return answer.mul_(-sigma_data_ / size).add_(found.residual.mul_(level.sigma / (size * size)));
}

at::Tensor ConditionalResidual::noise_vjp(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level,
                                          const at::Tensor& cotangent) {
  const double size = std::hypot(level.sigma, sigma_data_);
  const at::Tensor gradient =
      network_->noise_vjp({terms(noisy, size).inputs, noisy.first_hours}, level, cotangent);
  return (gradient.narrow(1, 0, noisy.fields.size(1)) * (-sigma_data_ / (size * size)))
      .add_(cotangent * (level.sigma / (size * size)));
}

}  // namespace foehn::model
