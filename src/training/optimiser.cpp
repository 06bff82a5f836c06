#include "training/optimiser.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace foehn::training {

namespace {

constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kEpsilon = 1e-8;

}  // namespace

double learning_rate(const TrainingOptions& options, const Stage& stage, std::int64_t steps_done) {
  const auto n = static_cast<double>(steps_done);
  const double done = (n - 1) / static_cast<double>(stage.steps);
  const double left = options.decay == Decay::linear ? 1 - done : (1 + std::cos(std::numbers::pi * done)) / 2;
  const double risen = options.warm_up > 0 ? std::min(1.0, n / static_cast<double>(options.warm_up)) : 1;
  return stage.learning_rate * left * risen;
}

at::Tensor pack(Tensors& tensors, at::Device device) {
  const at::NoGradGuard no_gradients;
  std::vector<at::Tensor> parts;
  for (const auto& [name, tensor] : tensors) parts.push_back(tensor.flatten().to(device, at::kFloat));
  const at::Tensor packed = at::cat(parts);
  std::int64_t offset = 0;
  for (auto& [name, tensor] : tensors) {
    const auto count = tensor.numel();
    tensor = packed.narrow(0, offset, count).view(tensor.sizes());
    offset += count;
  }
  return packed;
}

Optimiser::Optimiser(TrainingState& state, const TrainingOptions& options, at::Device device)
    : options_(options),
      parameters_(pack(state.parameters, device)),
      average_(pack(state.average, device)),
      first_(pack(state.first, device)),
      second_(pack(state.second, device)) {}

void Optimiser::step(const at::Tensor& gradient, const Stage& stage, std::int64_t steps_done) {
  const at::NoGradGuard no_gradients;
  const auto n = static_cast<double>(steps_done);
  const double rate = learning_rate(options_, stage, steps_done);
  const double decay = std::min(options_.average_decay, (1 + n) / (10 + n));
  first_.mul_(kBeta1).add_(gradient, 1 - kBeta1);
  second_.mul_(kBeta2).addcmul_(gradient, gradient, 1 - kBeta2);
  parameters_.mul_(1 - rate * options_.weight_decay);
  const at::Tensor denominator = (second_ / (1 - std::pow(kBeta2, n))).sqrt_().add_(kEpsilon);
  parameters_.addcdiv_(first_, denominator, -rate / (1 - std::pow(kBeta1, n)));
  average_.mul_(decay).add_(parameters_, 1 - decay);
}

}  // namespace foehn::training
