#include "foehn/evaluation/spectrum.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <numeric>

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

}  // namespace
}  // namespace foehn::evaluation::spectrum_test
