#pragma once

#include <optional>
#include <string>
#include <vector>

#include "foehn/evaluation/results.hpp"

namespace foehn::evaluation {

inline constexpr const char* kAllVariables = "all variables";

/// "tas and psl"
std::string subject_of(const PairResults& pair);

/// The members' scores over all hours of each variable, of pairs and of all variables together, without
/// intervals: the same scores in the same order for whatever sums of a run.
std::vector<OverallScore> overall_scores(const Results& what, const std::vector<VariableResults>& scores,
                                         const JointResults& joint);
/// The errors of what single trajectories are like, and their distances from the truth, those of the short
/// table; none without a reference. With replicates and intervals where the statistics have some.
std::vector<OverallScore> overall_scores(const std::vector<TrajectoryStatistic>& statistics);

/// A row of the overview: one number per variable, with its interval, "-" where there is none.
struct OverviewRow {
  std::string heading;
  std::vector<std::string> cells;
};
/// The rows behind those of all_score_kinds(): spectra, events and similarity, as far as there are any.
std::vector<OverviewRow> other_rows(const Results& results);

/// The interval of a score of these results; absent where there is none.
std::optional<Interval> interval_of(const Results& results, const std::string& subject,
                                    const std::string& name);

}  // namespace foehn::evaluation
