#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "foehn/diffusion/guidance.hpp"
#include "foehn/ensemble/ensemble.hpp"
#include "foehn/trajectory/composed_denoiser.hpp"
#include "sample_job.hpp"
#include "sample_options.hpp"

namespace foehn::app {

/// How the solves of guidance mmps went.
struct SolveSummary {
  /// Of one noise level.
  struct Level {
    double t = 0;
    std::int64_t solves = 0, steps = 0, products = 0;
    std::int64_t cut_short =
        0;  ///< ended at a direction in which the matrix is not positive, with a part of a solution
    std::int64_t fallbacks = 0;  ///< the same at the first direction: the evaluation was that of sda
    double mean_residual = 0, largest_residual = 0;
  };
  std::vector<Level> levels;  ///< of the members of the root's team, from noise to fields
  std::int64_t count = 0, cut_short = 0, fallbacks = 0;  ///< of all members
  double largest_residual = 0;
};

/// @note Collective over the world; every rank of a team has the same reports.
SolveSummary summarise(const comm::Communicator& world, const ensemble::Team& team,
                       const std::vector<diffusion::SolveReport>& reports);

/// The windows of all ranks.
/// @note Collective over the world.
trajectory::ComposedDenoiser::Work total_work(const comm::Communicator& world,
                                              const trajectory::ComposedDenoiser::Work& mine);

/// What a run cost.
struct RunRecord {
  std::string state;  ///< done or stopped
  double loading_seconds = 0;
  ensemble::EnsembleResult ensemble = {};
  double total_seconds = 0;
  std::vector<double> peak_memory_megabytes = {};  ///< one a rank
  int teams = 1;
  trajectory::ComposedDenoiser::Work work = {};
  SolveSummary solves = {};
};

/// Writes run.json: options, versions, seed, digests, files, timings and memory. The members' own files hold
/// nothing that differs from run to run.
void write_run_record(const std::filesystem::path& path, const SampleJob& job, const SampleOptions& options,
                      const nlohmann::json& option_values, const RunRecord& record);

}  // namespace foehn::app
