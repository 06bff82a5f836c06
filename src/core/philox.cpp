#include "foehn/core/philox.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace foehn::core {

namespace {

constexpr int kRounds = 10;
constexpr std::uint32_t kMultiplier0 = 0xD2511F53;
constexpr std::uint32_t kMultiplier1 = 0xCD9E8D57;
constexpr std::uint32_t kWeyl0 = 0x9E3779B9;  // golden ratio
constexpr std::uint32_t kWeyl1 = 0xBB67AE85;  // sqrt(3) - 1

constexpr double kTwoToMinus32 = 0x1p-32;

/// Box-Muller: two independent standard normal numbers from two words of random bits.
/// The radius' uniform number is (word + 1) / 2^32, in (0, 1], so that its logarithm is finite.
std::array<double, 2> normal_pair(std::uint32_t radius_word, std::uint32_t angle_word) {
  const double radius = std::sqrt(-2.0 * std::log((static_cast<double>(radius_word) + 1.0) * kTwoToMinus32));
  const double angle = 2.0 * std::numbers::pi * (static_cast<double>(angle_word) * kTwoToMinus32);
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

}  // namespace

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t product0 = std::uint64_t{kMultiplier0} * counter[0];
    const std::uint64_t product1 = std::uint64_t{kMultiplier1} * counter[2];
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(product0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

template <class T>
void fill_normal(const NoiseKey& key, std::uint32_t hour, std::span<T> values) {
  const std::array<std::uint32_t, 2> philox_key = {static_cast<std::uint32_t>(key.seed),
                                                   static_cast<std::uint32_t>(key.seed >> 32)};
  for (std::size_t first = 0; first < values.size(); first += 4) {
    const auto words =
        philox4x32({static_cast<std::uint32_t>(first / 4), hour, key.draw, key.member}, philox_key);
    const auto [n0, n1] = normal_pair(words[0], words[1]);
    const auto [n2, n3] = normal_pair(words[2], words[3]);
    const std::array<T, 4> normals = {static_cast<T>(n0), static_cast<T>(n1), static_cast<T>(n2),
                                      static_cast<T>(n3)};
    const std::size_t count = std::min<std::size_t>(4, values.size() - first);
    std::copy_n(normals.begin(), count, values.begin() + static_cast<std::ptrdiff_t>(first));
  }
}

template void fill_normal<float>(const NoiseKey&, std::uint32_t, std::span<float>);
template void fill_normal<double>(const NoiseKey&, std::uint32_t, std::span<double>);

}  // namespace foehn::core
