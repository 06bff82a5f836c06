#include "evaluation/storm_tracks.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "evaluation/great_circle.hpp"

namespace foehn::evaluation {
namespace {

constexpr double kTrackRadius = 500;      // km
constexpr double kLeastDepth = 100;       // Pa
constexpr double kFastest = 120;          // km h-1
constexpr double kShortestTrack = 24;     // h
constexpr double kHoursOfDeepening = 24;  // h
constexpr double kHoursPer30Days = 720;

}  // namespace

StormTracks::StormTracks(const grid::Grid& grid, const TrajectoryShape& shape)
    : cells_(grid::geographic_coordinates(grid)),
      ny_(static_cast<std::size_t>(shape.ny)),
      nx_(static_cast<std::size_t>(shape.nx)),
      step_hours_(shape.step_hours) {}

bool StormTracks::is_minimum(std::span<const double> pressure, std::size_t cell) const {
  for (const std::size_t row : {cell - nx_, cell, cell + nx_})
    for (const std::size_t neighbour : {row - 1, row, row + 1})
      if (pressure[neighbour] < pressure[cell]) return false;
  return true;
}

bool StormTracks::is_deep(std::span<const double> pressure, std::size_t cell) const {
  double sum = 0, count = 0;
  for (std::size_t other = 0; other < pressure.size(); ++other) {
    if (kilometres_between(cells_, cell, other) > kTrackRadius) continue;
    sum += pressure[other];
    ++count;
  }
  return sum / count - pressure[cell] >= kLeastDepth;
}

std::vector<std::size_t> StormTracks::centres(std::span<const double> pressure) const {
  std::vector<std::size_t> minima;
  for (std::size_t y = 1; y + 1 < ny_; ++y)
    for (std::size_t x = 1; x + 1 < nx_; ++x)
      if (is_minimum(pressure, y * nx_ + x)) minima.push_back(y * nx_ + x);
  std::stable_sort(minima.begin(), minima.end(),
                   [&](std::size_t one, std::size_t other) { return pressure[one] < pressure[other]; });
  std::vector<std::size_t> apart;
  for (const std::size_t cell : minima)
    if (std::none_of(apart.begin(), apart.end(), [&](std::size_t deeper) {
          return kilometres_between(cells_, cell, deeper) <= kTrackRadius;
        }))
      apart.push_back(cell);
  std::erase_if(apart, [&](std::size_t cell) { return !is_deep(pressure, cell); });
  return apart;
}

/// How far a low may move from a cell in one step, km.
double StormTracks::farthest(std::size_t cell) const {
  return std::max(kFastest * step_hours_, 2 * kilometres_between(cells_, cell, cell + nx_ + 1));
}

void StormTracks::add(std::span<const double> pressure) {
  if (std::any_of(pressure.begin(), pressure.end(), [](double value) { return std::isnan(value); }))
    return end();
  ++steps_;
  const std::vector<std::size_t> found = centres(pressure);
  std::vector<std::tuple<double, std::size_t, std::size_t>> pairs;  // distance, track, centre
  for (std::size_t track = 0; track < open_.size(); ++track)
    for (std::size_t centre = 0; centre < found.size(); ++centre) {
      const double distance = kilometres_between(cells_, open_[track].centre, found[centre]);
      if (distance <= farthest(open_[track].centre)) pairs.emplace_back(distance, track, centre);
    }
  std::sort(pairs.begin(), pairs.end());
  std::vector<bool> goes_on(open_.size(), false), is_taken(found.size(), false);
  for (const auto& [distance, track, centre] : pairs) {
    if (goes_on[track] || is_taken[centre]) continue;
    goes_on[track] = is_taken[centre] = true;
    open_[track].centre = found[centre];
    open_[track].distance += distance;
    open_[track].pressures.push_back(pressure[found[centre]]);
  }
  std::vector<Track> open;
  for (std::size_t track = 0; track < open_.size(); ++track) {
    if (goes_on[track])
      open.push_back(std::move(open_[track]));
    else
      end(open_[track]);
  }
  for (std::size_t centre = 0; centre < found.size(); ++centre)
    if (!is_taken[centre]) open.push_back({found[centre], 0, {pressure[found[centre]]}});
  open_ = std::move(open);
}

void StormTracks::end(const Track& track) {
  const std::vector<double>& pressures = track.pressures;
  const double hours = static_cast<double>(pressures.size() - 1) * step_hours_;
  if (hours < kShortestTrack) return;
  const auto day = static_cast<std::size_t>(std::max(1.0, std::floor(kHoursOfDeepening / step_hours_)));
  double deepening = -std::numeric_limits<double>::infinity();
  for (std::size_t step = day; step < pressures.size(); ++step)
    deepening = std::max(deepening, pressures[step - day] - pressures[step]);
  ++tracks_;
  hours_ += hours;
  distance_ += track.distance;
  lowest_ += *std::min_element(pressures.begin(), pressures.end());
  deepening_ += deepening;
}

void StormTracks::end() {
  for (const Track& track : open_) end(track);
  open_.clear();
}

void StormTracks::append_sums(std::vector<double>& sums) const {
  sums.insert(sums.end(), {steps_, tracks_, hours_, distance_, lowest_, deepening_});
}

void StormTracks::finish_sums(SumReader& sums, TrajectorySummary& summary) const {
  const double steps = sums.next(), tracks = sums.next(), hours = sums.next(), distance = sums.next(),
               lowest = sums.next(), deepening = sums.next();
  const char* name = "storm_tracks";
  summary.add(name, "number", "1", "lows followed for a day or more, per 30 days",
              steps > 0 ? tracks / (steps * step_hours_) * kHoursPer30Days
                        : std::numeric_limits<double>::quiet_NaN());
  summary.add(name, "duration", "h", "how long lows are followed, mean over tracks", hours / tracks);
  summary.add(name, "speed", "km h-1", "speed of lows along their tracks", distance / hours);
  summary.add(name, "lowest_pressure", "Pa", "lowest pressure at sea level, mean over tracks",
              lowest / tracks);
  summary.add(name, "deepening", "Pa", "largest fall of the lowest pressure within 24 h, mean over tracks",
              deepening / tracks);
}

void StormTracks::finish(TrajectorySummary& summary) {
  end();
  finish_own_sums(*this, summary);
}

}  // namespace foehn::evaluation
