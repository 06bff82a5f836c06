#include "foehn/model/synthetic_climate.hpp"

#include <ATen/core/Tensor.h>
#include <ATen/ops/fft_irfft2.h>
#include <ATen/ops/fft_rfft2.h>
#include <ATen/ops/from_blob.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <utility>

#include "foehn/core/error.hpp"
#include "foehn/core/philox.hpp"

namespace foehn::model {
namespace {

using Complex = std::complex<double>;

constexpr double kPi = std::numbers::pi;
constexpr double kEarthRadius = 6.371e6;      // m
constexpr double kEarthRotation = 7.2921e-5;  // s-1
constexpr double kAirDensity = 1.2;           // kg m-3
constexpr double kStepSeconds = 3600;
constexpr double kMeanPressure = 101300;  // Pa, at the centre
constexpr double kMeanTemperature = 284;  // K, at the centre and sea level
constexpr double kLapseRate = 6.5e-3;     // K m-1
constexpr double kHillLengthKm = 120;
constexpr double kHillHeight = 350;            // m, standard deviation before the sea cuts it off
constexpr double kSeaDiurnalAmplitude = 0.4;   // K
constexpr double kLandDiurnalAmplitude = 3.5;  // K
constexpr double kCoastHeight = 100;  // m, over which the diurnal cycle turns from the sea's to the land's
constexpr double kWarmestLocalHour = 15;  // local solar time
// The periodic plane exceeds the domain by this many pressure lengths, beyond which little correlation is
// left.
constexpr double kMarginLengths = 3;

// What a noise field is for: `draw` of its key.
enum Draw : std::uint32_t { kPressureDraw, kTemperatureDraw, kOrographyDraw };
// The land is the same for every seed, so that different seeds give different weather at one place.
constexpr std::uint64_t kOrographySeed = 0x666f65686e;

/// The smallest odd length from `least` on without prime factors above 7. It has no Nyquist frequency, which
/// a field's derivative could not represent, and transforms fast.
std::int64_t odd_transform_length(std::int64_t least) {
  for (std::int64_t length = least | 1;; length += 2) {
    std::int64_t rest = length;
    for (const std::int64_t factor : {3, 5, 7}) {
      while (rest % factor == 0) rest /= factor;
    }
    if (rest == 1) return length;
  }
}

}  // namespace

/// Real fields [ny, nx] with period (ny, nx) and their spectra [ny, nx / 2 + 1] (the other half is its
/// conjugate).
struct SpectralPlane {
  std::int64_t ny, nx;  // cells
  double dy, dx;        // m

  std::int64_t cells() const { return ny * nx; }
  std::int64_t modes() const { return ny * (nx / 2 + 1); }

  /// Calls work(mode, qy, qx) for every mode; wavenumbers in radians per metre.
  template <class Work>
  void for_each_mode(Work&& work) const {
    std::int64_t mode = 0;
    for (std::int64_t j = 0; j < ny; ++j) {
      const double qy =
          2 * kPi * static_cast<double>(j <= ny / 2 ? j : j - ny) / (static_cast<double>(ny) * dy);
      for (std::int64_t i = 0; i <= nx / 2; ++i, ++mode) {
        work(mode, qy, 2 * kPi * static_cast<double>(i) / (static_cast<double>(nx) * dx));
      }
    }
  }

  std::vector<Complex> transform(std::vector<double>& field) const {
    const at::Tensor spectrum =
        at::fft_rfft2(at::from_blob(field.data(), {ny, nx}, at::kDouble)).contiguous();
    const auto* values = reinterpret_cast<const Complex*>(spectrum.data_ptr<c10::complex<double>>());
    return {values, values + modes()};
  }

  at::Tensor inverse(std::vector<Complex>& spectrum) const {
    const at::Tensor modes = at::from_blob(spectrum.data(), {ny, nx / 2 + 1}, at::kComplexDouble);
    return at::fft_irfft2(modes, at::IntArrayRef({ny, nx})).contiguous();
  }

  std::vector<Complex> white_noise(const core::NoiseKey& key, std::uint32_t hour) const {
    std::vector<double> noise(static_cast<std::size_t>(cells()));
    core::fill_normal<double>(key, hour, noise);
    return transform(noise);
  }

  /// Power of a Matérn field, proportional to (kappa^2 + |q|^2)^-(nu + 1), by mode; its mean over the plane's
  /// modes is the variance.
  std::vector<double> matern_power(const MaternField& field) const {
    std::vector<double> power(static_cast<std::size_t>(modes()));
    double sum = 0;
    const double kappa = inverse_length(field);
    for_each_mode([&](std::int64_t mode, double qy, double qx) {
      power[mode] = std::pow(1 + (qy * qy + qx * qx) / (kappa * kappa), -(field.smoothness + 1));
      sum += (qx == 0 ? 1 : 2) * power[mode];
    });
    const double scale =
        field.standard_deviation * field.standard_deviation * static_cast<double>(cells()) / sum;
    for (double& value : power) value *= scale;
    return power;
  }

  static double inverse_length(const MaternField& field) {
    return std::sqrt(2 * field.smoothness) / (1e3 * field.length_km);
  }
};

/// The autoregression of one wavevector and its stationary covariance; see the class comment of
/// SyntheticClimate.
struct SpectralMode {
  Complex a, b, c;        // p' = a p + noise, T' = b T + c p + noise
  Complex u, v;           // geostrophic winds: u p, v p
  double pressure_noise;  // standard deviations of the noise
  double temperature_noise;
  double pressure_power;     // E|p|^2
  Complex cross_power;       // E[T p*]
  double temperature_power;  // E|T|^2

  /// The factor from pressure (first) and temperature (second) to a variable.
  std::pair<Complex, Complex> of(SyntheticClimate::Variable variable) const {
    switch (variable) {
      case SyntheticClimate::tas:
        return {0, 1};
      case SyntheticClimate::uas:
        return {u, 0};
      case SyntheticClimate::vas:
        return {v, 0};
      default:
        return {1, 0};
    }
  }
};

namespace {

grid::Axis centred_axis(const std::string& name, const std::string& standard_name, const std::string& units,
                        double centre, double spacing, std::int64_t size) {
  grid::Axis axis{name, standard_name, units, {}};
  for (std::int64_t i = 0; i < size; ++i) {
    axis.values.push_back(centre + spacing * (static_cast<double>(i) - 0.5 * static_cast<double>(size - 1)));
  }
  return axis;
}

}  // namespace

struct SyntheticClimate::Implementation {
  explicit Implementation(const SyntheticClimateOptions& options);
  void make_modes();
  void make_orography();
  void advance();

  SyntheticClimateOptions options;
  grid::Grid grid;
  SpectralPlane plane;
  double density_coriolis;  // rho f, kg m-3 s-1
  std::vector<SpectralMode> modes;
  std::vector<double> height;     // [y, x], m, of the domain
  std::vector<Complex> pressure;  // state, by mode
  std::vector<Complex> temperature;
  std::int64_t hour = 0;  // the next to be drawn
};

SyntheticClimate::Implementation::Implementation(const SyntheticClimateOptions& given) : options(given) {
  grid.y = centred_axis("lat", "latitude", "degrees_north", options.centre_latitude, options.spacing_degrees,
                        options.ny);
  grid.x = centred_axis("lon", "longitude", "degrees_east", options.centre_longitude, options.spacing_degrees,
                        options.nx);
  const double south = grid.y.values.front(), north = grid.y.values.back();
  if (south <= 0 || north >= 90) {
    throw core::Error(
        fmt::format("toy climate: {} rows of {} degrees about latitude {} reach from {} to {}, expected "
                    "latitudes between 0 and 90; "
                    "choose fewer rows or a smaller spacing",
                    options.ny, options.spacing_degrees, options.centre_latitude, south, north));
  }
  const double metres_per_degree = kEarthRadius * kPi / 180;
  const double latitude = options.centre_latitude * kPi / 180;
  const auto length = [&](std::int64_t cells, double spacing) {
    const auto margin =
        static_cast<std::int64_t>(std::ceil(kMarginLengths * 1e3 * options.pressure.length_km / spacing));
    return odd_transform_length(cells + std::max(cells, margin));
  };
  plane.dy = options.spacing_degrees * metres_per_degree;
  plane.dx = plane.dy * std::cos(latitude);
  plane.ny = length(options.ny, plane.dy);
  plane.nx = length(options.nx, plane.dx);
  density_coriolis = kAirDensity * 2 * kEarthRotation * std::sin(latitude);
  make_modes();
  make_orography();
}

void SyntheticClimate::Implementation::make_modes() {
  const std::vector<double> pressure_power = plane.matern_power(options.pressure);
  const std::vector<double> local_power = plane.matern_power(options.local_temperature);
  const auto decay = [](const MaternField& field, double wavenumber) {
    const double relative = wavenumber / SpectralPlane::inverse_length(field);
    return std::exp(-std::sqrt(1 + relative * relative) * kStepSeconds / (3600 * field.memory_hours));
  };
  modes.resize(static_cast<std::size_t>(plane.modes()));
  plane.for_each_mode([&](std::int64_t index, double qy, double qx) {
    SpectralMode& mode = modes[index];
    const double wavenumber = std::hypot(qy, qx);
    const double phase = -(qx * options.mean_eastward_wind + qy * options.mean_northward_wind) * kStepSeconds;
    mode.u = Complex(0, -qy / density_coriolis);
    mode.v = Complex(0, qx / density_coriolis);
    mode.a = std::polar(decay(options.pressure, wavenumber), phase);
    mode.b = std::polar(decay(options.local_temperature, wavenumber), phase);
    const double gradient = options.temperature_gradient_per_1000_km * 1e-6;  // K m-1
    mode.c = -mode.b * kStepSeconds * gradient * mode.v;

    // The stationary covariance S = M S M* + noise, M = [a 0; c b], element by element.
    const double p = pressure_power[index];
    const double forgotten = 1 - std::norm(mode.b);
    mode.pressure_power = p;
    mode.pressure_noise = std::sqrt(p * (1 - std::norm(mode.a)));
    mode.temperature_noise = std::sqrt(local_power[index] * forgotten);
    mode.cross_power = mode.c * std::conj(mode.a) * p / (1.0 - mode.b * std::conj(mode.a));
    mode.temperature_power =
        local_power[index] +
        (std::norm(mode.c) * p + 2 * std::real(mode.b * mode.cross_power * std::conj(mode.c))) / forgotten;
  });
}

void SyntheticClimate::Implementation::make_orography() {
  const std::vector<double> power = plane.matern_power({kHillHeight, 2.5, kHillLengthKm, 0});
  std::vector<Complex> spectrum = plane.white_noise({kOrographySeed, 0, kOrographyDraw}, 0);
  for (std::size_t mode = 0; mode < spectrum.size(); ++mode) spectrum[mode] *= std::sqrt(power[mode]);
  const at::Tensor field = plane.inverse(spectrum);
  const double* values = field.data_ptr<double>();
  for (std::int64_t y = 0; y < options.ny; ++y) {
    for (std::int64_t x = 0; x < options.nx; ++x) height.push_back(std::max(0.0, values[y * plane.nx + x]));
  }
}

/// Brings the state to `hour`, which must be the next one, or the first.
void SyntheticClimate::Implementation::advance() {
  const auto key_hour = static_cast<std::uint32_t>(hour);
  std::vector<Complex> p = plane.white_noise({options.seed, 0, kPressureDraw}, key_hour);
  std::vector<Complex> t = plane.white_noise({options.seed, 0, kTemperatureDraw}, key_hour);
  for (std::size_t i = 0; i < modes.size(); ++i) {
    const SpectralMode& mode = modes[i];
    if (hour == 0) {
      const Complex regression = mode.cross_power / mode.pressure_power;
      p[i] *= std::sqrt(mode.pressure_power);
      t[i] = regression * p[i] +
             std::sqrt(std::max(0.0, mode.temperature_power - std::norm(regression) * mode.pressure_power)) *
                 t[i];
    } else {
      p[i] = mode.a * pressure[i] + mode.pressure_noise * p[i];
      t[i] = mode.b * temperature[i] + mode.c * pressure[i] + mode.temperature_noise * t[i];
    }
  }
  pressure = std::move(p);
  temperature = std::move(t);
}

SyntheticClimate::SyntheticClimate(const SyntheticClimateOptions& options)
    : implementation_(std::make_unique<Implementation>(options)) {}
SyntheticClimate::~SyntheticClimate() = default;
SyntheticClimate::SyntheticClimate(SyntheticClimate&&) noexcept = default;
SyntheticClimate& SyntheticClimate::operator=(SyntheticClimate&&) noexcept = default;

const std::vector<io::Variable>& SyntheticClimate::variables() {
  static const std::vector<io::Variable> kAll = {{"psl", "air_pressure_at_mean_sea_level", "Pa"},
                                                 {"tas", "air_temperature", "K"},
                                                 {"uas", "eastward_wind", "m s-1"},
                                                 {"vas", "northward_wind", "m s-1"}};
  return kAll;
}

const grid::Grid& SyntheticClimate::grid() const {
  return implementation_->grid;
}

void SyntheticClimate::draw(std::span<float> values) {
  Implementation& self = *implementation_;
  const std::int64_t cells = self.grid.cells();
  const std::int64_t hours = static_cast<std::int64_t>(values.size()) / (kVariables * cells);
  std::vector<Complex> spectrum(self.modes.size());
  for (std::int64_t step = 0; step < hours; ++step, ++self.hour) {
    self.advance();
    const std::vector<double> expected = mean(self.hour);
    for (std::int64_t variable = 0; variable < kVariables; ++variable) {
      for (std::size_t i = 0; i < spectrum.size(); ++i) {
        const auto [of_pressure, of_temperature] = self.modes[i].of(static_cast<Variable>(variable));
        spectrum[i] = of_pressure * self.pressure[i] + of_temperature * self.temperature[i];
      }
      const at::Tensor anomaly = self.plane.inverse(spectrum);
      const double* source = anomaly.data_ptr<double>();
      const double* offset = expected.data() + variable * cells;
      float* target = values.data() + (step * kVariables + variable) * cells;
      for (std::int64_t y = 0; y < self.grid.ny(); ++y) {
        for (std::int64_t x = 0; x < self.grid.nx(); ++x) {
          const std::int64_t cell = y * self.grid.nx() + x;
          target[cell] = static_cast<float>(offset[cell] + source[y * self.plane.nx + x]);
        }
      }
    }
  }
}

std::vector<double> SyntheticClimate::mean(std::int64_t hour) const {
  const Implementation& self = *implementation_;
  const SyntheticClimateOptions& options = self.options;
  const std::int64_t ny = self.grid.ny(), nx = self.grid.nx(), cells = self.grid.cells();
  const double utc_hours = static_cast<double>(options.first_seconds % calendar::kSecondsPerDay) / 3600 +
                           static_cast<double>(hour % 24);
  std::vector<double> fields(static_cast<std::size_t>(kVariables * cells));
  for (std::int64_t y = 0; y < ny; ++y) {
    const double northward = (static_cast<double>(y) - 0.5 * static_cast<double>(ny - 1)) * self.plane.dy;
    for (std::int64_t x = 0; x < nx; ++x) {
      const std::int64_t cell = y * nx + x;
      const double eastward = (static_cast<double>(x) - 0.5 * static_cast<double>(nx - 1)) * self.plane.dx;
      const double height = self.height[cell];
      const double land = 1 - std::exp(-height / kCoastHeight);
      const double amplitude = kSeaDiurnalAmplitude + (kLandDiurnalAmplitude - kSeaDiurnalAmplitude) * land;
      const double local_hours = utc_hours + self.grid.x.values[x] / 15;
      fields[psl * cells + cell] =
          kMeanPressure + self.density_coriolis * (options.mean_northward_wind * eastward -
                                                   options.mean_eastward_wind * northward);
      fields[tas * cells + cell] =
          kMeanTemperature + options.temperature_gradient_per_1000_km * 1e-6 * northward -
          kLapseRate * height + amplitude * std::cos(2 * kPi * (local_hours - kWarmestLocalHour) / 24);
      fields[uas * cells + cell] = options.mean_eastward_wind;
      fields[vas * cells + cell] = options.mean_northward_wind;
    }
  }
  return fields;
}

CovarianceMap SyntheticClimate::covariance(Variable first, Variable second, std::int64_t lag_hours) const {
  const Implementation& self = *implementation_;
  std::vector<Complex> spectrum(self.modes.size());
  for (std::size_t i = 0; i < spectrum.size(); ++i) {
    const SpectralMode& mode = self.modes[i];
    // E[s(t + lag) s(t)*] = M^lag S for s = (p, T).
    Complex pp = mode.pressure_power, pt = std::conj(mode.cross_power);
    Complex tp = mode.cross_power, tt = mode.temperature_power;
    for (std::int64_t hour = 0; hour < lag_hours; ++hour) {
      tp = mode.b * tp + mode.c * pp;
      tt = mode.b * tt + mode.c * pt;
      pp *= mode.a;
      pt *= mode.a;
    }
    const auto [first_p, first_t] = mode.of(first);
    const auto [second_p, second_t] = mode.of(second);
    spectrum[i] = second_p * (pp * std::conj(first_p) + pt * std::conj(first_t)) +
                  second_t * (tp * std::conj(first_p) + tt * std::conj(first_t));
  }
  const at::Tensor values = self.plane.inverse(spectrum);
  const double* data = values.data_ptr<double>();
  return {self.plane.ny, self.plane.nx, std::vector<double>(data, data + self.plane.cells())};
}

double SyntheticClimate::standard_deviation(Variable variable) const {
  return std::sqrt(covariance(variable, variable, 0).at(0, 0));
}

}  // namespace foehn::model
