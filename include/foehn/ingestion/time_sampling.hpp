#pragma once

#include "foehn/calendar/time_axis.hpp"
#include "foehn/io/time_cells.hpp"

namespace foehn::ingestion {

/// The middle of the time that each value stands for, which decides its month and year: for snapshots, their
/// times.
calendar::TimeAxis middles(const io::Sampling& sampling, calendar::TimeAxis times);

/// The first and the last second that the values stand for: for snapshots their first and last time, for
/// means from the beginning of the first one to just before the end of the last one.
calendar::TimeAxis covered(const io::Sampling& sampling, const calendar::TimeAxis& times);

}  // namespace foehn::ingestion
