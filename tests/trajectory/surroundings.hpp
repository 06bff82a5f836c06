#pragma once

#include <cstdint>
#include <span>

#include "foehn/comm/communicator.hpp"
#include "foehn/diffusion/noise.hpp"
#include "foehn/diffusion/sampler.hpp"

namespace foehn::trajectory {

/// What a trajectory that is shared out over ranks is sampled in, to its end.
/// @param ranks       outlive it
/// @param first_hour  of this rank's slab
/// @param values      of the whole trajectory
inline diffusion::Surroundings surroundings_of(const comm::Communicator& ranks, std::int64_t first_hour,
                                               std::int64_t values) {
  diffusion::Surroundings surroundings;
  surroundings.fill_noise = [first_hour](at::Tensor& slab, std::uint32_t number) {
    diffusion::fill_noise({.seed = 5, .draw = number}, first_hour, slab);
  };
  surroundings.ordered_sum = [&ranks](std::span<const double> sums) { return ranks.ordered_sum(sums); };
  surroundings.trajectory_values = values;
  surroundings.pass_done = [](const diffusion::SamplerState&) { return true; };
  return surroundings;
}

}  // namespace foehn::trajectory
