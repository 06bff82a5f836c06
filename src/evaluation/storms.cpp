#include "evaluation/storms.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "evaluation/great_circle.hpp"

namespace foehn::evaluation {
namespace {

constexpr double kRadius = 500;  // km
constexpr double kDaysPerStorm = 30, kHoursApart = 48, kMostStorms = 24;

}  // namespace

Storms::Storms(const grid::Grid& grid, const TrajectoryShape& shape)
    : cells_(grid::geographic_coordinates(grid)), ny_(shape.ny), nx_(shape.nx) {
  const double step_hours = shape.step_hours > 0 ? shape.step_hours : 1;
  steps_apart_ = static_cast<std::int64_t>(std::ceil(kHoursApart / step_hours));
  const double days = static_cast<double>(shape.hours) * step_hours / 24;
  most_ = static_cast<std::size_t>(std::clamp(std::ceil(days / kDaysPerStorm), 1.0, kMostStorms));
}

void Storms::add(std::int64_t hour, std::span<const double> pressure, std::span<const double> speed) {
  const auto is_nan = [](double value) { return std::isnan(value); };
  if (std::any_of(pressure.begin(), pressure.end(), is_nan) ||
      std::any_of(speed.begin(), speed.end(), is_nan))
    return;
  const auto centre =
      static_cast<std::size_t>(std::min_element(pressure.begin(), pressure.end()) - pressure.begin());
  const std::int64_t y = static_cast<std::int64_t>(centre) / nx_, x = static_cast<std::int64_t>(centre) % nx_;
  if (y == 0 || y == ny_ - 1 || x == 0 || x == nx_ - 1) return;
  keep(low_around(hour, centre, pressure, speed));
}

Storms::Low Storms::low_around(std::int64_t hour, std::size_t centre, std::span<const double> pressure,
                               std::span<const double> speed) const {
  Low low{hour, pressure[centre], -1, 0};
  for (std::size_t cell = 0; cell < speed.size(); ++cell) {
    if (speed[cell] <= low.wind) continue;
    const double distance = kilometres_between(cells_, centre, cell);
    if (distance > kRadius) continue;
    low.wind = speed[cell];
    low.distance = distance;
  }
  return low;
}

/// Keeps a low if it is deeper than the one before it within two days, or than the shallowest of all that are
/// kept.
void Storms::keep(const Low& low) {
  if (!lows_.empty() && low.hour - lows_.back().hour < steps_apart_) {
    if (low.pressure < lows_.back().pressure) lows_.back() = low;
    return;
  }
  lows_.push_back(low);
  if (lows_.size() <= most_ + 1) return;
  // The last one may still deepen: it stays beyond the number until the next one comes.
  lows_.erase(std::max_element(lows_.begin(), lows_.end() - 1,
                               [](const Low& a, const Low& b) { return a.pressure < b.pressure; }));
}

std::vector<Storms::Low> Storms::deepest() const {
  std::vector<Low> lows = lows_;
  if (lows.size() > most_)
    lows.erase(std::max_element(lows.begin(), lows.end(),
                                [](const Low& a, const Low& b) { return a.pressure < b.pressure; }));
  return lows;
}

void Storms::append_sums(std::int64_t first, std::int64_t last, std::vector<double>& sums) const {
  double count = 0, pressure = 0, wind = 0, distance = 0;
  for (const Low& low : deepest()) {
    if (low.hour < first || low.hour >= last) continue;
    ++count;
    pressure += low.pressure;
    wind += low.wind;
    distance += low.distance;
  }
  sums.insert(sums.end(), {count, pressure, wind, distance});
}

void Storms::finish_sums(SumReader& sums, TrajectorySummary& summary) const {
  const double count = sums.next(), pressure = sums.next(), wind = sums.next(), distance = sums.next();
  summary.add("storms", "pressure", "Pa", "lowest pressure at sea level, mean over the deepest lows",
              pressure / count);
  summary.add("storms", "wind", "m s-1",
              "strongest wind within 500 km of the centre, mean over the deepest lows", wind / count);
  summary.add("storms", "wind_distance", "km",
              "distance of the strongest wind from the centre, mean over the deepest lows", distance / count);
}

void Storms::finish(TrajectorySummary& summary) const {
  std::vector<double> sums;
  append_sums(std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max(), sums);
  SumReader reader(sums);
  finish_sums(reader, summary);
  double deepest_pressure = std::numeric_limits<double>::infinity();
  for (const Low& low : lows_) deepest_pressure = std::min(deepest_pressure, low.pressure);
  summary.add("storms", "deepest_pressure", "Pa", "lowest pressure at sea level of the deepest low",
              lows_.empty() ? std::numeric_limits<double>::quiet_NaN() : deepest_pressure);
  summary.explain_missing_interval("days drawn anew hold no deeper low than the deepest");
}

}  // namespace foehn::evaluation
