#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "foehn/comm/communicator.hpp"
#include "foehn/comm/row_exchange.hpp"
#include "foehn/ensemble/ensemble.hpp"
#include "foehn/job/plan.hpp"
#include "foehn/job/resources.hpp"
#include "foehn/job/self_check.hpp"
#include "foehn/model/prior_bundle.hpp"
#include "foehn/process/device.hpp"
#include "foehn/process/energy.hpp"
#include "foehn/process/stop.hpp"
#include "foehn/trajectory/composed_denoiser.hpp"

namespace foehn::job {

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

/// What a run cost since it was started or resumed.
struct Cost {
  double loading_seconds = 0;
  ensemble::EnsembleResult ensemble = {};
  double total_seconds = 0;
  std::vector<double> peak_memory_megabytes = {};  ///< one per rank
  int teams = 1;
  double steps = 0;                              ///< taken, of all members
  trajectory::ComposedDenoiser::Work work = {};  ///< of all ranks
  std::int64_t gaussian_products = 0;  ///< windows of a Gaussian part of the prior alone, not among `work`
  comm::Traffic traffic = {};          ///< of all ranks, the Gaussian part's included
  std::map<std::string, int> hosts = {}, devices = {};  ///< number of ranks; of the root
  std::string transport = {};                           ///< between ranks, in words
  SolveSummary solves = {};
  process::Energy energy = {};  ///< from before the prior is loaded; of the root
};

/// How a run ended.
struct Result {
  bool is_done = true;  ///< false if it was stopped, with checkpoints; the same on all ranks
  Cost cost;
  std::optional<SelfCheck> self_check;  ///< on the root; absent without a member that was written
};

/// Draws the members of a plan and writes their files.
/// @param root   of the root, whose observations' values it gives up; null on the others
/// @param prior  of the plan's digest, on the hardware's device; may serve one job after another
/// @param stop   asks to save what there is and stop
/// @throws core::CollectiveError on every rank
/// @note Collective over the world.
Result run(const comm::Communicator& world, const Plan& plan, Resources* root,
           const model::PriorBundle& prior, const process::Hardware& hardware,
           const process::StopToken& stop);

}  // namespace foehn::job
