#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>
#include <string>
#include <vector>

#include "foehn/bias/calibration.hpp"
#include "foehn/bias/statistics.hpp"

namespace foehn::bias {

constexpr std::int64_t kDay = 86400;
constexpr auto kCalendar = calendar::Calendar::noleap;

/// Daily fields from 1970-01-01 on, [instant, cell].
struct Record {
  std::vector<double> values;
  std::size_t cells = 1;

  std::size_t days() const { return values.size() / cells; }
  std::span<const double> field(std::size_t day) const {
    return std::span(values).subspan(day * cells, cells);
  }
};

inline Summary summary_of(const Record& record, const Layout& layout) {
  SummaryPass pass(layout, kCalendar);
  for (std::size_t day = 0; day < record.days(); ++day)
    pass.add(record.field(day), static_cast<std::int64_t>(day) * kDay);
  return pass.summary();
}

inline Distribution distribution_of(const Record& record, const Summary& summary, const Bins& bins) {
  HistogramPass pass(summary, bins, kCalendar);
  for (std::size_t day = 0; day < record.days(); ++day)
    pass.add(record.field(day), static_cast<std::int64_t>(day) * kDay);
  return pass.distribution();
}

inline Distribution scenario_of(const Record& record, const Layout& layout, std::int64_t bins) {
  const Summary summary = summary_of(record, layout);
  return distribution_of(record, summary, scenario_bins(summary, bins));
}

inline Calibration calibrate(const Record& observed, const Record& simulated, Kind kind, std::int64_t number,
                             const Layout& layout = {}) {
  const Summary of_observed = summary_of(observed, layout), of_simulated = summary_of(simulated, layout);
  const Bins bins = common_bins(of_observed, of_simulated, number);
  return {"tas", "K", kind, distribution_of(observed, of_observed, bins),
          distribution_of(simulated, of_simulated, bins)};
}

/// Calls correction.apply day after day.
template <class Corrects>
Record corrected(Corrects& correction, Record record) {
  for (std::size_t day = 0; day < record.days(); ++day)
    correction.apply(std::span(record.values).subspan(day * record.cells, record.cells),
                     static_cast<std::int64_t>(day) * kDay, kCalendar);
  return record;
}

/// Evenly spread values of a bell-shaped (skew 0) or a skewed distribution about `middle`, in a fixed jumble.
inline Record bell(std::size_t size, double middle, double spread, double skew = 0) {
  Record record;
  for (std::size_t i = 0; i < size; ++i) {
    const double share = (static_cast<double>(i * 7919 % size) + 0.5) / static_cast<double>(size);
    const double logit = std::log(share / (1 - share));
    record.values.push_back(middle + spread * (logit + skew * logit * logit));
  }
  return record;
}

/// bell plus an annual cycle.
inline Record seasons(std::size_t days, double middle, double spread, double amplitude) {
  Record record = bell(days, middle, spread);
  for (std::size_t day = 0; day < days; ++day)
    record.values[day] += amplitude * std::cos(2 * std::numbers::pi * static_cast<double>(day) / 365);
  return record;
}

inline double mean_of(const Record& record) {
  double sum = 0;
  for (const double value : record.values) sum += value;
  return sum / static_cast<double>(record.values.size());
}

}  // namespace foehn::bias
