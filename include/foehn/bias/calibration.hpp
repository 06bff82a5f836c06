#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "foehn/bias/daily_times.hpp"
#include "foehn/bias/statistics.hpp"
#include "foehn/grid/grid.hpp"

namespace foehn::bias {

/// How a correction acts on a value: by a difference, or by a factor (for quantities with a true zero, such
/// as precipitation and wind speed).
enum class Kind { additive, multiplicative };

/// @param name  "additive" or "+", "multiplicative" or "*"
/// @throws Error naming the kind and the known ones
Kind parse_kind(const std::string& name);
std::string kind_name(Kind kind);

/// What a correction of one variable knows of the past: how the reference and the simulation are distributed
/// over a common period. It serves every scenario of that simulation.
///
/// Made in two passes over each record, in memory that depends on cells, months and bins alone:
/// SummaryPass for both, common_bins of the two summaries, HistogramPass for both.
struct Calibration {
  std::string variable;  ///< name, such as "tas"
  std::string units;     ///< of both records, such as "K"
  Kind kind = Kind::additive;
  Distribution observed;
  Distribution simulated;
  DailyTimes daily_times{};        ///< of both records
  std::string standard_name = "";  ///< of the variable, which tells winds along the grid from geographic ones
  bool operator==(const Calibration&) const = default;
};

/// Checks all that a correction relies on.
/// The simulation may lack cells, which are missing all the time and in its scenarios too.
/// @throws Error naming the variable, and cell and month where a distribution has too few values or only one;
///         for layouts or bins that differ between observed and simulated; for counts that are not those of
///         the summary; for negative values of a multiplicative kind
void check_calibration(const Calibration& calibration);

/// What calibrations were made of, so that they are used for nothing else.
struct Origin {
  grid::Grid grid;                       ///< whose cells are those of the distributions
  std::string first_date, last_date;     ///< of the simulation, in its calendar: "1985-01-01T00:00:00"
  std::string source_id, experiment_id;  ///< of the simulation; empty where its files do not say
  std::string simulated_files, reference_files;  ///< names
  std::string regridding;                        ///< how the simulation came onto the grid: "bilinear"
};

/// What a file of statistics holds.
struct CalibrationFile {
  Origin origin;
  std::vector<Calibration> calibrations;
};

/// Writes one NetCDF file, whole or not at all: per variable the common bins' ends, and of observations and
/// simulation the least, mean and greatest value and the histogram, [variable, group, cell(, bin)]; and what
/// they were made of.
/// @throws Error if a calibration is unsound, the layouts or the numbers of bins differ, cells are not those
///         of the grid, or there are more than 2^27 counts
void write_calibrations(const std::filesystem::path& path, const CalibrationFile& content);

/// Reads what write_calibrations wrote, bit for bit.
/// @throws Error naming the file if it is missing, truncated, not a calibration, of another version of the
///         layout, larger than its bounds, or holds what check_calibration refuses
CalibrationFile read_calibrations(const std::filesystem::path& path);

}  // namespace foehn::bias
