#include "evaluation/local_climate.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>

namespace foehn::evaluation {
namespace {

constexpr std::size_t kMostDays = 40, kFewestDays = 20;
constexpr std::int64_t kSpacing = 3 * 3600;  // s

/// Indices of the reference's instants, day by day.
using Days = std::vector<std::vector<std::int64_t>>;

calendar::DateTime date_of(const calendar::TimeAxis& times, std::int64_t index) {
  return calendar::from_seconds(times.seconds[static_cast<std::size_t>(index)], times.calendar);
}

/// The days of the reference that are scored, or those that are not, in months that are.
Days days_of(const Sources& sources, bool are_scored) {
  const calendar::TimeAxis& times = sources.reference->times();
  const std::int64_t first = sources.first_reference_index;
  const std::int64_t last = first + (sources.hours - 1) * sources.reference_stride;
  std::array<bool, 13> is_month_scored{};
  for (std::int64_t index = first; index <= last; index += sources.reference_stride)
    is_month_scored[static_cast<std::size_t>(date_of(times, index).month)] = true;

  const std::int64_t step = std::max<std::int64_t>(1, sources.reference->step_seconds());
  const std::int64_t stride = std::max<std::int64_t>(1, kSpacing / step);
  Days days;
  std::int64_t day = 0;
  for (std::int64_t index = 0; index < times.size(); index += stride) {
    const bool is_scored = index >= first && index <= last;
    const calendar::DateTime date = date_of(times, index);
    if (is_scored != are_scored || !is_month_scored[static_cast<std::size_t>(date.month)]) continue;
    const std::int64_t this_day = (date.year * 100 + date.month) * 100 + date.day;
    if (days.empty() || this_day != day) days.emplace_back();
    day = this_day;
    days.back().push_back(index);
  }
  return days;
}

Days spread(const Days& days) {
  if (days.size() <= kMostDays) return days;
  Days some;
  for (std::size_t i = 0; i < kMostDays; ++i) some.push_back(days[i * days.size() / kMostDays]);
  return some;
}

double quantile(std::vector<float>& values, double level) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const auto place =
      values.begin() + static_cast<std::ptrdiff_t>(level * static_cast<double>(values.size() - 1) + 0.5);
  std::nth_element(values.begin(), place, values.end());
  return static_cast<double>(*place);
}

}  // namespace

std::optional<LocalClimate> local_climate(const Sources& sources) {
  if (!sources.reference) return std::nullopt;
  const Days others = days_of(sources, false);
  LocalClimate climate;
  climate.is_not_scored = others.size() >= kFewestDays;
  std::vector<std::int64_t> instants;
  for (const auto& day : spread(climate.is_not_scored ? others : days_of(sources, true)))
    instants.insert(instants.end(), day.begin(), day.end());

  const std::size_t size = sources.variables().size() * static_cast<std::size_t>(sources.blocks.fine_cells());
  std::vector<float> fields(instants.size() * size);
  for (std::size_t i = 0; i < instants.size(); ++i)
    sources.reference->read_with_gaps(instants[i], 1, std::span(fields).subspan(i * size, size));
  std::vector<float> values;
  for (std::size_t cell = 0; cell < size; ++cell) {
    double sum = 0, squares = 0;
    values.clear();
    for (std::size_t i = 0; i < instants.size(); ++i) {
      const float value = fields[i * size + cell];
      if (std::isnan(value)) continue;
      values.push_back(value);
      sum += static_cast<double>(value);
    }
    const double mean = sum / static_cast<double>(values.size());
    for (const float value : values) squares += std::pow(static_cast<double>(value) - mean, 2);
    climate.mean.push_back(mean);
    const double deviation = std::sqrt(squares / static_cast<double>(values.size()));
    constexpr double kRounding = 1e-6;  // of float32
    climate.deviation.push_back(deviation > kRounding * std::abs(mean) ? deviation : 0);
    climate.low.push_back(quantile(values, 1 - LocalClimate::kTail));
    climate.high.push_back(quantile(values, LocalClimate::kTail));
  }
  return climate;
}

}  // namespace foehn::evaluation
