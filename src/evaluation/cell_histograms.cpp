#include "evaluation/cell_histograms.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace foehn::evaluation {

CellHistograms::CellHistograms(std::size_t cells) : axes_(cells), counts_(cells * kBins, 0) {}

void CellHistograms::add(std::size_t cell, double value) {
  const auto counts = bins(cell);
  Axis& axis = axes_[cell];
  if (axis.width == 0) {
    if (counts.front() == 0) axis.lower = value;
    if (value == axis.lower) {
      ++counts.front();
      return;
    }
    // A power of two, so that bins keep their borders when values are shifted by a round number.
    axis.width = std::exp2(std::floor(std::log2(std::abs(value - axis.lower)))) / (kBins / 2.0);
  }
  while (!(value >= axis.lower && value < axis.upper())) make_room(cell, value);
  const auto bin = static_cast<std::size_t>((value - axis.lower) / axis.width);
  ++counts[std::min(bin, kBins - 1)];
}

/// Moves a cell's bins to where they hold their values and another one, in the middle; or else makes them
/// twice as wide.
void CellHistograms::make_room(std::size_t cell, double value) {
  Axis& axis = axes_[cell];
  const auto counts = bins(cell);
  const auto is_filled = [](std::uint32_t count) { return count > 0; };
  const auto lowest = std::find_if(counts.begin(), counts.end(), is_filled) - counts.begin();
  const auto highest = counts.rend() - std::find_if(counts.rbegin(), counts.rend(), is_filled) - 1;
  const double place = std::floor((value - axis.lower) / axis.width);
  const double first = std::min(place, static_cast<double>(lowest));
  const double spare =
      static_cast<double>(kBins) - 1 - (std::max(place, static_cast<double>(highest)) - first);

  std::vector<std::uint32_t> moved(kBins, 0);
  if (spare >= 0) {
    const double shift = std::floor(spare / 2) - first;
    for (auto bin = lowest; bin <= highest; ++bin)
      moved[static_cast<std::size_t>(bin + static_cast<std::ptrdiff_t>(shift))] =
          counts[static_cast<std::size_t>(bin)];
    axis.lower -= shift * axis.width;
  } else {
    for (std::size_t bin = 0; bin < kBins; ++bin) moved[bin / 2] += counts[bin];
    axis.width *= 2;
  }
  std::copy(moved.begin(), moved.end(), counts.begin());
}

void CellHistograms::finish() {
  for (std::size_t cell = 0; cell < axes_.size(); ++cell) {
    const auto counts = bins(cell);
    std::partial_sum(counts.begin(), counts.end(), counts.begin());
  }
}

std::int64_t CellHistograms::count(std::size_t cell) const {
  return bins(cell).back();
}

double CellHistograms::below(std::size_t cell, double value) const {
  const Axis& axis = axes_[cell];
  const auto counts = bins(cell);
  if (axis.width == 0) return value < axis.lower ? 0 : static_cast<double>(counts.back());
  if (value < axis.lower) return 0;
  if (value >= axis.upper()) return static_cast<double>(counts.back());
  const double place = (value - axis.lower) / axis.width;
  const auto bin = std::min(static_cast<std::size_t>(place), kBins - 1);
  const double before = bin > 0 ? static_cast<double>(counts[bin - 1]) : 0;
  return std::lerp(before, static_cast<double>(counts[bin]), place - static_cast<double>(bin));
}

double CellHistograms::quantile(std::span<const CellHistograms* const> histograms, std::size_t cell,
                                double level) {
  double count = 0;
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const CellHistograms* each : histograms) {
    if (each->count(cell) == 0) continue;
    count += static_cast<double>(each->count(cell));
    low = std::min(low, each->axes_[cell].lower);
    high = std::max(high, each->axes_[cell].upper());
  }
  if (count == 0) return std::numeric_limits<double>::quiet_NaN();
  const double wanted = level * count;
  // Each step halves what is left of the range: beyond 40, float32 tells no difference.
  for (int step = 0; step < 40; ++step) {
    const double middle = std::midpoint(low, high);
    double reached = 0;
    for (const CellHistograms* each : histograms)
      if (each->count(cell) > 0) reached += each->below(cell, middle);
    (reached < wanted ? low : high) = middle;
  }
  return high;
}

}  // namespace foehn::evaluation
