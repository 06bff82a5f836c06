#include "evaluation/temporal_spectrum.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <numeric>
#include <utility>

namespace foehn::evaluation {
namespace {

/// Fourier transform of a power of two of values, in place: z_k = sum over n of z_n exp(-2 pi i k n / N).
/// Source: Cooley and Tukey 1965, doi:10.1090/S0025-5718-1965-0178586-1.
/// @param roots  exp(-2 pi i k / N), [N]
void fourier_transform(std::vector<std::complex<double>>& values,
                       const std::vector<std::complex<double>>& roots) {
  const std::size_t size = values.size();
  for (std::size_t place = 1, reversed = 0; place < size; ++place) {
    std::size_t bit = size / 2;  // one more, carried from the highest bit down
    for (; (reversed & bit) != 0; bit /= 2) reversed ^= bit;
    reversed ^= bit;
    if (place < reversed) std::swap(values[place], values[reversed]);
  }
  for (std::size_t half = 1; half < size; half *= 2)
    for (std::size_t first = 0; first < size; first += 2 * half)
      for (std::size_t k = 0; k < half; ++k) {
        std::complex<double>&even = values[first + k], &odd = values[first + half + k];
        const std::complex<double> turned = odd * roots[k * (size / (2 * half))];
        odd = even - turned;
        even += turned;
      }
}

}  // namespace

TemporalSpectrum::TemporalSpectrum(std::size_t points, std::size_t segment)
    : points_(points), segment_(segment), power_(segment / 2, 0.0) {
  for (std::size_t step = 0; step < segment; ++step) {
    const double phase = 2 * std::numbers::pi * static_cast<double>(step) / static_cast<double>(segment);
    window_.push_back(0.5 - 0.5 * std::cos(phase));
    roots_.push_back(std::polar(1.0, -phase));
  }
}

void TemporalSpectrum::add(std::span<const double> values) {
  recent_.insert(recent_.end(), values.begin(), values.end());
  if (recent_.size() < points_ * segment_) return;
  add_segment();
  recent_.erase(recent_.begin(), recent_.begin() + static_cast<std::ptrdiff_t>(points_ * (segment_ / 2)));
}

void TemporalSpectrum::add_segment() {
  std::vector<std::complex<double>> series(segment_);
  for (std::size_t point = 0; point < points_; ++point) {
    for (std::size_t step = 0; step < segment_; ++step) series[step] = recent_[step * points_ + point];
    const double mean = std::accumulate(series.begin(), series.end(), std::complex<double>()).real() /
                        static_cast<double>(segment_);
    if (std::isnan(mean)) continue;
    for (std::size_t step = 0; step < segment_; ++step) series[step] = (series[step] - mean) * window_[step];
    fourier_transform(series, roots_);
    for (std::size_t wave = 1; wave <= power_.size(); ++wave) power_[wave - 1] += std::norm(series[wave]);
    ++series_;
  }
}

std::vector<double> TemporalSpectrum::frequencies() const {
  std::vector<double> frequencies;
  for (std::size_t wave = 1; wave <= power_.size(); ++wave)
    frequencies.push_back(static_cast<double>(wave) / static_cast<double>(segment_));
  return frequencies;
}

std::vector<double> TemporalSpectrum::density() const {
  const double window_power = std::inner_product(window_.begin(), window_.end(), window_.begin(), 0.0);
  std::vector<double> density;
  for (std::size_t wave = 1; wave <= power_.size(); ++wave) {
    // One-sided: every frequency but the highest stands for its negative too.
    const double sides = wave == power_.size() ? 1 : 2;
    density.push_back(series_ == 0
                          ? std::numeric_limits<double>::quiet_NaN()
                          : sides * power_[wave - 1] / (window_power * static_cast<double>(series_)));
  }
  return density;
}

std::size_t welch_segment(std::int64_t steps, double step_hours) {
  std::size_t segment = 8;
  const double most = std::min(240.0 / step_hours, static_cast<double>(steps) / 2);
  while (static_cast<double>(2 * segment) <= most) segment *= 2;
  return segment;
}

}  // namespace foehn::evaluation
