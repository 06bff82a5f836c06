#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "foehn/evaluation/results.hpp"

namespace foehn::evaluation {

/// The scores as a table for people to read, with units.
/// @param in_full  with the scores by hours since the last observation, month and hour of the day
std::string scores_text(const Results& results, bool in_full);

/// The scores as an object: what was compared, and under "variables", by name, the scores over all hours and
/// by hours since the last observation, month and hour of the day, each with the intervals of its scores, and
/// spectra; under "joint" how variables, cells and hours vary together, and under "trajectories" what each
/// trajectory is like by itself, and under "climate_change" how the members change from a historical period.
/// What is not defined (the spread of one member, errors without a reference)
/// is left out.
/// @throws Error naming a score that is not finite
nlohmann::ordered_json scores_json(const Results& results);

/// Writes the scores as NetCDF whole or not at all: `<variable>_<score>(hours_since_observation)`,
/// `<variable>_<score>_by_month(month)`, `..._by_hour_of_day(hour_of_day)` and, without a dimension,
/// `..._all_hours`, `..._observed_hours` and `..._hours_between`; of each `<name>_interval(..., bound)` where
/// it has intervals; rank histograms `<variable>_rank_histogram(rank)`; and spatial spectra
/// `<variable>_spectrum(<variable>_ring_wavelength)` and `<variable>_spectrum_ratio(<variable>_wavelength)`;
/// on lists of cells along `<variable>_degree` and `<variable>_ratio_degree` instead. Of the events that
/// values lie beyond their local and seasonal quantiles,
/// `<variable>_upper_event_...` and `..._lower_event_...`: `forecasts` and `frequency(forecast_probability)`,
/// and the Brier score with its terms; `<variable>_structural_similarity_members` and `..._interpolation`.
/// How variables vary together is in `energy_score`, `variogram_score`, and
/// `<first>_<second>_correlation_...`, `..._tail_dependence_...` and `..._joint_exceedance_...`, ending in
/// `members` or `truth`.
/// Statistics of trajectories are `<variable>_<statistic>_members` (mean over them), `..._members_lowest`,
/// `..._members_highest`, `..._truth` and `..._interpolation`, along the statistic's abscissa.
/// @throws Error if the file cannot be written
void write_scores_netcdf(const std::filesystem::path& path, const Results& results);

/// Writes what is known by cell as NetCDF, each file whole or not at all: maps.nc with scores,
/// `<variable>_<score>(y, x)`, and the climate-change signal on the members' grid; where there is a signal,
/// coarse_maps.nc on the observations' grid.
/// @throws Error if a file cannot be written
void write_maps_netcdf(const std::filesystem::path& folder, const Results& results);

/// One HTML page that needs no other file: verdicts in words, tables, charts of scores and of single
/// trajectories, maps of scores and of the strongest event, the climate-change signal, and provenance.
std::string report_html(const Results& results);

}  // namespace foehn::evaluation
