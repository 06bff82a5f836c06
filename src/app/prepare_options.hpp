#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "foehn/bias/calibration.hpp"
#include "foehn/config/option_table.hpp"
#include "foehn/config/per_variable.hpp"
#include "foehn/ingestion/bias_correction.hpp"
#include "foehn/ingestion/observation_stream.hpp"
#include "foehn/ingestion/time_sampling.hpp"

namespace foehn::app {

/// How a climate model's files become observations.
struct PreparationOptions {
  std::vector<std::string> files;      ///< paths or globs
  std::vector<std::string> variables;  ///< "name=standard name"
  config::PerVariable<ingestion::TimeSampling> cell_methods;
  std::vector<std::string> without;  ///< variables of the prior that are not observed
  double missing_fraction = 0;       ///< of one coarse cell
  std::int64_t block = 8;
  ingestion::RegridMethod method = ingestion::RegridMethod::bilinear;
  std::string weights;

  std::optional<ingestion::BiasMethod> bias_method;
  std::string statistics;
  std::vector<std::string> reference, historical;
  std::string bias_start, bias_end;
  config::PerVariable<bias::Kind> bias_kind;
  // Nothing: as statistics that are read have it, or the default.
  std::optional<std::int64_t> bias_bins;
  std::optional<bool> bias_by_month, bias_pooled;
  std::string trend_start, trend_end;
};

/// Everything that `foehn prepare` can be told.
struct PrepareOptions : PreparationOptions {
  double missing_values_fraction = 0;  ///< of a variable's coarse values
  std::string prior;                   ///< folder of a prior, or
  std::string domain;                  ///< its domain.nc alone
  std::string start, end;              ///< of the period, both inclusive
  std::string output, means;
};

/// Declares the options that `foehn prepare` and `foehn sample` share: the files, and how they become
/// observations. They do not count as changing a result: what they change has a digest of its own.
void add_preparation_options(config::OptionTable& table, PreparationOptions& options, bool files_required);
/// Declares observation.missing_fraction, which counts for observations from anywhere.
void add_missing_option(config::OptionTable& table, double& fraction);
/// Declares all options of `foehn prepare`.
void declare_prepare_options(config::OptionTable& table, PrepareOptions& options);

/// How fields come onto the fine grid: "bilinear", "conservative", "weight file".
std::string regridding_name(const PreparationOptions& options);

/// @param named  variables that an option names
/// @throws UsageError naming the option for one that is not among those that there are
void check_known(const std::string& option, const std::vector<std::string>& named,
                 const std::vector<std::string>& variables);

}  // namespace foehn::app
