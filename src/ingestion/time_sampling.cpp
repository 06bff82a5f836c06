#include "foehn/ingestion/time_sampling.hpp"

namespace foehn::ingestion {

calendar::TimeAxis middles(const io::Sampling& sampling, calendar::TimeAxis times) {
  const std::int64_t middle = (sampling.interval.begin_seconds + sampling.interval.end_seconds) / 2;
  for (std::int64_t& seconds : times.seconds) seconds += middle;
  return times;
}

calendar::TimeAxis covered(const io::Sampling& sampling, const calendar::TimeAxis& times) {
  const std::int64_t last_second = sampling.kind == io::TimeSampling::mean ? 1 : 0;
  return {times.calendar,
          {times.seconds.front() + sampling.interval.begin_seconds,
           times.seconds.back() + sampling.interval.end_seconds - last_second}};
}

}  // namespace foehn::ingestion
