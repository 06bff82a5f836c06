#pragma once

#include <complex>
#include <cstdint>
#include <span>
#include <vector>

namespace foehn::evaluation {

/// Power spectral density in time by Welch's method: segments that overlap by half, without their mean, under
/// a Hann window, averaged (Welch 1967, doi:10.1109/TAU.1967.1161901), one-sided, in the square of the
/// values' unit per cycle per step; what scipy.signal.welch gives by default for these segments.
class TemporalSpectrum {
 public:
  /// @param points   series that are averaged over
  /// @param segment  steps of a segment, a power of two
  TemporalSpectrum(std::size_t points, std::size_t segment);

  /// Adds the next step's values, one per point; a segment with NaN is left out.
  void add(std::span<const double> values);
  /// In cycles per step: 1 / segment up to 1 / 2.
  std::vector<double> frequencies() const;
  /// At the frequencies; NaN without a whole segment.
  std::vector<double> density() const;

 private:
  void add_segment();

  std::size_t points_, segment_;
  std::vector<double> window_;
  std::vector<std::complex<double>> roots_;  ///< of unity, [step]
  std::vector<double> recent_;               ///< [step, point], at most a segment
  std::vector<double> power_;                ///< sums over segments and points
  std::int64_t series_ = 0;                  ///< in those sums
};

/// How long segments are: the largest power of two up to 10 days' steps that leaves three of them that
/// overlap by half, but at least 8.
std::size_t welch_segment(std::int64_t steps, double step_hours);

}  // namespace foehn::evaluation
