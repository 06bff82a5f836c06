#include "foehn/bias/cumulative_histogram.hpp"

#include <algorithm>

namespace foehn::bias {

CumulativeHistogram::CumulativeHistogram(const Distribution& distribution) : bins_(distribution.bins) {
  const auto slots = static_cast<std::size_t>(distribution.summary.layout.slots());
  const auto number = static_cast<std::size_t>(bins_.number);
  cumulative_.reserve(slots * (number + 1));
  for (std::size_t slot = 0; slot < slots; ++slot) {
    // Slots of months that a scenario lacks have no values, and are not asked.
    const double total = std::max(distribution.summary.count[slot], 1.0);
    double below = 0;
    cumulative_.push_back(0);
    for (std::size_t bin = 0; bin < number; ++bin) {
      below += distribution.counts[slot * number + bin];
      cumulative_.push_back(below / total);
    }
  }
}

double CumulativeHistogram::probability(std::int64_t slot, double value) const {
  const auto at = static_cast<std::size_t>(slot);
  if (value <= bins_.lower[at]) return 0;
  if (value >= bins_.upper[at]) return 1;
  const std::int64_t bin = bins_.bin_of(slot, value);
  const double left = bins_.edge(slot, bin), right = bins_.edge(slot, bin + 1);
  const double* cumulative = &cumulative_[at * static_cast<std::size_t>(bins_.number + 1)];
  return cumulative[bin] + (cumulative[bin + 1] - cumulative[bin]) / (right - left) * (value - left);
}

double CumulativeHistogram::quantile(std::int64_t slot, double probability) const {
  const double* first = &cumulative_[static_cast<std::size_t>(slot * (bins_.number + 1))];
  const double* last = first + bins_.number + 1;
  if (probability >= 1) return bins_.edge(slot, std::lower_bound(first, last, 1.0) - first);
  // The last edge is at 1, the first at 0: there is an edge above the probability, and one that is not.
  const double* above = std::upper_bound(first, last, probability);
  const std::int64_t bin = above - first - 1;
  const double left = bins_.edge(slot, bin), right = bins_.edge(slot, bin + 1);
  return left + (right - left) / (*above - above[-1]) * (probability - above[-1]);
}

}  // namespace foehn::bias
