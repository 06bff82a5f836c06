#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "foehn/diffusion/noise_level.hpp"
#include "foehn/diffusion/window_denoiser.hpp"
#include "foehn/model/precision.hpp"
#include "foehn/model/prior_bundle.hpp"

namespace foehn::bench {

/// What `foehn bench` times.
struct Subject {
  std::string name;
  std::shared_ptr<diffusion::WindowDenoiser> denoiser;
  std::shared_ptr<diffusion::WindowDenoiser> gaussian;  ///< as PriorBundle's
  diffusion::Schedule schedule;
  std::int64_t markov_order = 0, gaussian_order = 0;
  std::vector<std::int64_t> hour;  ///< shape of an hour: variables, ny, nx
  std::int64_t step_seconds = 3600;
  std::optional<double>
      operations;  ///< floating-point, per window's estimate; known for score networks alone

  /// Shape of a window: channels, ny, nx.
  std::vector<std::int64_t> window() const { return {(2 * markov_order + 1) * hour[0], hour[1], hour[2]}; }
};

/// A network of Climate2Weather's size with random weights.
Subject full_network(const at::TensorOptions& tensors, model::Precision precision);

/// @throws core::UsageError if the prior has no network that could compute in its precision
Subject subject_of(const std::string& path, model::PriorBundle prior);

}  // namespace foehn::bench
