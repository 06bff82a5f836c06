#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "foehn/diffusion/noise_level.hpp"
#include "foehn/diffusion/sampler.hpp"
#include "foehn/observation/slab_observations.hpp"

namespace foehn::diffusion {

/// y - A x_hat, x_hat = (x - sigma eps)/mu.
at::Tensor misfit(const observation::SlabObservations& set, const at::Tensor& noisy, const at::Tensor& eps,
                  const NoiseLevel& level);

/// The sets' parts of a vector of observation space, [value], each [observation, variable, Y, X].
std::vector<at::Tensor> parts_of(const at::Tensor& vector, const observation::Observations& observations);

/// A vector of observation space, float64, from what each set gives: [observation, variable, Y, X], or what
/// can be expanded to it.
template <class Give>
at::Tensor vector_of(const observation::Observations& observations, const at::Device& device, Give&& give) {
  std::int64_t size = 0;
  for (const observation::SlabObservations& set : observations) size += set.values().numel();
  at::Tensor vector = at::empty({size}, at::TensorOptions(at::kDouble).device(device));
  std::vector<at::Tensor> parts = parts_of(vector, observations);
  for (std::size_t s = 0; s < parts.size(); ++s) parts[s].copy_(give(observations[s]));
  return vector;
}

/// The inner product of two vectors of observation space: of each observation in order of its values, then in
/// order of sets and observations, so that its bits depend on neither ranks nor device.
/// @note Collective over the team.
double inner_product(const at::Tensor& x, const at::Tensor& y, const observation::Observations& observations,
                     const OrderedSum& ordered_sum);

}  // namespace foehn::diffusion
