#include "foehn/evaluation/spectrum.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

#include "foehn/grid/reduced_gaussian.hpp"
#include "foehn/model/spherical_climate.hpp"

namespace foehn::evaluation::spectrum_test {
namespace {

constexpr std::int64_t kRows = 8, kColumns = 12;

/// A sum of a mean and one cosine mode, with the mode's wave along columns only.
std::vector<double> wave(double mean, double amplitude, int mode) {
  std::vector<double> field;
  for (std::int64_t y = 0; y < kRows; ++y) {
    for (std::int64_t x = 0; x < kColumns; ++x) {
      field.push_back(
          mean + amplitude * std::cos(std::numbers::pi * mode * (static_cast<double>(x) + 0.5) / kColumns));
    }
  }
  return field;
}

TEST(RadialSpectrum, PutsAWaveInTheRingOfItsWavelength) {
  const RadialSpectrum spectrum(kRows, kColumns);
  const auto power = spectrum.power(wave(280, 2, 6));
  ASSERT_EQ(power.size(), 7U);
  // Six half waves over 12 cells: a wavelength of 4 cells. A cosine's power is half its squared amplitude a
  // cell.
  EXPECT_DOUBLE_EQ(spectrum.wavelengths()[3], 4);
  for (std::size_t ring = 0; ring < power.size(); ++ring) {
    EXPECT_NEAR(power[ring], ring == 3 ? 0.5 * 4 * kRows * kColumns : 0, 1e-8) << ring;
  }
}

TEST(RadialSpectrum, GrowsWithTheSquareOfTheField) {
  const RadialSpectrum spectrum(kRows, kColumns);
  const auto power = [&](double amplitude) {
    const auto rings = spectrum.power(wave(0, amplitude, 3));
    return std::accumulate(rings.begin(), rings.end(), 0.0);
  };
  EXPECT_NEAR(power(3), 9 * power(1), 1e-9);
}

DegreeSpectrum spectrum_on(const grid::Grid& grid) {
  const auto rows = *grid::find_rows(*grid.unstructured);
  const std::vector<double>& areas = grid.unstructured->areas;
  return {rows, areas, DegreeSpectrum::highest_degree(rows, areas)};
}

double area_mean(const grid::Grid& grid, const std::vector<double>& field) {
  const std::vector<double>& areas = grid.unstructured->areas;
  return std::inner_product(areas.begin(), areas.end(), field.begin(), 0.0) / (4 * std::numbers::pi);
}

TEST(DegreeSpectrum, PutsAHarmonicInItsDegree) {
  const grid::Grid grid = grid::named_grid("O8");
  const DegreeSpectrum spectrum = spectrum_on(grid);
  ASSERT_EQ(spectrum.degrees().size(), 7U);  // N - 1
  const grid::SphericalHarmonics harmonics(*grid::find_rows(*grid.unstructured), 7);
  for (const auto& [l, m] : {std::pair{1, 0}, std::pair{5, -3}, std::pair{7, 7}}) {
    std::vector<double> coefficients(64), field(static_cast<std::size_t>(grid.cells()));
    coefficients[0] = 280;  // the mean is of degree 0
    coefficients[static_cast<std::size_t>(grid::SphericalHarmonics::index(l, m))] = 2;
    harmonics.synthesise(coefficients, field);
    const std::vector<double> power = spectrum.power(field);
    for (int degree = 1; degree <= 7; ++degree)
      EXPECT_NEAR(power[static_cast<std::size_t>(degree - 1)], degree == l ? 4 : 0, 1e-9)
          << "degree " << degree << " of a harmonic of degree " << l;
  }
}

TEST(DegreeSpectrum, IsThatOfAFieldWithAKnownOne) {
  constexpr int kFields = 200;
  const grid::Grid grid = grid::named_grid("O8");
  const DegreeSpectrum spectrum = spectrum_on(grid);
  const model::IsotropicField known = model::SphericalClimateOptions().pressure;
  std::vector<double> expected, found(7, 0.0);
  double sum = 1;  // of degree 0
  for (const double l : spectrum.degrees()) {
    expected.push_back((2 * l + 1) * std::pow(1 + std::pow(l / known.degree, 2), -known.smoothness - 1));
    sum += expected.back();
  }
  for (int seed = 0; seed < kFields; ++seed) {
    model::SphericalClimate climate({.grid = "O8", .seed = static_cast<std::uint64_t>(seed)});
    std::vector<float> values(2 * static_cast<std::size_t>(grid.cells()));
    climate.draw(values);
    const std::vector<double> psl(values.begin(), values.begin() + grid.cells());
    std::vector<double> anomalies;
    for (const double value : psl) anomalies.push_back(value - climate.mean(0).front());
    const std::vector<double> power = spectrum.power(anomalies);
    std::vector<double> squares;
    for (const double anomaly : anomalies) squares.push_back(anomaly * anomaly);
    const double mean = area_mean(grid, anomalies), mean_square = area_mean(grid, squares);
    EXPECT_NEAR(std::accumulate(power.begin(), power.end(), mean * mean), mean_square, 1e-5 * mean_square)
        << "Parseval";
    for (std::size_t i = 0; i < power.size(); ++i) found[i] += power[i] / kFields;
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    expected[i] *= std::pow(known.standard_deviation, 2) / sum;
    const double error = std::sqrt(2 / (2 * spectrum.degrees()[i] + 1) / kFields);
    EXPECT_NEAR(found[i] / expected[i], 1, 4 * error) << "degree " << spectrum.degrees()[i];
  }
}

TEST(DegreeSpectrum, IsNotOfRowsWhoseAreasDoNotIntegrate) {
  grid::UnstructuredCells cells = *grid::named_grid("O8").unstructured;
  const auto rows = *grid::find_rows(cells);
  EXPECT_EQ(DegreeSpectrum::highest_degree(rows, cells.areas), 7);
  for (std::size_t i = 0; i < 20; ++i) cells.areas[i] *= 1.5;  // of the northernmost row
  EXPECT_EQ(DegreeSpectrum::highest_degree(rows, cells.areas), 0);
}

}  // namespace
}  // namespace foehn::evaluation::spectrum_test
