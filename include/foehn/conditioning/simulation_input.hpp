#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "foehn/conditioning/observation_input.hpp"
#include "foehn/ingestion/observation_preparation.hpp"
#include "foehn/model/domain.hpp"

namespace foehn::conditioning {

/// Observations that a run makes itself from a climate model's files, as `foehn prepare` does, into
/// observations.nc (snapshots) and observation_means.nc of its output folder. These stay: members say by
/// their digest what they were drawn from.
class SimulationInput : public ObservationInput {
 public:
  struct Settings {
    ingestion::PreparationOptions preparation;
    double missing_fraction = 0;        ///< part of a variable's values that may be missing
    std::filesystem::path domain_file;  ///< that the domain was read from
    std::filesystem::path folder;       ///< of the run's output
    std::string start;                  ///< of the trajectory; empty: the files' first
    std::int64_t hours = 0;             ///< of the trajectory; 0: up to the files' end
    bool may_replace = false;           ///< files of another content may be there
  };
  /// Checks all input and writes nothing.
  /// @throws as ObservationPreparation and cut_to_trajectory do
  SimulationInput(const Settings& settings, const model::Domain& domain);

  std::vector<Series> series() const override { return series_; }
  std::vector<std::filesystem::path> files() const override { return preparation_.inputs(); }
  std::vector<Origin> origins() const override;
  bool writes_output() const override { return true; }
  /// Makes the files, under temporary names until publish.
  /// @throws core::Error also if the disk has no room for them, or they differ from what is
  ///         there: members may have been
  ///         drawn from it
  CheckedObservations read() override;
  std::string publish(CheckedObservations& observations) override;

 private:
  void check_space() const;
  void check_replaceable() const;
  std::vector<std::filesystem::path> published() const;

  Settings settings_;
  model::Domain domain_;
  ingestion::PreparationTask task_;
  ingestion::ObservationPreparation preparation_;
  std::vector<Series> series_;
};

}  // namespace foehn::conditioning
