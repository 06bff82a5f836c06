#pragma once

#include <filesystem>
#include <vector>

namespace foehn::evaluation {

/// A wind turbine: power over rated power by wind speed at the hub, linear between points and 0 beyond them,
/// and how the hub's wind follows from that at 10 m: by the power law (height / 10 m)^exponent.
struct PowerCurve {
  std::vector<double> speeds;  ///< m s-1, rising
  std::vector<double> powers;  ///< 0 to 1
  double hub_height = 100;     ///< m
  double exponent = 1.0 / 7;

  /// Power over rated power at a wind speed at 10 m, in m s-1.
  double power(double speed_at_10m) const;
  double hub_speed(double speed_at_10m) const;
  /// The highest speed below which the curve gives no power, in m s-1 at the hub.
  double cut_in() const;
};

/// Cut-in 3, rated 13, cut-out 25 m s-1, and growing with the cube of the speed between the first two.
PowerCurve default_power_curve();

/// Reads "speed,power" lines (a heading and lines that begin with # are passed over); powers are divided by
/// their largest.
/// @throws Error naming the file and the line that is no two numbers, or whose speed does not rise, or if
/// there are fewer than two points or no power
PowerCurve read_power_curve(const std::filesystem::path& path);

}  // namespace foehn::evaluation
