#pragma once

#include <string>

#include "foehn/config/option_table.hpp"
#include "foehn/ingestion/preparation_options.hpp"

namespace foehn::app {

/// Everything that `foehn prepare` can be told.
struct PrepareOptions : ingestion::PreparationTask {
  std::string prior;       ///< folder of a prior, or
  std::string domain;      ///< its domain.nc alone
  std::string start, end;  ///< of the period, both inclusive
};

/// Declares the options that `foehn prepare` and `foehn sample` share: the files, and how they become
/// observations. They do not count as changing a result: what they change has a digest of its own.
void add_preparation_options(config::OptionTable& table, ingestion::PreparationOptions& options,
                             bool files_required);
/// Declares observation.missing_fraction, which counts for observations from anywhere.
void add_missing_option(config::OptionTable& table, double& fraction);
/// Declares all options of `foehn prepare`.
void declare_prepare_options(config::OptionTable& table, PrepareOptions& options);

}  // namespace foehn::app
