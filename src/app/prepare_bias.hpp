#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "foehn/ingestion/bias_correction.hpp"
#include "prepare_inputs.hpp"

namespace foehn::app {

/// Bias correction as the options ask for it: by statistics that are read, or made from a historical run and
/// a reference. Everything that can be checked without reading all data is checked on construction.
class PreparedBias {
 public:
  /// @throws core::UsageError for options that do not go together, core::Error for files
  PreparedBias(const PrepareOptions& options, const PrepareTarget& target,
               const std::vector<ingestion::ObservationStream>& streams);

  /// Makes and saves the statistics, where they are not there to be read.
  void estimate();
  /// The correction of a stream, which it may read through; nothing if none was asked for.
  std::optional<ingestion::BiasCorrection> correction(ingestion::ObservationStream& stream);
  /// For the attributes of what is written; empty if no correction was asked for.
  std::string description() const;

 private:
  /// A reference and the historical run of the same variables.
  struct Pair {
    ingestion::CoarseRecord reference;
    ingestion::ObservationStream* historical;
  };
  void open_trends(const PrepareTarget& target, const std::vector<ingestion::ObservationStream>& streams);
  void open_pairs(const PrepareTarget& target, const std::vector<ingestion::ObservationStream>& streams);

  const PrepareOptions& options_;
  std::vector<ingestion::ObservationStream> trends_;  // none: that of what is prepared
  std::vector<ingestion::ObservationStream> historical_;
  std::vector<Pair> pairs_;  // one a stream
  bias::CalibrationFile statistics_;
};

}  // namespace foehn::app
