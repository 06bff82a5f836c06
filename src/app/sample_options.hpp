#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "foehn/config/option_table.hpp"
#include "foehn/diffusion/guidance.hpp"
#include "foehn/diffusion/sampler.hpp"
#include "foehn/trajectory/window_plan.hpp"
#include "option_names.hpp"
#include "options.hpp"
#include "prepare_options.hpp"

namespace foehn::app {

/// Evaluate every so many windows; nothing: as many as the noise level allows.
using StrideOption = std::optional<std::int64_t>;

inline const diffusion::SamplerOptions kSamplerDefaults;

/// Everything that `foehn sample` can be told.
struct SampleOptions {
  std::string prior;
  std::vector<std::string> observations;
  PreparationOptions preparation;  ///< of observations, where it names files
  std::string start;
  std::int64_t hours = 0;
  std::vector<double> observation_std;
  std::vector<double> observation_std_normalised;
  double missing_fraction = 0;
  std::optional<double> gamma;
  diffusion::Method method = kSamplerDefaults.method;
  std::int64_t steps = kSamplerDefaults.steps;
  diffusion::Spacing spacing = kSamplerDefaults.spacing;
  std::optional<double> t_first;
  std::int64_t corrections = kSamplerDefaults.corrections;
  double tau = kSamplerDefaults.tau;
  Guidance guidance = Guidance::mmps;
  std::optional<Covariance> covariance;  ///< nothing: as the prior has it
  std::optional<std::int64_t> solver_steps;
  std::optional<double> solver_tolerance;
  StrideOption stride = 1;
  std::int64_t batch = 8;
  std::int64_t members = 1;
  std::int64_t first_member = 0;
  std::int64_t seed = 0;
  std::int64_t ranks_per_member = 0;
  std::string output;
  Layout layout = Layout::member;
  std::string metadata;
  std::int64_t chunk_hours = 24;
  std::int64_t compression = 1;
  std::string checkpoint;
  double checkpoint_minutes = 10;
  std::int64_t checkpoint_every = 0;
  bool restart = false;
  process::DeviceChoice device = process::DeviceChoice::automatic;
  Precision precision = Precision::fp32;
  std::int64_t threads = 1;
  Transport transport = Transport::automatic;
  double timeout_minutes = kTimeoutMinutes;

  /// Where the checkpoints of all members lie.
  std::filesystem::path checkpoint_folder() const {
    return checkpoint.empty() ? std::filesystem::path(output) / "checkpoint"
                              : std::filesystem::path(checkpoint);
  }
  bool prepares() const { return !preparation.files.empty(); }
  bool is_conditioned() const { return (!observations.empty() || prepares()) && guidance != Guidance::none; }
};

/// The files of observations that the options name.
std::vector<std::filesystem::path> observation_files(const SampleOptions& options);

/// What a sampler is told.
/// @throws core::UsageError if there are too few steps for the method
diffusion::SamplerOptions sampler_options(const SampleOptions& options);

/// How mmps solves its equation.
struct Solving {
  Covariance covariance = Covariance::network;
  diffusion::SolverOptions solver;
};

/// What the options mean for a prior, where they do not say it.
/// @throws core::UsageError if they ask for a Gaussian part that the prior does not have
Solving solving(const SampleOptions& options, bool has_gaussian);

/// The strides for a prior.
trajectory::Strides window_strides(const StrideOption& stride, std::int64_t markov_order);
/// "5", or "auto".
std::string stride_text(const StrideOption& stride);

/// Binds the options to the fields of `options`, which must outlive the table.
void declare_sample_options(config::OptionTable& table, SampleOptions& options);

/// Checks where observations are to come from.
/// @param table  of these options
/// @throws UsageError for two sources, or an option of how files become observations without files
void check_source(const config::OptionTable& table, const SampleOptions& options);

}  // namespace foehn::app
