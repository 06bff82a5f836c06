#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "foehn/model/domain.hpp"
#include "observation_times.hpp"
#include "preparation.hpp"
#include "sample_options.hpp"

namespace foehn::app {

/// Observations that `foehn sample` makes itself from a climate model's files, as `foehn prepare` does, into
/// observations.nc (snapshots) and observation_means.nc of the output folder.
class PreparedObservations {
 public:
  /// Checks all input and writes nothing.
  /// @param options  must outlive this object
  /// @throws as ObservationPreparation and cut_to_trajectory do
  PreparedObservations(const SampleOptions& options, const model::Domain& domain);

  /// What will be observed when, in the order in which open_observations gives it.
  const std::vector<ObservationTimes>& times() const { return times_; }
  std::vector<std::filesystem::path> inputs() const { return preparation_.inputs(); }
  /// Of each file that will be made: what it is made of, as global attributes.
  std::vector<io::Attributes> provenance() const;

  /// Makes the files, under temporary names until publish; the folder must be locked.
  /// @throws core::Error if the disk has no room for them, or they differ from what is there: members may
  /// have
  ///         been drawn from it
  void make();
  std::vector<std::filesystem::path> unpublished() const { return preparation_.unpublished(); }
  /// Gives the files their names. Files of these names that are there have the same content, unless
  /// checkpoint.restart gives them up.
  std::vector<std::filesystem::path> publish();

 private:
  void check_space() const;
  void check_replaceable() const;
  std::vector<std::filesystem::path> published() const;

  const SampleOptions& options_;
  PrepareOptions prepare_options_;
  ObservationPreparation preparation_;
  std::vector<ObservationTimes> times_;
};

}  // namespace foehn::app
