#pragma once

#include "foehn/calendar/time_axis.hpp"
#include "foehn/io/time_cells.hpp"

namespace foehn::ingestion {

using io::Sampling;
using io::TimeSampling;

/// The middle of what each value is of, which says what month and year it belongs to: of snapshots their
/// times.
calendar::TimeAxis middles(const Sampling& sampling, calendar::TimeAxis times);

/// The first and the last second that the values are of: of snapshots their first and last time, of means
/// from the first one's begin to before the last one's end.
calendar::TimeAxis covered(const Sampling& sampling, const calendar::TimeAxis& times);

}  // namespace foehn::ingestion
