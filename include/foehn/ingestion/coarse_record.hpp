#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "foehn/ingestion/observation_stream.hpp"

namespace foehn::ingestion {

/// Fields of several variables on the observations' grid over time, read instant by instant.
struct CoarseRecord {
  calendar::TimeAxis times;
  std::size_t variables = 0;
  std::int64_t cells = 0;
  std::function<void(std::int64_t index, std::span<float> values)> read;  ///< [variable, cell]
};

/// @param stream  must outlive the record
CoarseRecord coarse_record(ObservationStream& stream);

/// Records that lie on the observations' grid already, such as block means of a reanalysis. Reading refuses a
/// missing value, naming file, variable, time and place.
/// @throws Error naming the variable and file that are on another grid, or have other instants than the first
CoarseRecord coarse_record(std::vector<Record> records, const grid::Grid& grid);

}  // namespace foehn::ingestion
