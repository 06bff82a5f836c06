#include "foehn/evaluation/spectrum.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

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

}  // namespace foehn::evaluation
