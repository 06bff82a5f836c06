#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "foehn/diffusion/noise_level.hpp"
#include "foehn/diffusion/window_denoiser.hpp"
#include "foehn/model/coarse_fields.hpp"
#include "foehn/model/conditional_residual.hpp"
#include "foehn/model/domain.hpp"
#include "foehn/model/gaussian_part.hpp"
#include "foehn/model/network_architecture.hpp"
#include "foehn/model/precision.hpp"

namespace foehn::io {
class SafetensorsFile;
}

namespace foehn::model {

/// What a prior is, without its weights: enough to check inputs against.
struct PriorDescription {
  /// "gaussian", "score-unet", "gaussian-preconditioned", "conditional-residual" or "graph-transformer"
  std::string kind;
  Domain domain;
  std::int64_t markov_order = 0;
  diffusion::Schedule schedule;
  std::optional<NetworkArchitecture> network;  ///< of all kinds but gaussian
  std::optional<std::int64_t> gaussian_order;  ///< Markov order of its Gaussian part, if it has one
  std::optional<CoarseForm> coarse;            ///< which coarse fields it must be given, if any
  std::string digest;  ///< SHA-256 over both files, and over those of a Gaussian part that is lent to it
};

/// @throws core::UsageError if the prior has no network that could compute in this arithmetic
void check_precision(Precision precision, const PriorDescription& prior);

/// A prior that is ready to use.
struct PriorBundle {
  PriorDescription description;
  std::shared_ptr<diffusion::WindowDenoiser> denoiser;  ///< of windows of 2 markov_order + 1 hours
  /// The prior's Gaussian part, whose Jacobian is closed form: `denoiser` itself, a part of it, or one with
  /// windows of its own, of 2 gaussian_order + 1 hours. Null for a prior without one.
  std::shared_ptr<diffusion::WindowDenoiser> gaussian;
  Precision precision = Precision::fp32;       ///< of its network
  Network* network = nullptr;                  ///< of `denoiser`, if it has one
  ConditionalResidual* conditional = nullptr;  ///< `denoiser` itself, if it must be given coarse fields
  /// Says when the hours of windows to come are.
  void set_clock(const Clock& clock) const {
    if (network != nullptr) network->set_clock(clock);
  }
  /// Says what the coarse fields of windows to come are. Only for priors that are conditional.
  void set_coarse(std::shared_ptr<const CoarseFields> coarse) const {
    conditional->set_coarse(std::move(coarse));
  }
};

/// A prior as it lies on disk, open: a folder with `weights.safetensors` and `domain.nc` (src/README.md,
/// "Files"). On opening all is hashed, and headers are checked; values of weights when they are wanted.
class PriorFiles {
 public:
  /// @throws core::Error naming the file and what is missing or wrong: a kind that is not known, an
  ///         architecture that does not match tensors or domain
  explicit PriorFiles(const std::filesystem::path& folder);
  /// The same from the content of the two files, which another process has opened.
  PriorFiles(const std::filesystem::path& folder, std::vector<std::byte> domain,
             std::vector<std::byte> weights);
  ~PriorFiles();
  PriorFiles(PriorFiles&&) noexcept;
  PriorFiles& operator=(PriorFiles&&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  const PriorDescription& description() const { return description_; }
  std::span<const std::byte> domain_content() const { return domain_; }
  const io::SafetensorsFile& weights() const { return *weights_; }
  /// Gives a prior that has no Gaussian part one, in its own normalised units.
  /// @throws core::Error if it has one, or is given coarse fields, of which that part would know nothing; of
  ///         a folder, as load_gaussian_part
  void lend(GaussianPart part);
  void lend(const std::filesystem::path& gaussian);
  const std::optional<GaussianPart>& lent() const { return lent_; }
  /// Weights of a score network may be of any floating type; it computes in the type of `options`.
  /// @param options    type and device of the fields to come
  /// @param precision  of the network, if the prior has one
  /// @throws core::Error naming the file and a tensor that is not finite
  PriorBundle load(const at::TensorOptions& options, Precision precision = Precision::fp32) const;

 private:
  void check_may_be_lent() const;
  /// @param weights  empty: they are mapped
  /// @param read     the domain's content
  PriorFiles(const std::filesystem::path& folder, std::vector<std::byte> domain,
             std::vector<std::byte> weights, Domain read);

  std::filesystem::path folder_;
  std::vector<std::byte> domain_, weights_content_;  // the latter empty where the file is mapped
  std::unique_ptr<io::SafetensorsFile> weights_;
  std::shared_ptr<const mesh::Graph> graph_;  // that the network computes on; null if it needs none
  PriorDescription description_;
  std::optional<GaussianPart> lent_;
};

/// @throws as PriorFiles
PriorDescription describe_prior(const std::filesystem::path& folder);

/// SHA-256 over both files of a prior.
std::string prior_digest(const std::filesystem::path& folder);

/// @throws as PriorFiles
PriorBundle load_prior(const std::filesystem::path& folder, const at::TensorOptions& options,
                       Precision precision = Precision::fp32);

/// Writes a Gaussian prior; the folder is made where it is absent.
/// @param lag_covariance  as in GaussianPrior
/// @param remarks         more metadata, such as LearntFrom::remarks
void save_gaussian_prior(const std::filesystem::path& folder, const Domain& domain,
                         const at::Tensor& lag_covariance, const diffusion::Schedule& schedule,
                         const std::map<std::string, std::string>& remarks = {});

/// A Gaussian prior as it was saved.
struct GaussianBundle {
  Domain domain;
  at::Tensor lag_covariance;  ///< as in GaussianPrior
  diffusion::Schedule schedule;
  std::string digest;  ///< as PriorDescription's
};

/// @throws core::Error naming the file and what is missing or wrong
GaussianBundle load_gaussian_prior(const std::filesystem::path& folder);

/// A network to save as a prior.
struct NetworkPrior {
  NetworkArchitecture architecture;
  std::map<std::string, at::Tensor> tensors;  ///< as expected_tensors
  /// Of the Gaussian prior that it corrects, as in GaussianPrior, for at least the network's window;
  /// undefined: a score-unet, a graph-transformer or a conditional-residual.
  at::Tensor lag_covariance;
  std::optional<CoarseForm> coarse;            ///< of a conditional-residual; its schedule is edm
  at::Tensor static_fields = {};               ///< that the network knows; undefined if it knows none
  bool as_float16 = false;                     ///< the network's tensors, to save space
  std::map<std::string, std::string> remarks;  ///< more metadata: recipe, attribution, scores
};

/// The network of a prior, as it was saved.
struct NetworkBundle {
  PriorDescription description;
  std::map<std::string, at::Tensor> tensors;  ///< as expected_tensors, of any floating type
};

/// @throws core::Error naming the file and what is missing or wrong, such as that the prior has no network
NetworkBundle load_network(const std::filesystem::path& folder);

/// Writes a prior with a network; the folder is made where it is absent.
void save_network_prior(const std::filesystem::path& folder, const Domain& domain, const NetworkPrior& prior,
                        const diffusion::Schedule& schedule);

}  // namespace foehn::model
