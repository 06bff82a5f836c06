#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "foehn/conditioning/observation_input.hpp"
#include "foehn/model/domain.hpp"

namespace foehn::conditioning {

/// Observations in files, as `foehn prepare` and `foehn coarsen` write them.
class FileInput : public ObservationInput {
 public:
  /// Hashes the files as well, so that `read` can tell whether they are still the same.
  /// @param missing_fraction  part of a variable's values that may be missing
  /// @throws core::Error as open_series
  FileInput(std::vector<std::filesystem::path> files, const model::Domain& domain, double missing_fraction);

  std::vector<Series> series() const override { return series_; }
  std::vector<std::filesystem::path> files() const override { return files_; }
  std::vector<Origin> origins() const override;
  bool writes_output() const override { return false; }
  /// @throws core::Error also naming a file that has changed since construction
  CheckedObservations read() override;
  std::string publish(CheckedObservations&) override { return ""; }

 private:
  std::vector<std::filesystem::path> files_;
  std::vector<std::string> digests_;   // of each file, before it was opened to be read
  std::vector<SeriesReader> readers_;  // until they are read
  std::vector<Series> series_;
  double missing_fraction_;
};

}  // namespace foehn::conditioning
