#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace foehn::evaluation {

/// Spatial power of a limited-area field by wavelength, from its two-dimensional cosine transform (DCT-II,
/// orthonormal), which needs no periodic field (Denis et al. 2002,
/// doi:10.1175/1520-0493(2002)130<1812:SDOTDA>2.0.CO;2).
///
/// Mode (m, n) has wavelength 2 / sqrt((m / ny)^2 + (n / nx)^2) cells. Ring r = 1 .. min(ny, nx) - 1 gathers
/// the modes whose wavelength is nearest to 2 min(ny, nx) / r cells in wave number; the mean and the corners'
/// shorter waves are in no ring.
class RadialSpectrum {
 public:
  RadialSpectrum(std::int64_t ny, std::int64_t nx);

  /// Wavelength of every ring, in cells, falling.
  const std::vector<double>& wavelengths() const { return wavelengths_; }
  /// Sums of squared coefficients, one per ring, in squared units of the field. @param field  [y, x]
  std::vector<double> power(std::span<const double> field) const;

 private:
  std::size_t ny_, nx_;
  std::vector<double> cosines_y_, cosines_x_;  ///< [mode, cell]
  std::vector<double> wavelengths_;
};

}  // namespace foehn::evaluation
