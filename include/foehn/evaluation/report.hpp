#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "foehn/evaluation/results.hpp"

namespace foehn::evaluation {

/// The scores as a table for people to read, with units.
std::string scores_text(const Results& results);

/// The scores as an object: what was compared, and under "variables", by name, the scores of all hours and by
/// hours since the last observation. What is not defined (the spread of one member) is left out.
/// @throws Error naming a score that is not finite
nlohmann::ordered_json scores_json(const Results& results);

/// Writes the scores as NetCDF whole or not at all: `<variable>_<score>(hours_since_observation)`, the same
/// over all hours as `<variable>_<score>_all_hours`, rank histograms `<variable>_rank_histogram(rank)`,
/// and spectra
/// `<variable>_spectrum_ratio(<variable>_wavelength)`.
/// @throws Error if the file cannot be written
void write_scores_netcdf(const std::filesystem::path& path, const Results& results);

/// One HTML page that needs no other file: tables, curves by hours since the last observation, rank
/// histograms, spectra, and maps of the example hour.
std::string report_html(const Results& results);

}  // namespace foehn::evaluation
