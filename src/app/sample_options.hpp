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
#include "options.hpp"
#include "prepare_options.hpp"

namespace foehn::app {

/// Everything that `foehn sample` can be told.
struct SampleOptions {
  std::string prior;
  std::vector<std::string> observations;
  PrepareOptions prepare;  ///< observations are made by these where it names files; its prior, period,
                           ///< outputs and missing values are set by `prepare_job`
  std::string start;
  std::int64_t hours = 0;
  std::vector<double> observation_std;
  std::vector<double> observation_std_normalised;
  double missing_fraction = 0;
  std::optional<double> gamma;
  std::string method = "dpmpp-2m";
  std::string spacing = "lambda";
  std::string guidance = "mmps";
  /// Method, spacing and the first level are set by `sampler_options`.
  diffusion::SamplerOptions sampler;
  std::optional<double> t_first;
  std::string covariance = "auto";
  std::optional<std::int64_t> solver_steps;
  std::optional<double> solver_tolerance;
  std::string stride = "1";
  std::int64_t batch = 8;
  std::int64_t members = 1;
  std::int64_t first_member = 0;
  std::int64_t seed = 0;
  std::int64_t ranks_per_member = 0;
  std::string output;
  std::string layout = "member";
  std::string metadata;
  std::int64_t chunk_hours = 24;
  std::int64_t compression = 1;
  std::string checkpoint;
  double checkpoint_minutes = 10;
  std::int64_t checkpoint_every = 0;
  bool restart = false;
  std::string device = "auto";
  std::string precision = "fp32";
  std::int64_t threads = 1;
  std::string transport = "auto";
  double timeout_minutes = kTimeoutMinutes;

  /// Where the checkpoints of all members lie.
  std::filesystem::path checkpoint_folder() const {
    return checkpoint.empty() ? std::filesystem::path(output) / "checkpoint"
                              : std::filesystem::path(checkpoint);
  }
  bool prepares() const { return !prepare.files.empty(); }
  bool is_conditioned() const { return (!observations.empty() || prepares()) && guidance != "none"; }
};

/// The files of observations that the options name.
std::vector<std::filesystem::path> observation_files(const SampleOptions& options);

/// The sampler's options with what the texts method and spacing name and with its first level.
/// @throws core::UsageError if there are too few steps for the method
diffusion::SamplerOptions sampler_options(const SampleOptions& options);

/// Whose posterior covariance of clean fields guides: that of the Gaussian part of a prior, that of the whole
/// prior, or the latter with the former as a preconditioner.
enum class Covariance { kGaussian, kNetwork, kPreconditioned };

/// How mmps solves its equation.
struct Solving {
  Covariance covariance = Covariance::kNetwork;
  diffusion::SolverOptions solver;
};

/// What the options mean for a prior, where they do not say it.
/// @throws core::UsageError if they ask for a Gaussian part that the prior does not have
Solving solving(const SampleOptions& options, bool has_gaussian);

/// "gaussian"
std::string covariance_name(Covariance covariance);

/// The strides that the text means for a prior: a number for both, or "auto".
/// @throws core::UsageError if it is neither
trajectory::Strides window_strides(const SampleOptions& options, std::int64_t markov_order);

/// Binds the options to the fields of `options`, which must outlive the table.
config::OptionTable sample_option_table(SampleOptions& options);

/// Checks where observations are to come from.
/// @param table  of these options
/// @throws UsageError for two sources, or an option of how files become observations without files
void check_source(const config::OptionTable& table, const SampleOptions& options);

}  // namespace foehn::app
