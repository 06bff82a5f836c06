#include "foehn/io/standard_name.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace foehn::io {
namespace {

/// Letters alone, in lower case: "n/a", "N.A." and "<NA>" are one.
constexpr std::array<std::string_view, 16> kPlaceholders{
    "none",           "null",         "nil",           "nan",         "na",     "undefined",
    "undef",          "notset",       "notavailable",  "unspecified", "noname", "nd",
    "nostandardname", "standardname", "notapplicable", "tbd"};

struct Range {
  std::string_view standard_name;
  double least, most;
  const char* units;
};

// Temperatures begin above -99 degC, a fill value. Records near the ground: 184 K and 330 K; 870 and 1084
// hPa; gusts of 113 m/s; 305 mm in 42 minutes. Models, the upper air and extrapolation below mountains go
// beyond, and small negative values come from spectral models and from interpolation.
constexpr std::array<Range, 39> kRanges{{
    {"air_temperature", 175, 400, "K"},
    {"surface_temperature", 175, 400, "K"},
    {"soil_temperature", 100, 400, "K"},
    {"dew_point_temperature", 175, 400, "K"},
    {"wet_bulb_temperature", 100, 400, "K"},
    {"air_potential_temperature", 100, 5000, "K"},
    {"sea_surface_temperature", 200, 350, "K"},
    {"sea_surface_skin_temperature", 200, 350, "K"},
    {"brightness_temperature", 50, 500, "K"},
    {"air_pressure_at_mean_sea_level", 7e4, 1.2e5, "Pa"},
    {"air_pressure_at_sea_level", 7e4, 1.2e5, "Pa"},
    {"surface_air_pressure", 2e4, 1.2e5, "Pa"},
    {"eastward_wind", -300, 300, "m s-1"},
    {"northward_wind", -300, 300, "m s-1"},
    {"grid_eastward_wind", -300, 300, "m s-1"},
    {"grid_northward_wind", -300, 300, "m s-1"},
    {"x_wind", -300, 300, "m s-1"},
    {"y_wind", -300, 300, "m s-1"},
    {"wind_speed", -10, 300, "m s-1"},
    {"wind_speed_of_gust", -10, 300, "m s-1"},
    {"upward_air_velocity", -200, 200, "m s-1"},
    {"specific_humidity", -0.05, 0.3, "1"},
    {"humidity_mixing_ratio", -0.05, 0.3, "1"},
    {"relative_humidity", -1, 5, "1"},
    {"cloud_area_fraction", -0.5, 2, "1"},
    {"land_area_fraction", -0.5, 2, "1"},
    {"land_binary_mask", -0.5, 2, "1"},
    {"precipitation_flux", -0.01, 2, "kg m-2 s-1"},
    {"rainfall_flux", -0.01, 2, "kg m-2 s-1"},
    {"convective_precipitation_flux", -0.01, 2, "kg m-2 s-1"},
    {"snowfall_flux", -0.01, 2, "kg m-2 s-1"},
    {"precipitation_amount", -1, 2e4, "kg m-2"},
    {"lwe_thickness_of_precipitation_amount", -0.05, 20, "m"},
    {"lwe_precipitation_rate", -1e-5, 2e-3, "m s-1"},
    {"surface_downwelling_shortwave_flux_in_air", -200, 2000, "W m-2"},
    {"surface_downwelling_longwave_flux_in_air", -200, 2000, "W m-2"},
    {"surface_altitude", -1000, 1e4, "m"},
    {"geopotential_height", -5000, 2e5, "m"},
    {"geopotential", -5e4, 2e6, "m2 s-2"},
}};

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string letters_of(std::string_view text) {
  std::string letters;
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (std::isalpha(code) != 0) letters += static_cast<char>(std::tolower(code));
  }
  return letters;
}

}  // namespace

bool is_placeholder(std::string_view name) {
  const std::string letters = letters_of(name);
  const auto begins = [&](const char* word) { return letters.starts_with(word); };
  if (begins("unknown") || begins("missing") || begins("undef") || begins("unspec") || begins("unnamed") ||
      begins("invalid") || begins("not"))
    return true;
  return letters.empty() ||
         std::find(kPlaceholders.begin(), kPlaceholders.end(), letters) != kPlaceholders.end();
}

std::string standard_name(const NetcdfVariable& variable) {
  const std::string text = variable.text("standard_name").value_or("");
  const std::string_view name = trimmed(text);
  return is_placeholder(name) ? "" : std::string(name);
}

std::optional<PlausibleValues> plausible_values(const std::string& standard_name) {
  const auto found = std::find_if(kRanges.begin(), kRanges.end(),
                                  [&](const Range& range) { return range.standard_name == standard_name; });
  if (found == kRanges.end()) return std::nullopt;
  return PlausibleValues{found->least, found->most, found->units};
}

}  // namespace foehn::io
