#include "evaluation/wind_statistics.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace foehn::evaluation {
namespace {

constexpr const char* kName = "wind_power";

std::size_t cells_of(const TrajectoryShape& shape) {
  return static_cast<std::size_t>(shape.ny * shape.nx);
}

}  // namespace

WindStatistics::WindStatistics(const PowerCurve& curve, const TrajectoryShape& shape)
    : curve_(curve),
      step_hours_(shape.step_hours),
      cells_(cells_of(shape)),
      powers_(0),
      ramps_(shape.step_hours),
      low_(cells_, 1),
      day_long_(cells_, static_cast<std::int64_t>(std::ceil(24 / shape.step_hours))) {}

void WindStatistics::add(const calendar::DateTime& date, std::span<const double> speeds) {
  const double cut_in = curve_.cut_in();
  std::vector<double> powers(speeds.size(), std::numeric_limits<double>::quiet_NaN());
  for (std::size_t cell = 0; cell < speeds.size(); ++cell) {
    const bool is_low = curve_.hub_speed(speeds[cell]) < cut_in;
    low_.add(cell, is_low);
    day_long_.add(cell, is_low);
    if (std::isnan(speeds[cell])) continue;
    powers[cell] = curve_.power(speeds[cell]);
    power_.add(powers[cell]);
    powers_.add(powers[cell]);
    cycle_.add(date.hour, powers[cell]);
  }
  ramps_.add(powers);
}

void WindStatistics::end() {
  low_.finish();
  day_long_.finish();
}

void WindStatistics::append_sums(std::vector<double>& sums) const {
  append_packed(sums, power_);
  ramps_.append_sums(sums);
  for (const std::int64_t count : {low_.count(), low_.steps(), day_long_.count()})
    sums.push_back(static_cast<double>(count));
}

void WindStatistics::finish_sums(SumReader& sums, TrajectorySummary& summary) const {
  const auto power = sums.next<Moments>();
  const std::vector<double> ramps = ramps_.deviations(sums);
  const double spells = sums.next(), steps = sums.next(), day_long = sums.next();
  const bool has_wind = power.count > 0;
  const std::string low = low_wind();
  const auto add = [&](const char* name, const char* units, const std::string& meaning, double value) {
    summary.add(kName, name, units, meaning, has_wind ? value : std::numeric_limits<double>::quiet_NaN());
  };
  add("capacity_factor", "1", "mean power over rated power", power.mean());
  summary.add_curve(kName, "ramp_deviation", "1", "standard deviation of changes of power over rated power",
                    "ramp_hours", ramps_.hours(), ramps);
  add("low_wind_fraction", "1", "part of the hours with " + low, steps / power.count);
  add("low_wind_spell_mean", "h", "mean length of spells with " + low,
      spells == 0 ? 0 : step_hours_ * steps / spells);
  add("low_wind_spells_24h", "1", "spells of 24 h or more per cell with " + low,
      day_long / static_cast<double>(cells_));
}

void WindStatistics::finish(TrajectorySummary& summary) {
  end();
  finish_own_sums(*this, summary);
  std::vector<double> hours;
  for (int hour = 0; hour < 24; ++hour) hours.push_back(hour);
  summary.add_curve(kName, "daily_cycle", "1", "capacity factor by hour of the day (UTC)", "hour_of_day",
                    hours, cycle_.means());
  summary.explain_missing_interval(kNotInBlocks);
  std::vector<double> percent, exceeded;
  for (int part = 0; part <= 100; part += 2) {
    percent.push_back(part);
    exceeded.push_back(powers_.quantile(1 - part / 100.0));
  }
  summary.add_curve(kName, "duration", "1",
                    "power over rated power that is exceeded for this part of the time", "exceeded_percent",
                    percent, exceeded);
  summary.explain_missing_interval(kNotInBlocks);
  summary.add_curve(kName, "ramp_quantile_99", "1", "99 % quantile of the size of changes", "ramp_hours",
                    ramps_.hours(), ramps_.quantiles(0.99));
  summary.explain_missing_interval(kNotInBlocks);
  summary.add(kName, "low_wind_spell_longest", "h", "longest spell of any cell with " + low_wind(),
              power_.count > 0 ? step_hours_ * static_cast<double>(low_.longest())
                               : std::numeric_limits<double>::quiet_NaN());
  summary.explain_missing_interval(kNoLongerSpell);
}

std::string WindStatistics::low_wind() const {
  return fmt::format("hub wind below {:g} m s-1", curve_.cut_in());
}

}  // namespace foehn::evaluation
