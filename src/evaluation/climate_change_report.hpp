#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "evaluation/maps_netcdf.hpp"
#include "foehn/evaluation/results.hpp"

namespace foehn::evaluation {

/// "99 % quantile", "highest of a year (TXx)": that name of temperature alone
std::string statistic_text(ClimateStatistic statistic, const io::Variable& variable);
/// "1995-01-01T00:00:00 to ... (4 members)"
std::string period_text(const ClimatePeriod& period);

/// Mean over the cells that have a value; NaN without any.
double mean_over_cells(const std::vector<double>& field);

/// The climate-change signal as a table for people to read; empty without one.
/// @param in_full  with the seasons
std::string climate_change_text(const Results& results, bool in_full);
/// @pre there is a climate-change signal
nlohmann::ordered_json climate_change_json(const Results& results);

/// The members' changes as maps: `<variable>_<statistic>_change(season, y, x)`.
std::vector<MapField> climate_change_maps(const Results& results);
/// On the grid of the observations: `<variable>_<statistic>_change_block_average`, `..._block_means` and
/// `..._driving_model`.
std::vector<MapField> coarse_climate_change_maps(const Results& results);

}  // namespace foehn::evaluation
