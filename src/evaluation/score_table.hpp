#pragma once

#include <optional>
#include <string>
#include <vector>

#include "foehn/evaluation/results.hpp"

namespace foehn::evaluation {

/// One kind of score, as every output shows it.
struct ScoreKind {
  std::string name;     ///< in JSON and NetCDF
  std::string heading;  ///< for people, two words or more: the first is set above the rest
  bool has_unit;        ///< in the variable's unit; otherwise a ratio
  bool is_of_members;   ///< otherwise of interpolated observations
  Best best;
  std::optional<double> (*value)(const HourScores&);
};

/// Every kind of score, in the order in which they are shown.
const std::vector<ScoreKind>& all_score_kinds();
/// The kinds of score that these results have, in the order in which they are shown.
std::vector<ScoreKind> score_kinds(const Results& results);

/// "16 members against the reference, 49 hours from ... to ..., observations ..."
std::string summary(const Results& results);
/// How the members agree with the observations, as a sentence.
std::string agreement_text(const VariableResults& scores, const std::string& units);
/// How much members and truth jump at observations, as a sentence.
std::string seam_text(const SeamRatios& seam);
/// Whether the interpolated observations have a spectrum, which needs whole fields.
bool has_interpolation_spectrum(const VariableResults& scores);
/// "tas (air_temperature) [K]"
std::string title(const io::Variable& variable);
/// A number with four digits, or two if it is very small; at most nine characters.
std::string number_text(double value);
/// "0.343 (0.312 to 0.371)", or without an interval where there is none.
std::string number_text(double value, const std::optional<Interval>& interval);
std::string number_text(double value, const HourScores& row, const std::string& kind);
/// A number of steps of the members' time axis, in hours.
double since_observation_hours(const Results& results, std::size_t steps);

/// The members' correlation minus the truth's; absent where one is.
std::optional<double> correlation_error(const PairResults& pair);

/// One minus the Brier score over that of always forecasting the base rate: 1 is best, 0 no better than that.
/// Fair to few members where there are several; absent where the event always or never happens.
std::optional<double> brier_skill(const std::optional<EventReliability>& event);

/// Are there no intervals because there are too few blocks of hours?
bool has_too_few_blocks(const Results& results);
/// Says so.
std::string too_few_blocks_text(const Results& results);
/// What the numbers of a spectrum in space are.
std::string spectrum_meaning(const SpatialSpectra& spectra);

}  // namespace foehn::evaluation
