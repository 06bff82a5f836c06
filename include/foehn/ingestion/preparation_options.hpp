#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "foehn/bias/calibration.hpp"
#include "foehn/core/per_variable.hpp"
#include "foehn/ingestion/bias_correction.hpp"
#include "foehn/ingestion/observation_stream.hpp"
#include "foehn/io/time_cells.hpp"

namespace foehn::ingestion {

/// How a climate model's files become observations.
struct PreparationOptions {
  std::vector<std::string> files;      ///< paths or globs
  std::vector<std::string> variables;  ///< "name=standard name"
  core::PerVariable<io::TimeSampling> cell_methods;
  std::vector<std::string> without;  ///< variables of the prior that are not observed
  double cell_missing_fraction = 0;  ///< that may be missing of one coarse cell
  std::int64_t block = 8;
  RegridMethod method = RegridMethod::bilinear;
  std::string weights;

  std::optional<BiasMethod> bias_method;
  std::string statistics;
  std::vector<std::string> reference, historical;
  std::string bias_start, bias_end;
  core::PerVariable<bias::Kind> bias_kind;
  // Nothing: as statistics that are read have it, or the default.
  std::optional<std::int64_t> bias_bins;
  std::optional<bool> bias_by_month, bias_pooled;
  std::string trend_start, trend_end;
};

/// What is to be prepared.
struct PreparationTask : PreparationOptions {
  double missing_fraction = 0;  ///< that may be missing of a variable's coarse values
  std::string output, means;    ///< files of snapshots and of means to write
};

}  // namespace foehn::ingestion
