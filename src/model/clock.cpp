#include "foehn/model/clock.hpp"

#include <ATen/ATen.h>

#include "foehn/model/climatology.hpp"

namespace foehn::model {

at::Tensor date_labels(const Clock& clock, const std::vector<std::int64_t>& first_hours,
                       std::int64_t window_hours) {
  std::vector<double> labels;
  for (const std::int64_t first : first_hours) {
    const std::int64_t seconds = clock.first_seconds + (first + window_hours / 2) * clock.step_seconds;
    for (const Harmonic::Cycle cycle : {Harmonic::Cycle::year, Harmonic::Cycle::day})
      for (const bool is_sine : {true, false})
        labels.push_back(Harmonic{cycle, 1, is_sine}.value(seconds, clock.calendar));
  }
  return at::tensor(labels, at::kDouble).reshape({-1, kDateLabels});
}

}  // namespace foehn::model
