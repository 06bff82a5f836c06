#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace foehn::tuning {

/// A number that is searched, evenly in its logarithm.
struct Dimension {
  std::string name;
  double least = 0, most = 0;  ///< both positive
  /// Dimensions of one group have the same place in their ranges in the random trials.
  int group = 0;
  /// Whose score alone tells of this number; absent: all variables' together.
  std::optional<std::size_t> variable = std::nullopt;
};

struct SearchOptions {
  std::int64_t random = 8;  ///< trials all over the ranges, at least one
  std::int64_t local = 8;   ///< trials around the best, after them
  /// Local trials that follow from the same trials before; so many teams can draw at once.
  std::int64_t round = 4;
  std::int64_t seed = 0;

  std::int64_t trials() const { return random + local; }
};

/// What was tried, and what came of it.
struct Tried {
  std::vector<double> values;  ///< of the dimensions
  /// Losses of each variable and of all together, the smaller the better; infinite if the trial failed.
  std::vector<double> losses;
  double loss = std::numeric_limits<double>::infinity();
};

/// The trials that are drawn from the same trials before: [first, end) around a number. Random trials are one
/// round.
struct Round {
  std::int64_t first = 0, end = 0;
};
Round round_of(std::int64_t number, const SearchOptions& options);

/// The values of a trial, rounded to three digits.
///
/// Random trials are a Latin hypercube in the logarithms of the values: each group of dimensions has every
/// part of its range in one trial. Local trials begin with the best values found, put together from the best
/// trial of each variable where a dimension is of one, if that has not been tried; others are pairs on either
/// side of it, at most a radius away in each dimension. The radius is a quarter of the range, halved by each
/// round before that found nothing better.
///
/// It depends on the number, the options and `before` alone, not on who draws the trial when.
///
/// @param start   trial 0; absent: a random one
/// @param before  all trials of the rounds before this one's, in order
/// @pre    before.size() == round_of(number, options).first
std::vector<double> propose(const std::vector<Dimension>& dimensions, const SearchOptions& options,
                            const std::optional<std::vector<double>>& start, std::span<const Tried> before,
                            std::int64_t number);

/// The first trial of the least loss; nothing if all failed.
std::optional<std::size_t> best_of(std::span<const Tried> trials);

}  // namespace foehn::tuning
