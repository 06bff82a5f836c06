#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "foehn/evaluation/trajectory_statistic.hpp"

namespace foehn::evaluation {

/// A row of a table: what it is, and its numbers for people to read, "-" where there is none.
struct TrajectoryRow {
  std::string label, members, truth, interpolation;
};

/// The statistics that impact users look at first, or, `in_full`, all numbers and short curves.
std::vector<TrajectoryRow> trajectory_rows(const std::vector<TrajectoryStatistic>& statistics, bool in_full);
/// A table of those that impact users look at first, or, `in_full`, of all numbers and short curves.
std::string trajectories_text(const std::vector<TrajectoryStatistic>& statistics, bool in_full);
/// By variable and name; what is not defined is null.
nlohmann::ordered_json trajectories_json(const std::vector<TrajectoryStatistic>& statistics);

}  // namespace foehn::evaluation
