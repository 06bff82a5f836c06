#include "evaluation/reliability.hpp"

#include <cmath>
#include <limits>

namespace foehn::evaluation {

std::optional<EventReliability> finish(const EventSums& sums) {
  double count = 0, occurred = 0;
  for (std::size_t k = 0; k < sums.forecasts.size(); ++k) {
    count += sums.forecasts[k];
    occurred += sums.occurrences[k];
  }
  if (count == 0) return std::nullopt;
  EventReliability event;
  const auto members = static_cast<double>(sums.forecasts.size() - 1);
  const double base_rate = occurred / count;
  double chance = 0;  // what few members add to the Brier score by chance
  for (std::size_t k = 0; k < sums.forecasts.size(); ++k) {
    const double forecasts = sums.forecasts[k], occurrences = sums.occurrences[k];
    const double probability = static_cast<double>(k) / members;
    const double frequency =
        forecasts > 0 ? occurrences / forecasts : std::numeric_limits<double>::quiet_NaN();
    event.probability.push_back(probability);
    event.forecasts.push_back(forecasts / count);
    event.frequency.push_back(frequency);
    if (forecasts == 0) continue;
    event.brier_score +=
        (forecasts * probability * probability - 2 * probability * occurrences + occurrences) / count;
    event.reliability += forecasts / count * std::pow(probability - frequency, 2);
    event.resolution += forecasts / count * std::pow(frequency - base_rate, 2);
    chance += forecasts / count * probability * (1 - probability) / (members - 1);
  }
  event.base_rate = base_rate;
  event.uncertainty = base_rate * (1 - base_rate);
  if (members > 1) event.fair_brier_score = event.brier_score - chance;
  return event;
}

}  // namespace foehn::evaluation
