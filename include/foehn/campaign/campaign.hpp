#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "foehn/calendar/date_time.hpp"
#include "foehn/campaign/cmip6_files.hpp"

namespace foehn::campaign {

/// What a campaign is made of.
struct Settings {
  std::vector<std::string> folders;    ///< that hold the climate models' files
  std::vector<std::string> variables;  ///< of CMIP6, that are read: tas, psl, uas, vas
  std::vector<std::string> tables;     ///< of CMIP6, that they are taken from; empty: any
  std::vector<std::string> models;     ///< empty: all that are found
  std::vector<std::string> variants;   ///< empty: all that are found
  std::vector<std::string> periods;    ///< "ssp585:2050-01-01/2079-12-31", days inclusive
  std::int64_t members = 1;            ///< of each simulation and period
  std::string output;                  ///< folder
};

/// An experiment's days, "2050-01-01", both inclusive.
struct Period {
  std::string experiment, first, last;
  bool operator==(const Period&) const = default;
};

/// @throws core::UsageError naming a text that is not EXPERIMENT:FIRST/LAST
std::vector<Period> parse_periods(const std::vector<std::string>& texts);

/// One trajectory, of some members: what one run of `foehn sample` draws.
struct Job {
  std::string model, variant;
  Period period;
  std::vector<std::filesystem::path> files;  ///< for its variables, those of a variable in order of time
  std::vector<std::string> missing;          ///< why it cannot be run: "no file of uas"; empty if it can

  /// "MPI-ESM1-2-HR_ssp585_r1i1p1f1_20500101-20791231"
  std::string name() const;
  /// Of its members, under the campaign's folder: MODEL/EXPERIMENT/VARIANT/FIRST-LAST.
  std::filesystem::path folder() const;
};

/// Every model and variant in every period of its experiments, by the names of files. Of the files
/// themselves, which `sample` checks, nothing is read. A model that is asked for by name appears with what it
/// misses; one that is only found appears where it has any of the variables.
/// @throws core::UsageError if a variable of a simulation is found on several grids or in several tables
std::vector<Job> expand(const Settings& settings, const std::vector<Cmip6File>& files);

/// The calendar in which a climate model's file counts.
/// @throws core::Error naming the file
calendar::Calendar calendar_of(const std::filesystem::path& file, const std::string& variable);

/// Steps from the first to the last instant of a period's days, both inclusive.
/// @throws core::Error if the calendar does not have one of the days, or a day is no whole number of steps
std::int64_t steps_of(const Period& period, calendar::Calendar calendar, std::int64_t step_seconds);

}  // namespace foehn::campaign
