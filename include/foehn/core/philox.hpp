#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <span>

// What GPUs draw as well: one source for both, compiled by nvcc for both.
#ifdef __CUDACC__
#define FOEHN_HOST_DEVICE __host__ __device__
#else
#define FOEHN_HOST_DEVICE
#endif

namespace foehn::core {

/// Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): 128 random bits from a
/// 128-bit counter and a 64-bit key, with no state, so any rank can make any number at any time.
FOEHN_HOST_DEVICE constexpr std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                                                    std::array<std::uint32_t, 2> key) {
  constexpr int kRounds = 10;
  constexpr std::uint32_t kMultiplier0 = 0xD2511F53;
  constexpr std::uint32_t kMultiplier1 = 0xCD9E8D57;
  constexpr std::uint32_t kWeyl0 = 0x9E3779B9;  // golden ratio
  constexpr std::uint32_t kWeyl1 = 0xBB67AE85;  // sqrt(3) - 1
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

/// Which standard normal field is meant: the same numbers come out wherever and in whatever order they are
/// drawn.
struct NoiseKey {
  std::uint64_t seed = 0;
  std::uint32_t member = 0;  ///< ensemble member
  std::uint32_t draw = 0;    ///< 0: the initial noise; 1, 2, ...: later draws
};

/// The standard normal numbers at positions 4 block to 4 block + 3 of an hour's field: Box-Muller in float64
/// on the words of counter (block, hour, draw, member) and key (seed).
FOEHN_HOST_DEVICE inline std::array<double, 4> normal_block(const NoiseKey& key, std::uint32_t hour,
                                                            std::uint32_t block) {
  constexpr double kTwoToMinus32 = 0x1p-32;
  const std::array<std::uint32_t, 4> words =
      philox4x32({block, hour, key.draw, key.member},
                 {static_cast<std::uint32_t>(key.seed), static_cast<std::uint32_t>(key.seed >> 32)});
  std::array<double, 4> normals{};
  for (std::size_t i = 0; i < 4; i += 2) {
    // The radius' uniform number is (word + 1) / 2^32, in (0, 1], so that its logarithm is finite.
    const double radius = std::sqrt(-2.0 * std::log((static_cast<double>(words[i]) + 1.0) * kTwoToMinus32));
    const double angle = 2.0 * std::numbers::pi * (static_cast<double>(words[i + 1]) * kTwoToMinus32);
    normals[i] = radius * std::cos(angle);
    normals[i + 1] = radius * std::sin(angle);
  }
  return normals;
}

/// Fills `values` with the independent standard normal numbers of one hour, rounded to T.
///
/// The number at position c depends on the key, `hour` and c alone, not on the size of `values`.
template <class T>
void fill_normal(const NoiseKey& key, std::uint32_t hour, std::span<T> values);

}  // namespace foehn::core
