#pragma once

#include <cstdint>

namespace foehn::trajectory {

/// Says from which window, and from which of its hours, each hour of a trajectory takes its estimate.
///
/// Stride s keeps the s middle hours of every s-th window: hour h takes the window centred at
/// clamp(s floor(h/s) + (s-1)/2, k, L-1-k), at offset h - centre + k. Stride 1 is Algorithm 1 of Schmidt et
/// al. 2025
/// ("convolution through time").
class WindowPlan {
 public:
  /// @param hours         length L of the trajectory
  /// @param markov_order  k; windows span 2k + 1 hours
  /// @param stride        odd, at most 2k + 1
  /// @throws core::Error if the trajectory is shorter than a window or the stride is even or out of range
  WindowPlan(std::int64_t hours, std::int64_t markov_order, std::int64_t stride);

  std::int64_t hours() const { return hours_; }
  std::int64_t markov_order() const { return markov_order_; }
  std::int64_t window_hours() const { return 2 * markov_order_ + 1; }
  /// Centre of the window that hour `hour` takes its estimate from.
  std::int64_t centre(std::int64_t hour) const;
  /// Which hour of that window it is, from 0 to 2k.
  std::int64_t offset(std::int64_t hour) const { return hour - centre(hour) + markov_order_; }

 private:
  std::int64_t hours_, markov_order_, stride_;
};

/// Strides while the noise outweighs the signal by far, and from there on (see ComposedByNoise).
struct Strides {
  std::int64_t noisy = 1;
  std::int64_t clear = 1;
};

/// 1 while the noise outweighs the signal by far; then the stride that spares most evaluations and leaves
/// every hour, away from the ends of the trajectory, at least ceil(k / 2) hours of context on either side
/// within its window: 2 floor(k / 2) + 1.
Strides automatic_strides(std::int64_t markov_order);

}  // namespace foehn::trajectory
