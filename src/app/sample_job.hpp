#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "foehn/comm/communicator.hpp"
#include "foehn/ensemble/ensemble.hpp"
#include "foehn/io/cordex_metadata.hpp"
#include "foehn/model/prior_bundle.hpp"
#include "foehn/observation/block_mean_snapshots.hpp"
#include "foehn/trajectory/slab_partition.hpp"
#include "foehn/trajectory/window_plan.hpp"
#include "observation_file.hpp"
#include "output_lock.hpp"
#include "sample_options.hpp"

namespace foehn::app {

/// A checked job: what `foehn sample` is about to do, the same on every rank.
struct SampleJob {
  explicit SampleJob(model::PriorDescription description) : prior(std::move(description)) {}

  model::PriorDescription prior;
  Period period;
  std::int64_t block = 1;                    ///< cells a side of an observation's block
  std::int64_t observation_period = 1;       ///< hours
  std::vector<std::int64_t> observed_hours;  ///< of the trajectory, rising
  std::vector<double> observation_std;       ///< one per variable, physical units; empty: unconditional
  double gamma = 0;
  std::int64_t stride = 1;
  diffusion::SamplerOptions sampler;

  /// What the members are made of, line by line "name = value": options that change the result, digests of
  /// prior and observations, device.
  std::string identity;
  std::vector<std::int64_t> members;  ///< numbers of those that are yet to be drawn

  // Of the root alone.
  std::unique_ptr<OutputLock> lock;
  std::unique_ptr<ObservationFile> observations;
  std::string prior_digest, observations_digest, options_digest;
  std::optional<io::CordexMetadata> metadata;  ///< of the layout cordex

  /// "2019-03-26T06:00:00"
  std::string date(std::int64_t hour) const;
  trajectory::SlabPartition partition(int ranks) const;
};

/// Reads and checks options, prior, observations and output folder, which the root keeps locked; only the
/// root touches the observations. Members that are there already, of the same identity, are not to be drawn
/// again.
/// @param result_options  the options that change the result, as canonical text
/// @param validate_only   the output folder is not to stay if it was absent
/// @throws comm::AgreedError on every rank, for whatever is wrong
/// @note Collective over the world.
SampleJob prepare_job(const comm::Communicator& world, const SampleOptions& options,
                      const std::string& result_options, const at::Device& device, bool validate_only);

/// Hands each rank the observations of its slab, normalised; the root reads some at a time.
/// @note Collective over the world.
observation::Observations scatter_observations(const comm::Communicator& world, const ensemble::Team& team,
                                               const trajectory::SlabPartition& partition,
                                               const SampleJob& job, const at::Device& device);

/// "1 team", "2 teams"
std::string counted(std::int64_t count, const std::string& noun);

/// The job in a few lines, for people.
std::string describe(const SampleJob& job, const SampleOptions& options, const ensemble::Team& team);

}  // namespace foehn::app
