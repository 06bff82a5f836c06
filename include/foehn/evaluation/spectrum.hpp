#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "foehn/grid/reduced_gaussian.hpp"
#include "foehn/grid/spherical_harmonics.hpp"

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

/// The variance of a field on the sphere by degree of spherical harmonics: of degree l the sum over its
/// orders of squared coefficients, which are means over the sphere of the field times harmonics whose mean
/// square is 1. By Parseval, those of all degrees from 0 sum to the area mean of the field's square where the
/// field has no finer scales; degree 0 is the square of the area mean. Coefficients are sums over cells,
/// weighted by their areas. The wavelength of degree l is about 40000 km / l.
class DegreeSpectrum {
 public:
  /// The highest degree that cells in rows carry: as many as half the rows, less one, and orders for which
  /// the longest row has points, as far as the areas integrate Legendre polynomials of twice that degree to a
  /// thousandth. N - 1 of a reduced Gaussian grid of 2 N rows; less than 1 if none is carried.
  /// @param areas  [cell], of the unit sphere
  static std::int64_t highest_degree(const grid::CellRows& rows, std::span<const double> areas);

  /// Keeps Legendre functions of every row: 8 bytes times rows and half the square of the highest degree.
  /// @param areas    [cell], of the unit sphere
  /// @param highest  1 to highest_degree
  DegreeSpectrum(grid::CellRows rows, std::vector<double> areas, std::int64_t highest);

  /// 1 to the highest.
  const std::vector<double>& degrees() const { return degrees_; }
  /// One per degree, in squared units of the field; all NaN if a value is. @param field  [cell]
  std::vector<double> power(std::span<const double> field) const;

 private:
  grid::SphericalHarmonics harmonics_;
  std::vector<double> areas_, degrees_;
};

}  // namespace foehn::evaluation
