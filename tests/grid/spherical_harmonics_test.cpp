#include "foehn/grid/spherical_harmonics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace foehn::grid::spherical_harmonics_test {
namespace {

/// The cells of a grid whose rows begin at other longitudes than 0.
UnstructuredCells turned(const char* name) {
  UnstructuredCells cells = *named_grid(name).unstructured;
  for (std::size_t i = 0; i < cells.areas.size(); ++i)
    cells.centres.longitude[i] += 3 + 0.1 * std::abs(cells.centres.latitude[i]);
  return cells;
}

TEST(SphericalHarmonics, AreFoundAgainInWhatTheyMake) {
  constexpr std::int64_t kDegree = 7;  // N - 1 of O8
  for (const UnstructuredCells& cells : {*named_grid("O8").unstructured, turned("O8")}) {
    const SphericalHarmonics harmonics(*find_rows(cells), kDegree);
    std::vector<double> made(static_cast<std::size_t>(harmonics.coefficients())), found(made.size());
    for (std::size_t i = 0; i < made.size(); ++i) made[i] = std::sin(1.7 * static_cast<double>(i) + 1);
    std::vector<double> field(cells.areas.size());
    harmonics.synthesise(made, field);
    harmonics.analyse(field, cells.areas, found);
    for (std::size_t i = 0; i < made.size(); ++i)
      EXPECT_NEAR(found[i], made[i], 1e-12) << "coefficient " << i;
  }
}

TEST(SphericalHarmonics, HaveTheirClosedForms) {
  const UnstructuredCells cells = *named_grid("O8").unstructured;
  std::vector<double> field, found(16);
  constexpr double kRadiansPerDegree = 0.017453292519943295;
  for (std::size_t i = 0; i < cells.areas.size(); ++i) {
    const double sine = std::sin(cells.centres.latitude[i] * kRadiansPerDegree);
    const double longitude = cells.centres.longitude[i] * kRadiansPerDegree;
    // sqrt(15)/2 cos^2 sin(2 longitude), of degree 2 and mean square 1, and sqrt(7)/2 (5 sin^3 - 3 sin) of
    // degree 3.
    field.push_back(2 * std::sqrt(15.0) / 2 * (1 - sine * sine) * std::sin(2 * longitude) -
                    3 * std::sqrt(7.0) / 2 * (5 * std::pow(sine, 3) - 3 * sine));
  }
  SphericalHarmonics(*find_rows(cells), 3).analyse(field, cells.areas, found);
  for (std::int64_t l = 0; l <= 3; ++l)
    for (std::int64_t m = -l; m <= l; ++m)
      EXPECT_NEAR(found[static_cast<std::size_t>(SphericalHarmonics::index(l, m))],
                  l == 2 && m == -2  ? 2
                  : l == 3 && m == 0 ? -3
                                     : 0,
                  1e-12)
          << "degree " << l << ", order " << m;
}

}  // namespace
}  // namespace foehn::grid::spherical_harmonics_test
