#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace foehn::core {

/// Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): 128 random bits from a
/// 128-bit counter and a 64-bit key, with no state, so any rank can make any number at any time.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key);

/// Which standard normal field is meant: the same numbers come out wherever and in whatever order they are
/// drawn.
struct NoiseKey {
  std::uint64_t seed = 0;
  std::uint32_t member = 0;  ///< ensemble member
  std::uint32_t draw = 0;    ///< 0: the initial noise; 1, 2, ...: later draws
};

/// Fills `values` with the independent standard normal numbers of one hour.
///
/// The number at position c depends on the key, `hour` and c alone (not on the size of `values`): counter
/// (c/4, hour, draw, member), key (seed). Box-Muller in float64 on pairs of words, rounded to T.
template <class T>
void fill_normal(const NoiseKey& key, std::uint32_t hour, std::span<T> values);

}  // namespace foehn::core
