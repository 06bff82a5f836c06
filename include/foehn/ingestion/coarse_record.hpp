#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "foehn/bias/daily_times.hpp"
#include "foehn/ingestion/observation_stream.hpp"

namespace foehn::ingestion {

/// Fields of several variables on the observations' grid over time, read instant by instant.
struct CoarseRecord {
  calendar::TimeAxis times;  ///< of means, the middles of their intervals
  bias::DailyTimes daily_times;
  std::vector<std::string> files;                       ///< [variable]: the first one, for messages
  std::function<std::string(std::int64_t cell)> place;  ///< for messages
  std::size_t variables = 0;
  std::int64_t cells = 0;
  std::function<void(std::int64_t index, std::span<float> values)> read;  ///< [variable, cell]
};

/// When in the day the values of a stream or of a record are taken.
bias::DailyTimes daily_times(const io::Sampling& sampling, const calendar::TimeAxis& times);

/// @param stream  must outlive the record
CoarseRecord coarse_record(ObservationStream& stream);

/// Records that lie on the observations' grid already, such as block means of a reanalysis. Reading refuses a
/// missing value, naming file, variable, time and place.
/// @throws Error naming the variable and file that are on another grid, have other instants than the first,
///         are means over another interval, or hold winds along other directions than wanted
CoarseRecord coarse_record(std::vector<Record> records, const grid::Grid& grid);

}  // namespace foehn::ingestion
