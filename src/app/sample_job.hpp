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
#include "foehn/process/output_folder.hpp"
#include "foehn/process/output_lock.hpp"
#include "foehn/trajectory/slab_partition.hpp"
#include "foehn/trajectory/window_plan.hpp"
#include "observation_source.hpp"
#include "observed_set.hpp"
#include "options.hpp"
#include "sample_options.hpp"

namespace foehn::app {

/// A checked job: what `foehn sample` is about to do, the same on every rank.
struct SampleJob {
  explicit SampleJob(model::PriorDescription description) : prior(std::move(description)) {}

  model::PriorDescription prior;
  Period period;
  std::vector<ObservedSet> observed;    ///< empty: unconditional
  std::vector<double> observation_std;  ///< one per variable, physical units; empty: unconditional
  trajectory::Strides strides;
  diffusion::SamplerOptions sampler;
  Solving solving;

  /// What the members are made of, line by line "name = value": options that change the result, digests of
  /// prior and observations, device, versions. Empty where --validate-only leaves observations unprepared.
  std::string identity;
  std::vector<std::int64_t> members;  ///< numbers of those that are yet to be drawn

  // Of the root alone.
  std::vector<std::unique_ptr<process::OutputFolder>> folders;  ///< of results and checkpoints
  std::vector<std::unique_ptr<process::OutputLock>> locks;      ///< of each; given up before
  std::vector<ObservationSource> observations;                  ///< of each set
  std::string prior_digest, observations_digest, options_digest;
  std::optional<io::CordexMetadata> metadata;  ///< of the layout cordex

  /// "2019-03-26T06:00:00"
  std::string date(std::int64_t hour) const;
  /// Slabs begin where observations do, and no observation is in two of them.
  trajectory::SlabPartition partition(int ranks) const;
};

/// Reads and checks options, prior, observations and output folder, which the root keeps locked; only the
/// root touches the observations, and makes them where they are to come from input.files. Members that are
/// there already, of the same identity, are not to be drawn again; members and checkpoints of another are
/// refused.
/// @param result_options  the options that change the result, as canonical text
/// @param teams           that draw members at the same time
/// @param validate_only   the output folder is not to stay if it was absent
/// @throws core::CollectiveError on every rank, for whatever is wrong
/// @note Collective over the world.
SampleJob prepare_job(const comm::Communicator& world, const SampleOptions& options,
                      const std::string& result_options, const at::Device& device, int teams,
                      bool validate_only);

/// "1 team", "2 teams"
std::string counted(std::int64_t count, const std::string& noun);

/// The job in a few lines, for people.
std::string describe(const SampleJob& job, const SampleOptions& options, const ensemble::Team& team);

}  // namespace foehn::app
