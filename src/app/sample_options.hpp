#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "foehn/config/option_table.hpp"
#include "foehn/diffusion/guidance.hpp"
#include "foehn/diffusion/sampler.hpp"
#include "foehn/ensemble/ensemble.hpp"

namespace foehn::app {

/// Everything that `foehn sample` can be told.
struct SampleOptions {
  std::string prior;
  std::vector<std::string> observations;
  std::string start;
  std::int64_t hours = 0;
  std::vector<double> observation_std;
  std::vector<double> observation_std_normalised;
  std::optional<double> gamma;
  std::string method = "dpmpp-2m";
  std::string spacing = "lambda";
  std::string guidance = "mmps";
  diffusion::SamplerOptions sampler;  ///< method and spacing are set by `sampler_options`
  diffusion::SolverOptions solver;
  std::string stride = "1";
  std::int64_t batch = 8;
  ensemble::EnsembleOptions ensemble;
  std::int64_t seed = 0;
  std::int64_t ranks_per_member = 0;
  std::string output;
  std::int64_t compression = 1;
  std::string device = "auto";
  std::string precision = "fp32";
  std::int64_t threads = 1;
  std::string transport = "auto";

  bool is_conditioned() const { return !observations.empty() && guidance != "none"; }
};

/// The files of observations that the options name.
std::vector<std::filesystem::path> observation_files(const SampleOptions& options);

/// The sampler's options with what the texts method and spacing name.
/// @throws core::UsageError if there are too few steps for the method
diffusion::SamplerOptions sampler_options(const SampleOptions& options);

/// The stride that the text means for a prior: a number, or "auto".
/// @throws core::UsageError if it is neither
std::int64_t window_stride(const SampleOptions& options, std::int64_t markov_order);

/// Binds the options to the fields of `options`, which must outlive the table.
config::OptionTable sample_option_table(SampleOptions& options);

}  // namespace foehn::app
