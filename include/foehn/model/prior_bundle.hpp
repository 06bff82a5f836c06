#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "foehn/diffusion/noise_level.hpp"
#include "foehn/diffusion/window_denoiser.hpp"
#include "foehn/model/domain.hpp"
#include "foehn/model/score_unet.hpp"

namespace foehn::model {

/// A prior as it lies on disk: a folder with `weights.safetensors` and `domain.nc` (src/README.md, "Files").
struct PriorBundle {
  std::string kind;  ///< "gaussian", "score-unet" or "gaussian-preconditioned"
  Domain domain;
  std::int64_t markov_order = 0;
  diffusion::VpCosine schedule;
  std::unique_ptr<diffusion::WindowDenoiser> denoiser;  ///< of windows of 2 markov_order + 1 hours
  /// The Gaussian part of `denoiser`, which owns it: of the same windows, with a Jacobian that is closed
  /// form. `denoiser` itself where it is Gaussian, null for a score-unet.
  diffusion::WindowDenoiser* gaussian = nullptr;
};

/// What a prior is, without its weights: cheap to read, enough to check inputs against.
struct PriorDescription {
  std::string kind;
  Domain domain;
  std::int64_t markov_order = 0;
  diffusion::VpCosine schedule;
  std::optional<ScoreUnetArchitecture> network;  ///< of all kinds but gaussian

  /// Is the prior, or a part of it, Gaussian?
  bool has_gaussian() const { return !network || network->inputs == 2; }
};

/// @throws core::Error naming the file and what is missing or wrong
PriorDescription describe_prior(const std::filesystem::path& folder);

/// SHA-256 over both files of a prior.
std::string prior_digest(const std::filesystem::path& folder);

/// Weights of a score network may be of any floating type; it computes in the type of `options`.
///
/// @param options  type and device of the fields to come
/// @throws core::Error naming the file and what is missing or wrong: a kind that is not known, an
/// architecture that does not match tensors or domain
PriorBundle load_prior(const std::filesystem::path& folder, const at::TensorOptions& options);

/// Writes a Gaussian prior; the folder is made where it is absent.
/// @param lag_covariance  as in GaussianPrior
void save_gaussian_prior(const std::filesystem::path& folder, const Domain& domain,
                         const at::Tensor& lag_covariance, const diffusion::VpCosine& schedule);

/// A Gaussian prior as it was saved.
struct GaussianBundle {
  Domain domain;
  at::Tensor lag_covariance;  ///< as in GaussianPrior
  diffusion::VpCosine schedule;
};

/// @throws core::Error naming the file and what is missing or wrong
GaussianBundle load_gaussian_prior(const std::filesystem::path& folder);

/// A network to save as a prior.
struct NetworkPrior {
  ScoreUnetArchitecture architecture;
  std::map<std::string, at::Tensor> tensors;  ///< as expected_tensors
  at::Tensor lag_covariance;  ///< of the Gaussian prior that it corrects, as in GaussianPrior; undefined: a
                              ///< score-unet
  bool as_float16 = false;    ///< the network's tensors, to save space
  std::map<std::string, std::string> remarks;  ///< more metadata: recipe, attribution, scores
};

/// Writes a prior with a network; the folder is made where it is absent.
void save_network_prior(const std::filesystem::path& folder, const Domain& domain, const NetworkPrior& prior,
                        const diffusion::VpCosine& schedule);

}  // namespace foehn::model
