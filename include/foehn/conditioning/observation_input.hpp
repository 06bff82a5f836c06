#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "foehn/conditioning/checked_series.hpp"
#include "foehn/conditioning/series.hpp"
#include "foehn/io/netcdf.hpp"

namespace foehn::conditioning {

/// All of a run's observations, read, checked and hashed.
struct CheckedObservations {
  std::vector<CheckedSeries> series;  ///< in order of variables
  std::string digest;                 ///< SHA-256 of the content of the files that they were read from
};

/// What is known of where observations come from.
struct Origin {
  std::string name;           ///< for messages
  io::Attributes attributes;  ///< global ones: source_id, experiment_id, ...
};

/// Where a run's observations come from: files of observations (FileInput), or a climate model's files from
/// which they are made (SimulationInput). All that can be checked without reading values is checked on
/// construction. Of the root alone.
class ObservationInput {
 public:
  virtual ~ObservationInput() = default;

  /// What is observed when, in order of variables.
  virtual std::vector<Series> series() const = 0;
  /// The files that are read: no output may replace one.
  virtual std::vector<std::filesystem::path> files() const = 0;
  virtual std::vector<Origin> origins() const = 0;
  /// Whether `read` writes to the run's output folder, which must be locked by then.
  virtual bool writes_output() const = 0;
  /// Reads every value once. To be called once.
  /// @throws core::Error naming file, variable, time and place of a value that is wrong, or of one that is
  ///         missing where fewer may be
  virtual CheckedObservations read() = 0;
  /// The run goes ahead with these observations: gives files that `read` made their names.
  /// @return  for people: a line for each file that was made
  virtual std::string publish(CheckedObservations& observations) = 0;
};

}  // namespace foehn::conditioning
