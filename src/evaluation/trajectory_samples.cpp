#include "evaluation/trajectory_samples.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>

namespace foehn::evaluation {
namespace {

/// Where each number of a sample is among those of the summaries; absent ones have none.
std::vector<std::optional<std::size_t>> places_of(const std::vector<TrajectoryStatistic>& kinds,
                                                  const std::vector<TrajectoryStatistic>& sampled) {
  std::vector<std::optional<std::size_t>> places;
  for (const TrajectoryStatistic& kind : kinds) {
    std::optional<std::size_t> first;
    std::size_t next = 0;
    for (const TrajectoryStatistic& one : sampled) {
      if (one.variable == kind.variable && one.name == kind.name) first = next;
      next += one.size();
    }
    for (std::size_t i = 0; i < kind.size(); ++i)
      places.push_back(first ? std::optional(*first + i) : std::nullopt);
  }
  return places;
}

}  // namespace

TrajectorySamples::TrajectorySamples(const std::vector<TrajectoryStatistic>& kinds,
                                     const std::vector<TrajectorySummary>& samples)
    : samples_(samples.size()) {
  if (samples.empty()) return;
  const auto places = places_of(kinds, samples.front().kinds());
  numbers_ = places.size();
  for (const TrajectorySummary& sample : samples)
    for (const auto& place : places)
      values_.push_back(place ? sample.values()[*place] : std::numeric_limits<double>::quiet_NaN());
}

void TrajectorySamples::append(const TrajectorySamples& others) {
  std::vector<double> values;
  for (std::size_t sample = 0; sample < samples_; ++sample) {
    for (std::size_t i = 0; i < numbers_; ++i) values.push_back(at(sample, i));
    for (std::size_t i = 0; i < others.numbers_; ++i) values.push_back(others.at(sample, i));
  }
  numbers_ += others.numbers_;
  values_ = std::move(values);
}

void TrajectorySamples::add(const TrajectorySamples& other) {
  if (values_.empty()) {
    *this = other;
    return;
  }
  std::transform(values_.begin(), values_.end(), other.values_.begin(), values_.begin(), std::plus<>());
}

void TrajectorySamples::append_to(std::vector<double>& packed) const {
  packed.push_back(static_cast<double>(samples_));
  packed.push_back(static_cast<double>(numbers_));
  packed.insert(packed.end(), values_.begin(), values_.end());
}

std::span<const double> TrajectorySamples::take_from(std::span<const double> packed) {
  samples_ = static_cast<std::size_t>(packed[0]);
  numbers_ = static_cast<std::size_t>(packed[1]);
  const auto values = packed.subspan(2, samples_ * numbers_);
  values_.assign(values.begin(), values.end());
  return packed.subspan(2 + values.size());
}

void TrajectorySamples::give_to(std::vector<TrajectoryStatistic>& statistics,
                                const TrajectorySamples& members, std::size_t count,
                                const TrajectorySamples& truth) {
  std::size_t number = 0;
  for (TrajectoryStatistic& statistic : statistics)
    for (std::size_t place = 0; place < statistic.size(); ++place, ++number) {
      if (truth.samples_ == 0 || members.samples_ == 0) continue;
      std::vector<double>& replicates = statistic.replicates.emplace_back();
      const double difference = statistic.members[place] - statistic.truth[place];
      for (std::size_t sample = 1; sample < truth.samples_; ++sample) {
        const double of_members =
            (members.at(sample, number) - members.at(0, number)) / static_cast<double>(count);
        replicates.push_back(difference + of_members - (truth.at(sample, number) - truth.at(0, number)));
      }
      const auto is_defined = [](double value) { return std::isfinite(value); };
      if (std::none_of(replicates.begin(), replicates.end(), is_defined)) replicates.clear();
    }
}

}  // namespace foehn::evaluation
