#pragma once

#include <string>
#include <vector>

#include "foehn/config/option_table.hpp"
#include "foehn/core/per_variable.hpp"
#include "foehn/evaluation/verify.hpp"
#include "foehn/io/time_cells.hpp"
#include "foehn/job/settings.hpp"

namespace foehn::app {

/// What `foehn evaluate` is told.
struct EvaluateOptions {
  std::vector<std::string> members;
  std::vector<std::string> reference;
  std::vector<std::string> observations;
  std::vector<std::string> historical_members;
  std::vector<std::string> historical_observations;
  job::ObservationOperator observation_operator = job::ObservationOperator::blocks;
  std::string native_weights;
  std::string prior;
  std::string crop;
  std::vector<std::string> variables;
  core::PerVariable<io::TimeSampling> cell_methods;
  std::vector<double> observation_std;
  std::string output;
  bool in_full = false;
  evaluation::BootstrapOptions bootstrap;
  std::string power_curve;
  double hub_height = 100;
  double wind_exponent = 1.0 / 7;
};

/// The members of one of the runs that are scored.
struct MembersOfRun {
  std::string name;  ///< empty where it is the only one
  std::vector<std::string> patterns;
};

void declare_evaluate_options(config::OptionTable& table, EvaluateOptions& options);

/// "a=a/*.nc" names a run; patterns without a name go on with the run before them.
/// @throws UsageError if some runs have names and others none, or two the same
std::vector<MembersOfRun> runs_of(const std::vector<std::string>& words);

}  // namespace foehn::app
