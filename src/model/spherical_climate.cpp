#include "foehn/model/spherical_climate.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstddef>
#include <numbers>
#include <utility>

#include "foehn/calendar/date_time.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/philox.hpp"
#include "foehn/grid/reduced_gaussian.hpp"
#include "foehn/grid/rotation.hpp"
#include "foehn/grid/spherical_harmonics.hpp"

namespace foehn::model {
namespace {

constexpr double kGlobalMeanPressure = 101300;   // Pa
constexpr double kEquatorTemperature = 300;      // K
constexpr double kPolewardCooling = 45;          // K, from the equator to a pole
constexpr double kGlobalDiurnalAmplitude = 2.5;  // K, at the equator
constexpr double kGlobalWarmestHour = 15;        // local solar time

// What a noise field is for: `draw` of its key.
enum SphericalDraw : std::uint32_t { kPressureCoefficients, kTemperatureCoefficients };

}  // namespace

/// Coefficients of one field through time.
class DegreeAutoregression {
 public:
  DegreeAutoregression(const IsotropicField& field, std::int64_t highest_degree) {
    double sum = 0;
    for (std::int64_t l = 0; l <= highest_degree; ++l) {
      const double relative = static_cast<double>(l) / field.degree, bend = 1 + relative * relative;
      variance_.push_back(static_cast<double>(2 * l + 1) * std::pow(bend, -(field.smoothness + 1)));
      memory_.push_back(std::exp(-std::sqrt(bend) / field.memory_hours));
      sum += variance_.back();
    }
    for (double& variance : variance_) variance *= field.standard_deviation * field.standard_deviation / sum;
  }

  /// Goes on by an hour, or begins with the stationary state.
  void advance(const core::NoiseKey& key, std::int64_t hour) {
    const std::size_t degrees = variance_.size();
    std::vector<double> noise(degrees * degrees);
    core::fill_normal<double>(key, static_cast<std::uint32_t>(hour), noise);
    std::size_t i = 0;
    state_.resize(noise.size(), 0);
    for (std::size_t l = 0; l < degrees; ++l) {
      const double of_each = std::sqrt(variance_[l] / static_cast<double>(2 * l + 1));
      const double fresh = hour == 0 ? 1 : std::sqrt(1 - memory_[l] * memory_[l]);
      for (std::size_t m = 0; m < 2 * l + 1; ++m, ++i)
        state_[i] = memory_[l] * state_[i] + fresh * of_each * noise[i];
    }
  }
  const std::vector<double>& state() const { return state_; }

  double covariance(std::int64_t lag, const std::vector<double>& legendre) const {
    double sum = 0;
    for (std::size_t l = 0; l < variance_.size(); ++l)
      sum += variance_[l] * std::pow(memory_[l], static_cast<double>(lag)) * legendre[l];
    return sum;
  }

 private:
  std::vector<double> variance_, memory_;  // [degree]
  std::vector<double> state_;              // [coefficient]
};

namespace {

std::int64_t chosen_degree(const SphericalClimateOptions& options, const grid::CellRows& rows) {
  const std::int64_t most = rows.rows() - 1;
  const std::int64_t degree = options.highest_degree > 0 ? options.highest_degree : rows.rows() / 2 - 1;
  if (degree < 1 || degree > most)
    throw core::Error(fmt::format("toy climate of the globe: degree {}, expected 1 to {} on {}", degree, most,
                                  options.grid));
  return degree;
}

}  // namespace

struct SphericalClimate::Implementation {
  explicit Implementation(const SphericalClimateOptions& given)
      : options(given),
        grid(grid::named_grid(given.grid)),
        degree(chosen_degree(given, *grid::find_rows(*grid.unstructured))),
        harmonics(*grid::find_rows(*grid.unstructured), degree),
        pressure(given.pressure, degree),
        temperature(given.local_temperature, degree) {}

  SphericalClimateOptions options;
  grid::Grid grid;
  std::int64_t degree;
  grid::SphericalHarmonics harmonics;
  DegreeAutoregression pressure, temperature;
  std::int64_t hour = 0;  // the next to be drawn
};

SphericalClimate::SphericalClimate(const SphericalClimateOptions& options)
    : implementation_(std::make_unique<Implementation>(options)) {}
SphericalClimate::~SphericalClimate() = default;
SphericalClimate::SphericalClimate(SphericalClimate&&) noexcept = default;
SphericalClimate& SphericalClimate::operator=(SphericalClimate&&) noexcept = default;

const std::vector<io::Variable>& SphericalClimate::variables() {
  static const std::vector<io::Variable> kAll = {{"psl", "air_pressure_at_mean_sea_level", "Pa"},
                                                 {"tas", "air_temperature", "K"}};
  return kAll;
}

const grid::Grid& SphericalClimate::grid() const {
  return implementation_->grid;
}

void SphericalClimate::draw(std::span<float> values) {
  Implementation& self = *implementation_;
  const auto cells = static_cast<std::size_t>(self.grid.cells());
  const std::size_t hours = values.size() / (kVariables * cells);
  std::vector<double> p(cells), q(cells);
  for (std::size_t step = 0; step < hours; ++step, ++self.hour) {
    self.pressure.advance({self.options.seed, 0, kPressureCoefficients}, self.hour);
    self.temperature.advance({self.options.seed, 0, kTemperatureCoefficients}, self.hour);
    self.harmonics.synthesise(self.pressure.state(), p);
    self.harmonics.synthesise(self.temperature.state(), q);
    const std::vector<double> expected = mean(self.hour);
    float* target = values.data() + step * kVariables * cells;
    for (std::size_t cell = 0; cell < cells; ++cell) {
      target[cell] = static_cast<float>(expected[cell] + p[cell]);
      target[cells + cell] = static_cast<float>(expected[cells + cell] +
                                                self.options.temperature_of_pressure * p[cell] + q[cell]);
    }
  }
}

std::vector<double> SphericalClimate::mean(std::int64_t hour) const {
  const Implementation& self = *implementation_;
  const auto cells = static_cast<std::size_t>(self.grid.cells());
  const double utc_hours = static_cast<double>(self.options.first_seconds % calendar::kSecondsPerDay) / 3600 +
                           static_cast<double>(hour % 24);
  std::vector<double> fields(2 * cells, kGlobalMeanPressure);
  const auto& [latitude, longitude] = self.grid.unstructured->centres;
  for (std::size_t cell = 0; cell < cells; ++cell) {
    const double sine = std::sin(latitude[cell] * grid::kRadians),
                 cosine = std::cos(latitude[cell] * grid::kRadians);
    const double local_hours = utc_hours + longitude[cell] / 15;
    fields[cells + cell] = kEquatorTemperature - kPolewardCooling * sine * sine +
                           kGlobalDiurnalAmplitude * cosine *
                               std::cos(2 * std::numbers::pi * (local_hours - kGlobalWarmestHour) / 24);
  }
  return fields;
}

double SphericalClimate::covariance(Variable first, Variable second, std::int64_t lag_hours,
                                    double cosine) const {
  const Implementation& self = *implementation_;
  const std::vector<double> legendre = grid::legendre_polynomials(self.degree, cosine);
  const double k = self.options.temperature_of_pressure;
  const double of_pressure =
      (first == tas ? k : 1) * (second == tas ? k : 1) * self.pressure.covariance(lag_hours, legendre);
  const bool share_temperature = first == tas && second == tas;
  return of_pressure + (share_temperature ? self.temperature.covariance(lag_hours, legendre) : 0);
}

}  // namespace foehn::model
