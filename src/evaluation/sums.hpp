#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "foehn/evaluation/scores.hpp"

namespace foehn::evaluation {

/// Fair threshold-weighted CRPS of the tails; only where there are local thresholds from hours that are not
/// scored.
struct TailSums {
  double count = 0;  ///< sum of weights
  double upper = 0, lower = 0;
};

/// Sums over a set of hours, for one variable.
struct HourSums {
  explicit HourSums(std::int64_t members) : ensemble(members) {}

  std::int64_t hours = 0;
  EnsembleSums ensemble;
  ErrorSums interpolation;
  ErrorSums anomaly_interpolation;
  ErrorSums climatology;
  TailSums tails;
};

/// Sums of spatial power over hours, one per ring, for one variable.
struct SpectrumSums {
  explicit SpectrumSums(std::size_t rings) : truth(rings), members(rings), interpolation(rings) {}

  std::int64_t hours = 0;
  std::vector<double> truth, members, interpolation;
};

/// Sums of values and of their squares, each with a weight.
struct Moments {
  void add(double value, double weight = 1) {
    sum += weight * value;
    squares += weight * (value * value);
    count += weight;
  }
  double mean() const { return sum / count; }
  double variance() const {
    const double result = squares / count - mean() * mean();
    return result < 0 ? 0 : result;  // keeping what is not a number
  }

  double count = 0;  ///< sum of weights
  double sum = 0, squares = 0;
};

/// Increments from the hour before.
struct IncrementSums {
  std::int64_t hours = 0;
  Moments truth, members, interpolation;
};

/// How far block means lie from the observations.
struct AgreementSums {
  ErrorSums errors;
  std::int64_t values = 0;   ///< observations
  std::int64_t missing = 0;  ///< those of them that are missing
};

/// Forecasts of an event by the number of members that have it, [members + 1]: the weight of all, and of
/// those in which the truth has it.
struct EventSums {
  explicit EventSums(std::int64_t members)
      : forecasts(static_cast<std::size_t>(members + 1), 0), occurrences(forecasts) {}

  std::vector<double> forecasts, occurrences;
};

/// Structural similarity to the truth, summed over fields where it is defined.
struct SimilaritySums {
  std::int64_t member_fields = 0, interpolation_fields = 0;
  double members = 0, interpolation = 0;
};

/// What one block of hours gives of one variable.
struct VariableSums {
  VariableSums(std::int64_t members, std::int64_t period, std::size_t rings)
      : all_hours(members),
        by_hours_since_observation(static_cast<std::size_t>(period), HourSums(members)),
        by_month(12, HourSums(members)),
        by_hour_of_day(24, HourSums(members)),
        increments(static_cast<std::size_t>(period)),
        spectrum(rings),
        above(members),
        below(members) {}

  HourSums all_hours;
  std::vector<HourSums> by_hours_since_observation, by_month, by_hour_of_day;
  std::vector<IncrementSums> increments;
  SpectrumSums spectrum;
  AgreementSums agreement;
  EventSums above, below;  ///< the truth's local and seasonal quantiles; counted where there is a reference
  SimilaritySums similarity;
};

/// Sums of two standardised variables, and of the weights of their tails.
struct PairSums {
  void add(double a, double b, bool is_high, bool is_other_high, double weight) {
    count += weight;
    first += weight * a;
    second += weight * b;
    first_squared += weight * (a * a);
    second_squared += weight * (b * b);
    product += weight * (a * b);
    high += is_high ? weight : 0;
    other_high += is_other_high ? weight : 0;
    both_high += is_high && is_other_high ? weight : 0;
  }

  double count = 0;
  double first = 0, second = 0, first_squared = 0, second_squared = 0, product = 0;
  double high = 0, other_high = 0, both_high = 0;
};

/// How variables, neighbouring cells and hours vary together.
struct JointSums {
  explicit JointSums(std::size_t variables) : truth(variables * (variables - 1) / 2), members(truth.size()) {}

  std::int64_t tiles = 0;  ///< that are scored, hour by hour
  double energy = 0, variogram = 0;
  std::vector<PairSums> truth, members;  ///< of the pairs (0, 1), (0, 2), ..., (1, 2), ...
};

/// What a block of hours gives.
struct BlockSums {
  std::vector<VariableSums> variables;
  JointSums joint;
};

// A kind of sums shows its numbers one by one to a visitor, always in the same order: all that adding,
// packing and unpacking need.

template <class S, class Kind>
concept SumsOf = std::same_as<std::remove_const_t<S>, Kind>;

template <SumsOf<ErrorSums> S, class F>
void visit_numbers(S& sums, F&& visit) {
  visit(sums.count);
  visit(sums.error);
  visit(sums.absolute);
  visit(sums.squared);
}

template <SumsOf<EnsembleSums> S, class F>
void visit_numbers(S& sums, F&& visit) {
  visit_numbers(sums.mean, visit);
  visit(sums.ensembles);
  visit(sums.fair_crps);
  visit(sums.variance);
  for (auto& rank : sums.ranks) visit(rank);
}

template <SumsOf<TailSums> S, class F>
void visit_numbers(S& sums, F&& visit) {
  visit(sums.count);
  visit(sums.upper);
  visit(sums.lower);
}

template <SumsOf<HourSums> S, class F>
void visit_numbers(S& sums, F&& visit) {
  visit(sums.hours);
  visit_numbers(sums.ensemble, visit);
  visit_numbers(sums.interpolation, visit);
  visit_numbers(sums.anomaly_interpolation, visit);
  visit_numbers(sums.climatology, visit);
  visit_numbers(sums.tails, visit);
}

template <SumsOf<SpectrumSums> S, class F>
void visit_numbers(S& sums, F&& visit) {
  visit(sums.hours);
  for (auto* rings : {&sums.truth, &sums.members, &sums.interpolation})
    for (auto& power : *rings) visit(power);
}

template <SumsOf<Moments> S, class F>
void visit_numbers(S& sums, F&& visit) {
  visit(sums.count);
  visit(sums.sum);
  visit(sums.squares);
}

template <SumsOf<IncrementSums> S, class F>
void visit_numbers(S& sums, F&& visit) {
  visit(sums.hours);
  visit_numbers(sums.truth, visit);
  visit_numbers(sums.members, visit);
  visit_numbers(sums.interpolation, visit);
}

template <SumsOf<AgreementSums> S, class F>
void visit_numbers(S& sums, F&& visit) {
  visit_numbers(sums.errors, visit);
  visit(sums.values);
  visit(sums.missing);
}

template <SumsOf<EventSums> S, class F>
void visit_numbers(S& sums, F&& visit) {
  for (auto* counts : {&sums.forecasts, &sums.occurrences})
    for (auto& count : *counts) visit(count);
}

template <SumsOf<SimilaritySums> S, class F>
void visit_numbers(S& sums, F&& visit) {
  visit(sums.member_fields);
  visit(sums.interpolation_fields);
  visit(sums.members);
  visit(sums.interpolation);
}

template <SumsOf<VariableSums> S, class F>
void visit_numbers(S& sums, F&& visit) {
  visit_numbers(sums.all_hours, visit);
  for (auto* rows : {&sums.by_hours_since_observation, &sums.by_month, &sums.by_hour_of_day})
    for (auto& row : *rows) visit_numbers(row, visit);
  for (auto& row : sums.increments) visit_numbers(row, visit);
  visit_numbers(sums.spectrum, visit);
  visit_numbers(sums.agreement, visit);
  for (auto* event : {&sums.above, &sums.below}) visit_numbers(*event, visit);
  visit_numbers(sums.similarity, visit);
}

template <SumsOf<PairSums> S, class F>
void visit_numbers(S& sums, F&& visit) {
  visit(sums.count);
  for (auto* sum : {&sums.first, &sums.second, &sums.first_squared, &sums.second_squared, &sums.product})
    visit(*sum);
  for (auto* count : {&sums.high, &sums.other_high, &sums.both_high}) visit(*count);
}

template <SumsOf<JointSums> S, class F>
void visit_numbers(S& sums, F&& visit) {
  visit(sums.tiles);
  visit(sums.energy);
  visit(sums.variogram);
  for (auto* pairs : {&sums.truth, &sums.members})
    for (auto& pair : *pairs) visit_numbers(pair, visit);
}

template <SumsOf<BlockSums> S, class F>
void visit_numbers(S& sums, F&& visit) {
  for (auto& variable : sums.variables) visit_numbers(variable, visit);
  visit_numbers(sums.joint, visit);
}

/// How many numbers some sums have.
template <class Sums>
std::size_t count_numbers(const Sums& sums) {
  std::size_t count = 0;
  visit_numbers(sums, [&](const auto&) { ++count; });
  return count;
}

/// Appends the numbers of some sums; counts are exact up to 2^53.
template <class Sums>
void append_packed(std::vector<double>& numbers, const Sums& sums) {
  numbers.reserve(numbers.size() + count_numbers(sums));
  visit_numbers(sums, [&](const auto& number) { numbers.push_back(static_cast<double>(number)); });
}

/// The numbers of some sums.
template <class Sums>
std::vector<double> pack(const Sums& sums) {
  std::vector<double> numbers;
  append_packed(numbers, sums);
  return numbers;
}

/// Adds sums of the same kind and shape that were packed.
template <class Sums>
void add_packed(Sums& sums, std::span<const double> packed) {
  auto next = packed.begin();
  visit_numbers(sums, [&](auto& number) { number += static_cast<std::decay_t<decltype(number)>>(*next++); });
}

/// Adds sums of the same kind and shape.
template <class Sums>
void add(Sums& sums, const Sums& others) {
  add_packed(sums, pack(others));
}

/// Sums without a count.
/// @param rings  of the spatial spectrum
inline BlockSums no_sums(std::size_t variables, std::int64_t members, std::int64_t period,
                         std::size_t rings) {
  return {{variables, VariableSums(members, period, rings)}, JointSums(variables)};
}

}  // namespace foehn::evaluation
