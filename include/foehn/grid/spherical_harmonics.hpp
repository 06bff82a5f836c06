#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "foehn/grid/reduced_gaussian.hpp"

namespace foehn::grid {

/// Fields on the rows of a grid from coefficients of real spherical harmonics of degrees 0 to L, and back,
/// normalised so that the squares of all of a degree l sum to 2 l + 1 at every place: Y_lm is P_lm(sin
/// latitude) times cos(m longitude) for m >= 0 and sin(-m longitude) for m < 0. Source: Holmes and
/// Featherstone 2002, Eq. 11 to 13, for the recursion of P_lm along the degree.
class SphericalHarmonics {
 public:
  /// Keeps P_lm of every row: rows (L + 1)(L + 2)/2 numbers.
  SphericalHarmonics(CellRows rows, std::int64_t highest_degree);

  std::int64_t coefficients() const { return (degree_ + 1) * (degree_ + 1); }
  /// Where the coefficient of degree l and order m, -l to l, stands.
  static std::int64_t index(std::int64_t l, std::int64_t m) { return l * l + l + m; }

  /// @param coefficients  of all degrees and orders
  /// @param field         [cell]
  void synthesise(std::span<const double> coefficients, std::span<double> field) const;
  /// The coefficients of a field: its means times Y_lm over the sphere, by quadrature with the cells' areas.
  /// On the rows of a Gaussian grid they are those that it was made of; orders that a row has too few points
  /// for are not looked for there. The squares of all coefficients
  /// sum to the mean of the field's square where it has no finer scales.
  /// @param field         [cell]
  /// @param areas         [cell], of the unit sphere
  /// @param coefficients  of all degrees and orders
  void analyse(std::span<const double> field, std::span<const double> areas,
               std::span<double> coefficients) const;

 private:
  CellRows rows_;
  std::int64_t degree_;
  std::vector<double> legendre_;  ///< [row, order from 0, degree from the order]
};

/// Legendre polynomials of degrees 0 to `highest`.
std::vector<double> legendre_polynomials(std::int64_t highest, double x);

}  // namespace foehn::grid
