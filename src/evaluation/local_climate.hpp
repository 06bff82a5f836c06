#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "foehn/calendar/date_time.hpp"
#include "foehn/evaluation/ranks.hpp"
#include "foehn/evaluation/sources.hpp"

namespace foehn::evaluation {

/// What counts as a tail in one quarter of the year, [variable, y, x].
struct LocalTails {
  static constexpr double kLevel = 0.95;
  static constexpr double kDailyLevel = 0.9;

  std::vector<double> low, high;  ///< quantiles 1 - kLevel and kLevel; NaN where there are no values
  std::vector<double> high_days;  ///< quantile kDailyLevel of daily means; NaN likewise
  bool is_not_scored = false;     ///< they are of other days than those that are scored
};

/// Mean and deviation of the reference in every cell, [variable, y, x], which fields are standardised by, and
/// its tails by season: out of every third hour (or every instant, where they are rarer) of up to 40 days of
/// each quarter, spread evenly. The days of a quarter are those that are not scored, in months that are, if
/// the reference has twenty of them; else those that are scored.
struct LocalClimate {
  std::vector<double> mean;
  std::vector<double> deviation;      ///< 0 where the variable does not vary
  std::array<LocalTails, 4> seasons;  ///< of quarter_of

  const LocalTails& tails(const calendar::DateTime& date) const;
};

/// The same on every rank; absent without a reference. Each rank reads days of its own; the root holds no
/// more than a number of values (4 bytes each, at least one per instant) at a time, so the days are read
/// again where they do not fit.
/// @throws Error if values cannot be read
/// @note Collective.
std::optional<LocalClimate> local_climate(const Sources& sources, std::int64_t values_in_memory,
                                          const Ranks& ranks);

}  // namespace foehn::evaluation
