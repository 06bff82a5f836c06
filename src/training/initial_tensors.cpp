#include "foehn/training/initial_tensors.hpp"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

namespace foehn::training {

Tensors initial_tensors(const model::ScoreUnetArchitecture& architecture, std::uint64_t seed) {
  const at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  const model::TensorShapes shapes = model::expected_tensors(architecture);
  const std::string last = "unet.tails." + std::to_string(architecture.hidden.size() - 1);
  // Blocks of the form adm, and what it answers, begin as nothing is added.
  const auto begins_at_zero = [&](const std::string& unit) {
    if (architecture.form == model::NetworkForm::adm)
      return unit == "leave.conv" || unit.ends_with(".conv1") || unit.ends_with(".attention.out");
    return architecture.inputs > 1 && unit == last;
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
