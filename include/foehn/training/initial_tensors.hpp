#pragma once

#include <cstdint>

#include "foehn/model/network_architecture.hpp"
#include "foehn/training/training_state.hpp"

namespace foehn::training {

/// What a training starts from: weights and biases uniform in +-1/sqrt(inputs of a unit), PyTorch's default,
/// which is Climate2Weather's. The last convolution of a network that corrects another prior is 0, so that it
/// starts as that one. A graph transformer starts with norms that neither scale nor shift.
Tensors initial_tensors(const model::NetworkArchitecture& architecture, std::uint64_t seed);

}  // namespace foehn::training
