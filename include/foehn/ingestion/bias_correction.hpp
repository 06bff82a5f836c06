#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "foehn/bias/correction.hpp"
#include "foehn/ingestion/coarse_record.hpp"

namespace foehn::ingestion {

/// Called with the number of instants read since the last call.
using Advanced = std::function<void(std::int64_t instants)>;

struct CalibrationOptions {
  std::vector<bias::Kind> kinds;  ///< [variable]
  std::int64_t bins = 100;
  bool by_month = true;
  bool pooled = false;  ///< one distribution for all cells
};

/// Learns how the simulation's past differs from a reference, in two passes over each.
/// @param variables  of both records, in their order
/// @return           one calibration per variable
/// @throws Error as the passes of `bias`, naming the variable
std::vector<bias::Calibration> calibrate(const std::vector<io::Variable>& variables,
                                         const CoarseRecord& reference, const CoarseRecord& historical,
                                         const CalibrationOptions& options, const Advanced& advanced);

/// A variable's statistics, found by its name.
/// @throws Error naming the variable if it has none, or in another unit or of another standard name
const bias::Calibration& calibration_of(const io::Variable& variable,
                                        const std::vector<bias::Calibration>& calibrations);

enum class BiasMethod { quantile_mapping, detrended_quantile_mapping, quantile_delta_mapping };
/// Passes over the scenario that must come before its correction.
std::int64_t passes_before(BiasMethod method);

/// Corrects each variable of a record by its calibration.
class BiasCorrection {
 public:
  /// @param calibrations  any; each variable's is found by its name
  /// @param scenario      of which detrended and delta mapping take the trend: what will be corrected, or a
  ///                      longer period around it
  /// @throws Error as calibration_of
  BiasCorrection(const std::vector<io::Variable>& variables,
                 const std::vector<bias::Calibration>& calibrations, BiasMethod method,
                 const CoarseRecord& scenario, const Advanced& advanced);

  /// @param values  one instant, [variable, cell]
  void apply(std::span<float> values, std::int64_t seconds, calendar::Calendar calendar);
  /// Values so far beyond the range of the statistics, [variable].
  std::vector<std::int64_t> extrapolated() const;

 private:
  std::vector<bias::Correction> corrections_;
};

}  // namespace foehn::ingestion
