#pragma once

#include <cstdint>
#include <span>

namespace foehn::io {

/// The most significant decimal digits that rounding knows; float32 has no more.
inline constexpr std::int64_t kMostSignificantDigits = 7;

/// Granular bit rounding: rounds each value to the fewest leading bits that keep so many significant decimal
/// digits, and sets the others to 0, which makes values compress well. Bit by bit what NetCDF-C does for
/// NC_QUANTIZE_GRANULARBR, except that a value that needs all its bits is kept.
/// Source: Delaunay, Courtois and Gouillon 2019, Eqs. 6 to 8; Kouznetsov 2021 for the rounding of bits.
/// @param digits  1 to kMostSignificantDigits
/// @param fill    is left as it is, as is 0
void round_to_digits(std::span<float> values, std::int64_t digits, float fill);

}  // namespace foehn::io
