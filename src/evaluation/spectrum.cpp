#include "foehn/evaluation/spectrum.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numbers>
#include <utility>

#include "foehn/grid/rotation.hpp"

namespace foehn::evaluation {
namespace {

/// The orthonormal DCT-II matrix, [mode, cell].
std::vector<double> cosine_matrix(std::size_t size) {
  const auto count = static_cast<double>(size);
  std::vector<double> matrix(size * size);
  for (std::size_t mode = 0; mode < size; ++mode) {
    const double scale = std::sqrt((mode == 0 ? 1.0 : 2.0) / count);
    for (std::size_t cell = 0; cell < size; ++cell) {
      const double phase = static_cast<double>(mode) * (static_cast<double>(cell) + 0.5) / count;
      matrix[mode * size + cell] = scale * std::cos(std::numbers::pi * phase);
    }
  }
  return matrix;
}

}  // namespace

RadialSpectrum::RadialSpectrum(std::int64_t ny, std::int64_t nx)
    : ny_(static_cast<std::size_t>(ny)),
      nx_(static_cast<std::size_t>(nx)),
      cosines_y_(cosine_matrix(ny_)),
      cosines_x_(cosine_matrix(nx_)) {
  const std::size_t shorter = std::min(ny_, nx_);
  for (std::size_t ring = 1; ring < shorter; ++ring) {
    wavelengths_.push_back(2.0 * static_cast<double>(shorter) / static_cast<double>(ring));
  }
}

std::vector<double> RadialSpectrum::power(std::span<const double> field) const {
  // Along y first, keeping rows of x together for the inner loop.
  std::vector<double> half(ny_ * nx_, 0.0);
  for (std::size_t m = 0; m < ny_; ++m) {
    for (std::size_t y = 0; y < ny_; ++y) {
      const double cosine = cosines_y_[m * ny_ + y];
      for (std::size_t x = 0; x < nx_; ++x) half[m * nx_ + x] += cosine * field[y * nx_ + x];
    }
  }
  std::vector<double> rings(wavelengths_.size(), 0.0);
  const auto shorter = static_cast<double>(std::min(ny_, nx_));
  for (std::size_t m = 0; m < ny_; ++m) {
    for (std::size_t n = 0; n < nx_; ++n) {
      const double wave_number = std::hypot(static_cast<double>(m) / static_cast<double>(ny_),
                                            static_cast<double>(n) / static_cast<double>(nx_));
      const auto ring = static_cast<std::size_t>(std::lround(shorter * wave_number));
      if (ring == 0 || ring > rings.size()) continue;
      double coefficient = 0;
      for (std::size_t x = 0; x < nx_; ++x) coefficient += half[m * nx_ + x] * cosines_x_[n * nx_ + x];
      rings[ring - 1] += coefficient * coefficient;
    }
  }
  return rings;
}

std::int64_t DegreeSpectrum::highest_degree(const grid::CellRows& rows, std::span<const double> areas) {
  constexpr double kSphere = 4 * std::numbers::pi, kTolerance = 1e-3;
  std::int64_t longest = 0;
  for (std::int64_t row = 0; row < rows.rows(); ++row) longest = std::max(longest, rows.size(row));
  const std::int64_t most = std::min(rows.rows() / 2 - 1, (longest - 1) / 2);
  if (most < 1) return 0;
  // Means over the sphere of Legendre polynomials: 1 of degree 0, and 0 of all others.
  std::vector<double> means(static_cast<std::size_t>(2 * most + 1), 0.0);
  for (std::size_t row = 0; row < rows.latitude.size(); ++row) {
    const std::vector<double> legendre =
        grid::legendre_polynomials(2 * most, std::sin(rows.latitude[row] * grid::kRadians));
    double weight = 0;
    for (auto cell = rows.first_cell[row]; cell < rows.first_cell[row + 1]; ++cell)
      weight += areas[static_cast<std::size_t>(cell)] / kSphere;
    for (std::size_t degree = 0; degree < means.size(); ++degree) means[degree] += weight * legendre[degree];
  }
  means.front() -= 1;
  const auto wrong =
      std::find_if(means.begin(), means.end(), [](double mean) { return !(std::abs(mean) <= kTolerance); });
  return (wrong - means.begin() - 1) / 2;
}

DegreeSpectrum::DegreeSpectrum(grid::CellRows rows, std::vector<double> areas, std::int64_t highest)
    : harmonics_(std::move(rows), highest), areas_(std::move(areas)) {
  for (std::int64_t degree = 1; degree <= highest; ++degree) degrees_.push_back(static_cast<double>(degree));
}

std::vector<double> DegreeSpectrum::power(std::span<const double> field) const {
  std::vector<double> coefficients(static_cast<std::size_t>(harmonics_.coefficients()));
  harmonics_.analyse(field, areas_, coefficients);
  std::vector<double> power;
  for (std::int64_t l = 1; l <= std::ssize(degrees_); ++l) {
    double sum = 0;
    for (std::int64_t m = -l; m <= l; ++m) {
      const double coefficient =
          coefficients[static_cast<std::size_t>(grid::SphericalHarmonics::index(l, m))];
      sum += coefficient * coefficient;
    }
    power.push_back(sum);
  }
  return power;
}

}  // namespace foehn::evaluation
