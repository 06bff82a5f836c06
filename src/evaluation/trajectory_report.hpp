#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "foehn/evaluation/results.hpp"

namespace foehn::evaluation {

/// A row of a table: what it is, and its numbers for people to read, "-" where there is none.
struct TrajectoryRow {
  std::string label, members, truth, interpolation, error;
};

/// Is a number of a statistic among those that impact users look at first?
bool comes_first(const TrajectoryStatistic& statistic, std::size_t place);
/// What a number is: "quantile 99 %", "high spells 3 d".
std::string name_text(const TrajectoryStatistic& statistic, std::size_t place);
/// The same as a name: "quantile_99", "high_spells_3d".
std::string key_of(const TrajectoryStatistic& statistic, std::size_t place);
/// Of a number's members minus truth; absent where there is none.
std::optional<Interval> difference_interval(const TrajectoryStatistic& statistic, std::size_t place);

/// The statistics that impact users look at first, or, `in_full`, all numbers and short curves.
std::vector<TrajectoryRow> trajectory_rows(const std::vector<TrajectoryStatistic>& statistics, bool in_full);
/// Which of these rows have no interval where others have one, and why: a line per reason.
std::vector<std::string> missing_intervals(const std::vector<TrajectoryStatistic>& statistics, bool in_full);
/// A table of those that impact users look at first, or, `in_full`, of all numbers and short curves.
std::string trajectories_text(const std::vector<TrajectoryStatistic>& statistics, bool in_full);
/// By variable and name; what is not defined is null.
nlohmann::ordered_json trajectories_json(const std::vector<TrajectoryStatistic>& statistics);

}  // namespace foehn::evaluation
