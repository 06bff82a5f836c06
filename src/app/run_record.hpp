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
    std::int64_t fallbacks = 0;  ///< the matrix was not positive: the evaluation was that of sda
    double mean_residual = 0, largest_residual = 0;
  };
  std::vector<Level> levels;              ///< of the members of the root's team, from noise to fields
  std::int64_t count = 0, fallbacks = 0;  ///< of all members
  double largest_residual = 0;
};

/// @note Collective over the world; every rank of a team has the same reports.
SolveSummary summarise(const comm::Communicator& world, const ensemble::Team& team,
                       const std::vector<diffusion::SolveReport>& reports);

/// The windows of all ranks.
/// @note Collective over the world.
trajectory::ComposedDenoiser::Work total_work(const comm::Communicator& world,
                                              const trajectory::ComposedDenoiser::Work& mine);

/// What a run cost, since it was started or went on from checkpoints.
struct RunCost {
  double loading_seconds = 0;
  ensemble::EnsembleResult ensemble = {};
  double total_seconds = 0;
  std::vector<double> peak_memory_megabytes = {};  ///< one a rank
  int teams = 1;
  double steps = 0;  ///< taken, of all members
  trajectory::ComposedDenoiser::Work work = {};
  std::int64_t gaussian_products = 0;  ///< windows of a Gaussian part of the prior alone, not among `work`
  SolveSummary solves = {};
};

/// Writes run.json into the output folder: options, versions, seed, digests, the members' files that are
/// there, timings and memory. The members' own files hold nothing that differs from run to run.
/// @param state  "done", "stopped" with a checkpoint, or "unfinished": under way, or dead
/// @param cost   null where it is not known
void write_run_record(const SampleJob& job, const SampleOptions& options, const nlohmann::json& option_values,
                      const std::string& state, const RunCost* cost);

/// The state in a folder's run.json; empty where there is none.
std::string recorded_state(const std::filesystem::path& folder);

}  // namespace foehn::app
