#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "foehn/config/option_table.hpp"

namespace foehn::app {

/// How observations are made from a climate model's files.
struct PrepareOptions {
  std::vector<std::string> files;         ///< paths or globs
  std::vector<std::string> variables;     ///< "name=standard name"
  std::vector<std::string> cell_methods;  ///< "point", "mean", or "variable=point" pairs
  std::vector<std::string> without;       ///< variables of the prior that are not observed
  double missing_fraction = 0;            ///< of one coarse cell
  double missing_values_fraction = 0;     ///< of a variable's coarse values
  std::string prior;                      ///< folder of a prior, or
  std::string domain;                     ///< its domain.nc alone
  std::int64_t block = 8;
  std::string start, end;  ///< of the period, both inclusive
  std::string method = "bilinear";
  std::string weights;
  std::string output, means;

  std::string bias_method = "none";
  std::string statistics;
  std::vector<std::string> reference, historical;
  std::string bias_start, bias_end;
  std::vector<std::string> bias_kind;  ///< "additive", "multiplicative", or "variable=multiplicative" pairs
  // Nothing: as statistics that are read have it, or the default.
  std::optional<std::int64_t> bias_bins;
  std::optional<bool> bias_by_month, bias_pooled;
  std::string trend_start, trend_end;
};

/// Declares the options that `foehn prepare` and `foehn sample` share: the files, and how they become
/// observations. They do not count as changing a result: what they change has a digest of its own.
void add_preparation_options(config::OptionTable& table, PrepareOptions& options, bool files_required);
/// Declares observation.missing_fraction, which counts for observations from anywhere.
void add_missing_option(config::OptionTable& table, double& fraction);
/// Binds all options of `foehn prepare`.
config::OptionTable prepare_option_table(PrepareOptions& options);

/// How fields come onto the fine grid: "bilinear", "conservative", "weight file".
std::string regridding_name(const PrepareOptions& options);

/// What a list of "value" (for all) and "variable=value" (for one, which wins) says of a variable;
/// `otherwise` where it says nothing.
std::string setting_of(const std::vector<std::string>& settings, const std::string& variable,
                       const std::string& otherwise);
/// @throws UsageError naming the option for a value that is none of the choices, or a variable that is
/// unknown
void check_settings(const std::string& option, const std::vector<std::string>& settings,
                    const std::vector<std::string>& variables, const std::vector<std::string>& choices);

}  // namespace foehn::app
