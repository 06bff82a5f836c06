#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "foehn/ingestion/bias_correction.hpp"
#include "foehn/ingestion/preparation_inputs.hpp"

namespace foehn::ingestion {

/// Bias correction as the options ask for it: by statistics that are read, or made from a historical run and
/// a reference. Everything that can be checked without reading all data is checked on construction.
class PreparedBias {
 public:
  /// @throws core::UsageError for options that do not go together, core::Error for files
  PreparedBias(const PreparationTask& options, const PreparationTarget& target,
               const std::vector<ObservationStream>& streams);

  /// Makes and saves the statistics, where they are not there to be read.
  void estimate();
  /// The correction of a stream, which it may read through; nothing if none was asked for.
  std::optional<BiasCorrection> correction(ObservationStream& stream);
  /// For the attributes of what is written; empty if no correction was asked for.
  std::string description() const;

 private:
  /// A reference and the historical run of the same variables.
  struct Pair {
    CoarseRecord reference;
    ObservationStream* historical;
  };
  void open_trends(const PreparationTarget& target, const std::vector<ObservationStream>& streams);
  void open_pairs(const PreparationTarget& target, const std::vector<ObservationStream>& streams);

  const PreparationTask& options_;
  std::vector<ObservationStream> trends_;  // none: that of what is prepared
  std::vector<ObservationStream> historical_;
  std::vector<Pair> pairs_;  // one a stream
  bias::CalibrationFile statistics_;
};

}  // namespace foehn::ingestion
