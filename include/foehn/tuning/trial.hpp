#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "foehn/io/variable.hpp"
#include "foehn/tuning/search.hpp"

namespace foehn::tuning {

/// How well a trial's members agree with the reference, of one variable over all cells and hours, in its
/// unit.
struct VariableScore {
  double fair_crps = 0;
  double rmse = 0;  ///< of the members' mean
  /// sqrt((M + 1) / M) spread / RMSE (evaluation::EnsembleScores): 1 where members spread as they err.
  double spread_skill = 0;
};

/// One choice of what is tuned, and what came of it.
struct Trial {
  std::int64_t number = 0;
  std::vector<double> values;         ///< of the search's dimensions
  std::vector<VariableScore> scores;  ///< [variable]; empty: it failed
  std::string failure;                ///< why
};

/// What makes one loss of scores.
struct Weighing {
  std::vector<double> scale;  ///< of each variable, in its unit: what its fair CRPS is divided by
  double spread_weight = 0.1;
};

/// The loss of a variable is its fair CRPS over its scale, times 1 + spread_weight |ln(spread/skill)|; that
/// of a trial is the mean over variables, infinite if it failed.
Tried tried(const Trial& trial, const Weighing& weighing);

/// A line of the journal. @param dimensions  whose names the values get
nlohmann::json to_json(const Trial& trial, const std::vector<Dimension>& dimensions,
                       const std::vector<io::Variable>& variables);
/// @throws core::Error if the line is not of to_json with the same names
Trial parse_trial(const nlohmann::json& json, const std::vector<Dimension>& dimensions,
                  const std::vector<io::Variable>& variables);

/// "trial 3: std of tas 0.3 K: fair CRPS 0.35 K, spread/skill 0.93", for people.
std::string describe(const Trial& trial, const std::vector<Dimension>& dimensions,
                     const std::vector<io::Variable>& variables);

}  // namespace foehn::tuning
