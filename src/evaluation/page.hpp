#pragma once

#include <string>

#include "foehn/evaluation/results.hpp"

namespace foehn::evaluation {

// Parts of the report page, each an HTML fragment.

/// The page's style: light, dark, narrow, wide, and for print.
std::string page_style();

/// Everything of a page up to its first heading.
std::string page_begin(const std::string& title);

/// The charts of one variable; those for which there are no numbers are left out.
/// @param index  of the variable
std::string score_charts(const Results& results, std::size_t index);
/// Charts of what single trajectories are like: of a variable of the members, of wind_speed or wind_power.
std::string trajectory_charts(const Results& results, const std::string& variable);
/// The hours around the event at two points of one block.
std::string point_charts(const Results& results, std::size_t index);

/// Maps of the scores of each cell.
std::string score_maps(const Results& results, std::size_t index);
/// The fields around the strongest event, hour by hour.
std::string event_maps(const Results& results, std::size_t index);
/// The climate-change signal: a table, and maps of the change of the mean. @pre there is one
std::string climate_change_html(const Results& results);

}  // namespace foehn::evaluation
