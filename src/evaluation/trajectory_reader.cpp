#include "evaluation/trajectory_reader.hpp"

#include <algorithm>
#include <limits>

#include "evaluation/hour_fields.hpp"
#include "foehn/core/heartbeat.hpp"

namespace foehn::evaluation {

void TrajectoryReader::read(std::int64_t trajectory,
                            const std::function<void(std::int64_t, const std::vector<double>&)>& use) const {
  const Climatology no_climatology;
  std::vector<Baseline> baselines;
  if (trajectory == interpolation())
    for (const ObservationSeries& series : sources_.observations)
      baselines.emplace_back(sources_, series, no_climatology);
  const std::int64_t chunk_hours = hours_per_chunk(sources_, 1, options_.values_in_memory);
  const std::size_t size =
      sources_.variables().size() * static_cast<std::size_t>(sources_.blocks.fine_cells());
  const std::int64_t end = sources_.first_hour + sources_.hours;
  std::vector<float> values;
  std::vector<double> fields(size);
  for (std::int64_t first = sources_.first_hour; first < end; first += chunk_hours) {
    const std::int64_t count = std::min(chunk_hours, end - first);
    values.resize(static_cast<std::size_t>(count) * size);
    if (is_truth(trajectory))
      read_reference(sources_, first, count, values);
    else if (trajectory != interpolation())
      member(trajectory).read(first, count, values);
    for (std::int64_t hour = first; hour < first + count; ++hour) {
      if (trajectory == interpolation()) {
        std::fill(fields.begin(), fields.end(), std::numeric_limits<double>::quiet_NaN());
        for (Baseline& baseline : baselines) {
          baseline.seek(hour);
          baseline.interpolate(fields);
        }
      } else {
        const auto from = values.begin() + (hour - first) * static_cast<std::int64_t>(size);
        std::copy(from, from + static_cast<std::int64_t>(size), fields.begin());
      }
      use(hour, fields);
    }
    core::beat();
  }
  // A process can keep only so many files open.
  if (!is_truth(trajectory) && trajectory != interpolation()) member(trajectory).rest();
}

}  // namespace foehn::evaluation
