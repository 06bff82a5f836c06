#include "evaluation/storms.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "foehn/grid/rotation.hpp"

namespace foehn::evaluation {
namespace {

constexpr double kRadius = 500, kEarthRadiusKm = 6371;  // km
constexpr double kDaysPerStorm = 30, kHoursApart = 48, kMostStorms = 24;

double distance_km(double latitude, double longitude, double other_latitude, double other_longitude) {
  const auto haversine = [](double degrees) { return std::pow(std::sin(degrees * grid::kRadians / 2), 2); };
  const double part = haversine(other_latitude - latitude) + std::cos(latitude * grid::kRadians) *
                                                                 std::cos(other_latitude * grid::kRadians) *
                                                                 haversine(other_longitude - longitude);
  return 2 * kEarthRadiusKm * std::asin(std::sqrt(std::min(1.0, part)));
}

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
    const double distance = distance_km(cells_.latitude[centre], cells_.longitude[centre],
                                        cells_.latitude[cell], cells_.longitude[cell]);
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

void Storms::finish(TrajectorySummary& summary) const {
  std::vector<Low> lows = lows_;
  const auto is_deeper = [](const Low& a, const Low& b) { return a.pressure < b.pressure; };
  if (lows.size() > most_) lows.erase(std::max_element(lows.begin(), lows.end(), is_deeper));
  const auto mean = [&](double Low::*value) {
    double sum = 0;
    for (const Low& low : lows) sum += low.*value;
    return sum / static_cast<double>(lows.size());
  };
  summary.add("storms", "pressure", "Pa", "lowest pressure at sea level, mean over the deepest lows",
              mean(&Low::pressure));
  summary.add("storms", "deepest_pressure", "Pa", "lowest pressure at sea level of the deepest low",
              lows.empty() ? std::numeric_limits<double>::quiet_NaN()
                           : std::min_element(lows.begin(), lows.end(), is_deeper)->pressure);
  summary.add("storms", "wind", "m s-1",
              "strongest wind within 500 km of the centre, mean over the deepest lows", mean(&Low::wind));
  summary.add("storms", "wind_distance", "km",
              "distance of the strongest wind from the centre, mean over the deepest lows",
              mean(&Low::distance));
}

}  // namespace foehn::evaluation
