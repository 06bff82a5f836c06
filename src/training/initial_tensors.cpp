#include "foehn/training/initial_tensors.hpp"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cmath>
#include <string>
#include <variant>

namespace foehn::training {

namespace {

/// What a network answers by, but for one of the form adm.
std::string last_unit(const model::NetworkArchitecture& architecture) {
  const auto* unet = std::get_if<model::ScoreUnetArchitecture>(&architecture);
  return unet == nullptr ? "last" : "unet.tails." + std::to_string(unet->hidden.size() - 1);
}

/// Whether a unit is what a norm of a graph transformer makes of the noise level.
bool is_of_norm(const std::string& unit) {
  return unit.ends_with("norm.scale") || unit.ends_with("norm.shift");
}

}  // namespace

Tensors initial_tensors(const model::NetworkArchitecture& architecture, std::uint64_t seed) {
  const at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  const model::TensorShapes shapes = model::expected_tensors(architecture);
  const bool corrects = model::channels_of(architecture).inputs > 1;
  // Blocks of the form adm, and what it answers, begin as nothing is added; norms of a graph transformer
  // neither scale nor shift.
  const auto begins_at_zero = [&](const std::string& unit) {
    const auto* unet = std::get_if<model::ScoreUnetArchitecture>(&architecture);
    if (unet != nullptr && unet->form == model::NetworkForm::adm)
      return unit == "leave.conv" || unit.ends_with(".conv1") || unit.ends_with(".attention.out");
    return (unet == nullptr && is_of_norm(unit)) || (unit == last_unit(architecture) && corrects);
  };
  Tensors tensors;
  for (const auto& [name, shape] : shapes) {
    const std::string unit = name.substr(0, name.rfind('.'));
    const auto& weight = shapes.at(unit + ".weight");
    if (weight.size() == 1) {  // a normalisation's
      tensors[name] = at::full(shape, name.ends_with(".weight") ? 1 : 0, at::kFloat);
      continue;
    }
    double inputs = 1;
    for (std::size_t i = 1; i < weight.size(); ++i) inputs *= static_cast<double>(weight[i]);
    const double bound = begins_at_zero(unit) ? 0 : 1 / std::sqrt(inputs);
    tensors[name] = at::empty(shape, at::kFloat).uniform_(-bound, bound, generator);
  }
  return tensors;
}

}  // namespace foehn::training
