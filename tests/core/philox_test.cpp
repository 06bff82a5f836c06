#include "foehn/core/philox.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

namespace foehn::core::philox_test {
namespace {

std::vector<double> normals(const NoiseKey& key, std::uint32_t hour, std::size_t count) {
  std::vector<double> values(count);
  fill_normal(key, hour, std::span<double>(values));
  return values;
}

double mean_product(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum / static_cast<double>(a.size());
}

// Known answers published with Random123 (Salmon et al. 2011): zeros, ones, and the digits of pi.
TEST(Philox, GivesThePublishedAnswers) {
  using Words = std::array<std::uint32_t, 4>;
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(philox4x32({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(FillNormal, IsBoxMullerOfTheCountersWords) {
  const NoiseKey key{.seed = 0x123456789abcdef0, .member = 3, .draw = 5};
  const std::uint32_t hour = 77;
  const auto values = normals(key, hour, 12);
  for (std::uint32_t block = 0; block < 3; ++block) {
    const auto words = philox4x32({block, hour, 5, 3}, {0x9abcdef0, 0x12345678});
    for (std::size_t pair = 0; pair < 2; ++pair) {
      // The inverse of Box-Muller: radius and angle give the two words back.
      const double x = values[4 * block + 2 * pair];
      const double y = values[4 * block + 2 * pair + 1];
      const double radius_uniform = std::exp(-(x * x + y * y) / 2);
      const double turn = std::atan2(y, x) / (2 * M_PI);
      EXPECT_NEAR(radius_uniform, (words[2 * pair] + 1.0) / 4294967296.0, 1e-14);
      EXPECT_NEAR(turn < 0 ? turn + 1 : turn, words[2 * pair + 1] / 4294967296.0, 1e-14);
    }
  }
}

TEST(FillNormal, DoesNotDependOnTheNumberOfValues) {
  const NoiseKey key{.seed = 11, .member = 1, .draw = 2};
  const auto whole = normals(key, 4, 1000);
  for (const std::size_t count : {0, 1, 2, 3, 4, 5, 7, 999}) {
    const auto part = normals(key, 4, count);
    for (std::size_t c = 0; c < count; ++c) ASSERT_EQ(part[c], whole[c]) << "cell " << c << " of " << count;
  }
}

TEST(FillNormal, DoesNotDependOnTheOrderOfDrawing) {
  const NoiseKey key{.seed = 11};
  std::vector<std::vector<double>> forward, backward(5);
  for (std::uint32_t hour = 0; hour < 5; ++hour) forward.push_back(normals(key, hour, 64));
  for (std::uint32_t hour = 5; hour-- > 0;) backward[hour] = normals(key, hour, 64);
  EXPECT_EQ(forward, backward);
}

TEST(FillNormal, RoundsTheSameNumbersToFloat) {
  const NoiseKey key{.seed = 42, .member = 2, .draw = 1};
  const auto doubles = normals(key, 9, 103);
  std::vector<float> floats(103);
  fill_normal(key, 9, std::span<float>(floats));
  for (std::size_t c = 0; c < floats.size(); ++c) EXPECT_EQ(floats[c], static_cast<float>(doubles[c]));
}

TEST(FillNormal, IsAnotherFieldForAnyOtherKeyOrHour) {
  constexpr std::size_t kCount = 100000;
  const NoiseKey key{.seed = 7, .member = 1, .draw = 1};
  const auto field = normals(key, 10, kCount);
  const std::vector<std::pair<NoiseKey, std::uint32_t>> others = {
      {{.seed = 8, .member = 1, .draw = 1}, 10},
      {{.seed = 7 + (std::uint64_t{1} << 32), .member = 1, .draw = 1}, 10},
      {{.seed = 7, .member = 2, .draw = 1}, 10},
      {{.seed = 7, .member = 1, .draw = 2}, 10},
      {{.seed = 7, .member = 1, .draw = 1}, 11},
  };
  for (std::size_t i = 0; i < others.size(); ++i) {
    const auto other = normals(others[i].first, others[i].second, kCount);
    // The correlation of independent fields has standard deviation 1/sqrt(count).
    EXPECT_LT(std::abs(mean_product(field, other)), 5 / std::sqrt(kCount)) << "key " << i;
  }
}

TEST(FillNormal, HasTheMomentsOfAStandardNormal) {
  constexpr std::size_t kCount = 1000000;
  const auto values = normals({.seed = 2024}, 0, kCount);
  std::vector<double> squares(kCount), neighbours(values.begin() + 1, values.end());
  neighbours.push_back(values.front());
  for (std::size_t c = 0; c < kCount; ++c) squares[c] = values[c] * values[c];
  const std::vector<double> ones(kCount, 1.0);
  // Tolerances: five standard deviations of each estimate, from the moments of a normal (1, 3, 15, 105).
  const double unit = 5 / std::sqrt(kCount);
  EXPECT_NEAR(mean_product(values, ones), 0, unit);
  EXPECT_NEAR(mean_product(values, values), 1, unit * std::sqrt(2.0));
  EXPECT_NEAR(mean_product(squares, values), 0, unit * std::sqrt(15.0));
  EXPECT_NEAR(mean_product(squares, squares), 3, unit * std::sqrt(96.0));
  EXPECT_NEAR(mean_product(values, neighbours), 0, unit);
}

}  // namespace
}  // namespace foehn::core::philox_test
