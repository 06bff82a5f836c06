#include "evaluation/wind_and_pressure.hpp"

#include <cmath>
#include <limits>
#include <string>

#include "foehn/grid/rotation.hpp"

namespace foehn::evaluation {
namespace {

constexpr double kAirDensity = 1.2;                // kg m-3
constexpr double kTwiceEarthRotation = 1.4584e-4;  // s-1
constexpr double kLowestLatitude = 15;             // degrees

std::optional<std::size_t> place_by_standard_name(const std::vector<io::Variable>& variables,
                                                  const std::string& standard_name) {
  for (std::size_t place = 0; place < variables.size(); ++place)
    if (variables[place].standard_name == standard_name) return place;
  return std::nullopt;
}

double converted(const core::UnitConversion& conversion, double value) {
  return conversion.scale * value + conversion.offset;
}

}  // namespace

std::optional<SeaLevelPressure> SeaLevelPressure::among(const std::vector<io::Variable>& variables) {
  for (const char* name : {"air_pressure_at_mean_sea_level", "air_pressure_at_sea_level"}) {
    const auto place = place_by_standard_name(variables, name);
    if (!place) continue;
    SeaLevelPressure pressure;
    pressure.place_ = *place;
    pressure.to_pascal_ = core::unit_conversion(variables[*place].units, "Pa");
    return pressure;
  }
  return std::nullopt;
}

std::vector<double> SeaLevelPressure::values(std::span<const double> fields, std::size_t cells) const {
  std::vector<double> values;
  for (const double value : fields.subspan(place_ * cells, cells))
    values.push_back(converted(to_pascal_, value));
  return values;
}

std::optional<GridWind> GridWind::among(const std::vector<io::Variable>& variables, const grid::Grid& grid) {
  struct Names {
    const char* first;
    const char* second;
    bool are_along_grid;
  };
  for (const Names& names :
       {Names{"eastward_wind", "northward_wind", false},
        Names{"grid_eastward_wind", "grid_northward_wind", true}, Names{"x_wind", "y_wind", true}}) {
    const auto first = place_by_standard_name(variables, names.first),
               second = place_by_standard_name(variables, names.second);
    if (!first || !second) continue;
    GridWind wind;
    wind.first_ = *first;
    wind.second_ = *second;
    wind.first_to_metres_ = core::unit_conversion(variables[*first].units, "m s-1");
    wind.second_to_metres_ = core::unit_conversion(variables[*second].units, "m s-1");
    if (grid.rotated_pole && !names.are_along_grid) wind.angles_ = grid::grid_angles(grid);
    return wind;
  }
  return std::nullopt;
}

GridWind::Components GridWind::values(std::span<const double> fields, std::size_t cells) const {
  Components wind;
  for (std::size_t cell = 0; cell < cells; ++cell) {
    wind.u.push_back(converted(first_to_metres_, fields[first_ * cells + cell]));
    wind.v.push_back(converted(second_to_metres_, fields[second_ * cells + cell]));
  }
  for (std::size_t cell = 0; cell < angles_.size(); ++cell) {
    const double cosine = std::cos(angles_[cell]), sine = std::sin(angles_[cell]);
    const double east = wind.u[cell], north = wind.v[cell];
    wind.u[cell] = east * cosine + north * sine;
    wind.v[cell] = north * cosine - east * sine;
  }
  return wind;
}

GeostrophicConsistency::GeostrophicConsistency(const grid::Grid& grid) : differences_(grid) {
  for (const double latitude : grid::geographic_coordinates(grid).latitude)
    coriolis_.push_back(std::abs(latitude) < kLowestLatitude
                            ? std::numeric_limits<double>::quiet_NaN()
                            : kTwiceEarthRotation * std::sin(latitude * grid::kRadians));
}

void GeostrophicConsistency::add(std::span<const double> pressure, const GridWind::Components& wind) {
  for (const std::size_t cell : differences_.cells()) {
    const double factor = 1 / (kAirDensity * coriolis_[cell]);
    std::complex<double> geostrophic(-factor * differences_.along_y(pressure, cell),
                                     factor * differences_.along_x(pressure, cell));
    std::complex<double> here(wind.u[cell], wind.v[cell]);
    if (std::isnan(std::norm(geostrophic)) || std::isnan(std::norm(here))) continue;
    if (coriolis_[cell] < 0) {  // the southern hemisphere is the northern one's mirror image
      geostrophic = std::conj(geostrophic);
      here = std::conj(here);
    }
    wind_squared_ += std::norm(here);
    geostrophic_squared_ += std::norm(geostrophic);
    product_ += here * std::conj(geostrophic);
  }
}

void GeostrophicConsistency::append_sums(std::vector<double>& sums) const {
  sums.insert(sums.end(), {wind_squared_, geostrophic_squared_, product_.real(), product_.imag()});
}

void GeostrophicConsistency::finish_sums(SumReader& sums, TrajectorySummary& summary) const {
  const double wind = sums.next(), geostrophic = sums.next(), real = sums.next(), imaginary = sums.next();
  const std::complex<double> product(real, imaginary);
  const bool is_defined = wind > 0 && geostrophic > 0;
  const auto add = [&](const char* name, const char* units, const std::string& meaning, double value) {
    summary.add("wind", name, units, meaning, is_defined ? value : std::numeric_limits<double>::quiet_NaN());
  };
  add("geostrophic_correlation", "1", "vector correlation with the geostrophic wind",
      std::abs(product) / std::sqrt(wind * geostrophic));
  add("geostrophic_ratio", "1", "regression of the speed on the geostrophic wind's",
      std::abs(product) / geostrophic);
  add("geostrophic_angle", "degree", "turn from the geostrophic wind towards low pressure",
      std::arg(product) / grid::kRadians);
}

}  // namespace foehn::evaluation
