#include "foehn/io/granular_rounding.hpp"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <numbers>

namespace foehn::io {
namespace {

constexpr int kFractionBits = 23;
// As quotients, whose last bits decide at powers of ten.
constexpr double kBitsPerDigit = std::numbers::ln10 / std::numbers::ln2;
constexpr double kDigitsPerBit = std::numbers::ln2 / std::numbers::ln10;

/// Explicit bits of the fraction that a value needs, beside the one that is always there.
int bits_needed(float value, std::int64_t digits) {
  int exponent = 0;  // value = mantissa 2^exponent, 0.5 <= |mantissa| < 1
  const double mantissa = std::fabs(std::frexp(static_cast<double>(value), &exponent));
  const double log_mantissa = std::log10(mantissa);
  // Decimal digits before the point; the power of two of the last bit that matters; the bits down to it.
  const int leading = static_cast<int>(std::floor(exponent * kDigitsPerBit + log_mantissa)) + 1;
  const int last_bit = static_cast<int>(std::floor(kBitsPerDigit * static_cast<double>(leading - digits)));
  const int first_bit = static_cast<int>(std::floor(exponent - kBitsPerDigit * log_mantissa));
  return std::abs(first_bit - last_bit) - 1;
}

}  // namespace

void round_to_digits(std::span<float> values, std::int64_t digits, float fill) {
  for (float& value : values) {
    if (value == fill || value == 0) continue;
    const int dropped = kFractionBits - bits_needed(value, digits);
    if (dropped <= 0) continue;
    const std::uint32_t half = std::uint32_t{1} << (dropped - 1);
    const std::uint32_t kept = ~std::uint32_t{0} << dropped;
    value = std::bit_cast<float>((std::bit_cast<std::uint32_t>(value) + half) & kept);
  }
}

}  // namespace foehn::io
