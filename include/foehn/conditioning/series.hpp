#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "foehn/calendar/date_time.hpp"
#include "foehn/conditioning/period.hpp"
#include "foehn/io/coarse_source.hpp"
#include "foehn/observation/interval.hpp"

namespace foehn::conditioning {

/// Observations of some variables at the same times, without their values: which variables are observed when.
/// In a file, or in one that is yet to be prepared.
struct Series {
  std::string name;                     ///< of the file, for messages
  std::vector<std::int64_t> variables;  ///< indices of the trajectory's, rising
  std::int64_t block = 1;               ///< cells per side of a block
  calendar::Calendar calendar = calendar::Calendar::standard;
  bool is_mean = false;
  std::int64_t hour_seconds = 3600;  ///< the trajectory's step
  std::int64_t step_seconds = 0;     ///< from one to the next; 0 if there is only one
  std::vector<io::TimeSpan> spans;   ///< rising; at least one

  /// The first and the last hour that an observation covers, seconds.
  std::int64_t first_seconds() const { return spans.front().begin; }
  std::int64_t last_seconds() const;
};

/// What an open file has of it.
Series series_of(const io::CoarseSource& source, std::int64_t block, std::int64_t hour_seconds);

/// The cells per side of the blocks that a coarse grid's cells are means over.
/// @throws core::Error if the coarse grid is not that of means over square blocks of the fine one
std::int64_t matched_block(const grid::Grid& fine, const grid::Grid& coarse);

/// Each observation's hours of a trajectory, rising: a snapshot covers its own hour, a mean those from its
/// begin up to, but without, its end.
/// @param whose  ends the message: "of the trajectory, which ..."
/// @throws core::Error naming the first observation of another hour
std::vector<observation::Interval> matched_hours(const Series& series, const Period& period,
                                                 const std::string& whose);

}  // namespace foehn::conditioning
