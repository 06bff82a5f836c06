#include "evaluation/local_climate.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <span>

#include "evaluation/seasonal_climate.hpp"
#include "evaluation/share_out.hpp"
#include "foehn/core/heartbeat.hpp"

namespace foehn::evaluation {
namespace {

constexpr std::size_t kMostDays = 40, kFewestDays = 20;
constexpr std::int64_t kSpacing = 3 * 3600;  // s
constexpr std::size_t kQuarters = 4;

/// Instants of the reference that are of one day.
struct Day {
  std::size_t quarter = 0;
  std::vector<std::int64_t> instants;  ///< indices
};

calendar::DateTime date_at(const calendar::TimeAxis& times, std::int64_t index) {
  return calendar::from_seconds(times.seconds[static_cast<std::size_t>(index)], times.calendar);
}

/// The days of the reference that are scored, or those that are not, in months that are.
std::vector<Day> days_of(const Sources& sources, bool are_scored) {
  const calendar::TimeAxis& times = sources.reference->times();
  const std::int64_t first = sources.first_reference_index;
  const std::int64_t last = first + (sources.hours - 1) * sources.reference_stride;
  std::array<bool, 13> is_month_scored{};
  for (std::int64_t index = first; index <= last; index += sources.reference_stride)
    is_month_scored[static_cast<std::size_t>(date_at(times, index).month)] = true;

  const std::int64_t step = std::max<std::int64_t>(1, sources.reference->step_seconds());
  const std::int64_t stride = std::max<std::int64_t>(1, kSpacing / step);
  std::vector<Day> days;
  std::int64_t day = 0;
  for (std::int64_t index = 0; index < times.size(); index += stride) {
    const bool is_scored = index >= first && index <= last;
    const calendar::DateTime date = date_at(times, index);
    if (is_scored != are_scored || !is_month_scored[static_cast<std::size_t>(date.month)]) continue;
    const std::int64_t this_day = (date.year * 100 + date.month) * 100 + date.day;
    if (days.empty() || this_day != day) days.push_back({quarter_of(date.month), {}});
    day = this_day;
    days.back().instants.push_back(index);
  }
  return days;
}

std::vector<Day> of_quarter(const std::vector<Day>& days, std::size_t quarter) {
  std::vector<Day> some;
  std::copy_if(days.begin(), days.end(), std::back_inserter(some),
               [&](const Day& day) { return day.quarter == quarter; });
  return some;
}

/// Which days the climate is taken from, one quarter after the other.
struct Choice {
  std::vector<Day> days;
  std::array<bool, kQuarters> is_not_scored{};

  std::int64_t instants() const {
    std::int64_t count = 0;
    for (const Day& day : days) count += static_cast<std::int64_t>(day.instants.size());
    return count;
  }
};

Choice choose_days(const Sources& sources) {
  const std::vector<Day> scored = days_of(sources, true), others = days_of(sources, false);
  Choice choice;
  for (std::size_t quarter = 0; quarter < kQuarters; ++quarter) {
    std::vector<Day> days = of_quarter(others, quarter);
    choice.is_not_scored[quarter] = days.size() >= kFewestDays;
    if (!choice.is_not_scored[quarter]) days = of_quarter(scored, quarter);
    const std::size_t count = std::min(kMostDays, days.size());
    for (std::size_t i = 0; i < count; ++i) choice.days.push_back(days[i * days.size() / count]);
  }
  return choice;
}

/// Some of the values of an hour, which are [variable, y, x].
struct Part {
  std::size_t first = 0, count = 0;
};

/// A part of the fields of a day's instants, [instant, value].
std::vector<double> read_part(const Sources& sources, const Day& day, const Part& part) {
  const std::size_t size = sources.variables().size() * static_cast<std::size_t>(sources.blocks.fine_cells());
  std::vector<float> fields(size);
  std::vector<double> values;
  for (const std::int64_t instant : day.instants) {
    sources.reference->read_with_gaps(instant, 1, fields);
    const auto from = fields.begin() + static_cast<std::ptrdiff_t>(part.first);
    values.insert(values.end(), from, from + static_cast<std::ptrdiff_t>(part.count));
  }
  core::beat();
  return values;
}

double quantile(std::vector<float>& values, double level) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const auto place =
      values.begin() + static_cast<std::ptrdiff_t>(level * static_cast<double>(values.size() - 1) + 0.5);
  std::nth_element(values.begin(), place, values.end());
  return static_cast<double>(*place);
}

/// Values by quarter of the year, NaN left out.
using ByQuarter = std::array<std::vector<float>, kQuarters>;

/// Adds one cell's statistics. @param means  those of days
void add_cell(LocalClimate& climate, ByQuarter& quarters, ByQuarter& means) {
  double sum = 0, squares = 0, count = 0;
  for (const auto& values : quarters)
    for (const float value : values) {
      sum += static_cast<double>(value);
      ++count;
    }
  const double mean = sum / count;
  for (const auto& values : quarters)
    for (const float value : values) squares += std::pow(static_cast<double>(value) - mean, 2);
  climate.mean.push_back(mean);
  const double deviation = std::sqrt(squares / count);
  constexpr double kRounding = 1e-6;  // of float32
  climate.deviation.push_back(deviation > kRounding * std::abs(mean) ? deviation : 0);
  for (std::size_t quarter = 0; quarter < kQuarters; ++quarter) {
    climate.seasons[quarter].low.push_back(quantile(quarters[quarter], 1 - LocalTails::kLevel));
    climate.seasons[quarter].high.push_back(quantile(quarters[quarter], LocalTails::kLevel));
    climate.seasons[quarter].high_days.push_back(quantile(means[quarter], LocalTails::kDailyLevel));
  }
}

/// Adds the statistics of a part of the values. @param values  [instant, value], the days one after the other
void add_part(LocalClimate& climate, const std::vector<Day>& days, const std::vector<float>& values,
              std::size_t count) {
  ByQuarter quarters, means;
  for (std::size_t place = 0; place < count; ++place) {
    for (auto* all : {&quarters, &means})
      for (auto& each : *all) each.clear();
    std::size_t instant = 0;
    for (const Day& day : days) {
      double sum = 0;
      for (std::size_t i = 0; i < day.instants.size(); ++i, ++instant) {
        const float value = values[instant * count + place];
        sum += static_cast<double>(value);
        if (!std::isnan(value)) quarters[day.quarter].push_back(value);
      }
      const auto mean = static_cast<float>(sum / static_cast<double>(day.instants.size()));
      if (!std::isnan(mean)) means[day.quarter].push_back(mean);
    }
    add_cell(climate, quarters, means);
  }
}

/// Makes the climate of every rank that of the root.
void broadcast(LocalClimate& climate, const Ranks& ranks) {
  ranks.broadcast(climate.mean);
  ranks.broadcast(climate.deviation);
  for (LocalTails& tails : climate.seasons) {
    ranks.broadcast(tails.low);
    ranks.broadcast(tails.high);
    ranks.broadcast(tails.high_days);
  }
}

}  // namespace

const LocalTails& LocalClimate::tails(const calendar::DateTime& date) const {
  return seasons[quarter_of(date.month)];
}

std::optional<LocalClimate> local_climate(const Sources& sources, std::int64_t values_in_memory,
                                          const Ranks& ranks) {
  if (!sources.reference) return std::nullopt;
  const Choice choice = choose_days(sources);
  const std::size_t size = sources.variables().size() * static_cast<std::size_t>(sources.blocks.fine_cells());
  const auto most = static_cast<std::size_t>(
      std::max<std::int64_t>(1, values_in_memory / std::max<std::int64_t>(1, choice.instants())));
  LocalClimate climate;
  for (Part part{0, 0}; part.first < size; part.first += part.count) {
    part.count = std::min(most, size - part.first);
    std::vector<float> values;
    if (ranks.is_root()) values.reserve(part.count * static_cast<std::size_t>(choice.instants()));
    share_out(
        ranks, static_cast<std::int64_t>(choice.days.size()),
        [&](std::int64_t day) {
          return read_part(sources, choice.days[static_cast<std::size_t>(day)], part);
        },
        [&](std::int64_t, std::span<const double> of_day) {
          for (const double value : of_day) values.push_back(static_cast<float>(value));
        });
    if (ranks.is_root()) add_part(climate, choice.days, values, part.count);
  }
  broadcast(climate, ranks);
  for (std::size_t quarter = 0; quarter < kQuarters; ++quarter)
    climate.seasons[quarter].is_not_scored = choice.is_not_scored[quarter];
  return climate;
}

}  // namespace foehn::evaluation
