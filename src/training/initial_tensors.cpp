#include "foehn/training/initial_tensors.hpp"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

namespace foehn::training {

Tensors initial_tensors(const model::ScoreUnetArchitecture& architecture, std::uint64_t seed) {
  const at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  const model::TensorShapes shapes = model::expected_tensors(architecture);
  const std::string last = "unet.tails." + std::to_string(architecture.hidden.size() - 1);
  Tensors tensors;
  for (const auto& [name, shape] : shapes) {
    const std::string unit = name.substr(0, name.rfind('.'));
    const auto& weight = shapes.at(unit + ".weight");
    double inputs = 1;
    for (std::size_t i = 1; i < weight.size(); ++i) inputs *= static_cast<double>(weight[i]);
    const double bound = architecture.inputs > 1 && unit == last ? 0 : 1 / std::sqrt(inputs);
    tensors[name] = at::empty(shape, at::kFloat).uniform_(-bound, bound, generator);
  }
  return tensors;
}

}  // namespace foehn::training
