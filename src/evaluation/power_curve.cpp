#include "foehn/evaluation/power_curve.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>

#include "foehn/core/error.hpp"

namespace foehn::evaluation {
namespace {

constexpr double kHeightOfWind = 10;  // m

/// "3.5, 0.02" or "3.5;0.02" or "3.5 0.02"
bool parse_point(std::string line, double& speed, double& power) {
  std::replace_if(
      line.begin(), line.end(), [](char letter) { return letter == ',' || letter == ';'; }, ' ');
  std::istringstream words(line);
  std::string rest;
  return words >> speed >> power && !(words >> rest) && std::isfinite(speed) && std::isfinite(power) &&
         power >= 0;
}

}  // namespace

double PowerCurve::hub_speed(double speed_at_10m) const {
  return speed_at_10m * std::pow(hub_height / kHeightOfWind, exponent);
}

double PowerCurve::power(double speed_at_10m) const {
  const double speed = hub_speed(speed_at_10m);
  const auto after = std::upper_bound(speeds.begin(), speeds.end(), speed);
  if (after == speeds.begin()) return 0;
  const auto index = static_cast<std::size_t>(after - speeds.begin());
  if (after == speeds.end()) return speed == speeds.back() ? powers.back() : 0;
  const double weight = (speed - speeds[index - 1]) / (speeds[index] - speeds[index - 1]);
  return std::lerp(powers[index - 1], powers[index], weight);
}

double PowerCurve::cut_in() const {
  const auto first = std::find_if(powers.begin(), powers.end(), [](double power) { return power > 0; });
  const auto index = static_cast<std::size_t>(first - powers.begin());
  return speeds[index == 0 ? 0 : index - 1];
}

PowerCurve default_power_curve() {
  constexpr double kCutIn = 3, kRated = 13, kCutOut = 25, kStep = 0.25;
  const auto cube = [](double speed) { return speed * speed * speed; };
  PowerCurve curve;
  for (double speed = kCutIn; speed <= kRated; speed += kStep) {
    curve.speeds.push_back(speed);
    curve.powers.push_back((cube(speed) - cube(kCutIn)) / (cube(kRated) - cube(kCutIn)));
  }
  curve.speeds.push_back(kCutOut);
  curve.powers.push_back(1);
  return curve;
}

PowerCurve read_power_curve(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw core::Error(fmt::format("{}: cannot be opened", path.string()));
  PowerCurve curve;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos || line.front() == '#') continue;
    double speed = 0, power = 0;
    if (!parse_point(line, speed, power)) {
      const bool is_heading = curve.speeds.empty() && std::isalpha(static_cast<unsigned char>(line.front()));
      if (is_heading) continue;
      throw core::Error(
          fmt::format("{}: line {}: expected a wind speed and a power that is not negative, found '{}'",
                      path.string(), number, line));
    }
    if (!curve.speeds.empty() && !(speed > curve.speeds.back()))
      throw core::Error(fmt::format("{}: line {}: expected a speed above {}, found {}", path.string(), number,
                                    curve.speeds.back(), speed));
    curve.speeds.push_back(speed);
    curve.powers.push_back(power);
  }
  if (curve.speeds.size() < 2)
    throw core::Error(
        fmt::format("{}: expected two points or more, found {}", path.string(), curve.speeds.size()));
  const double rated = *std::max_element(curve.powers.begin(), curve.powers.end());
  if (!(rated > 0)) throw core::Error(fmt::format("{}: expected a power above 0, found none", path.string()));
  for (double& power : curve.powers) power /= rated;
  return curve;
}

}  // namespace foehn::evaluation
