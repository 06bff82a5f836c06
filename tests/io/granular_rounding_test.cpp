#include "foehn/io/granular_rounding.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netcdf.h>
#include <netcdf_meta.h>

#include <bit>
#include <cmath>
#include <random>

#include "foehn/io/chunks.hpp"
#include "io/test_files.hpp"

namespace foehn::io::granular_rounding_test {
namespace {

/// Values of all sizes and both signs, and those at which rounding is delicate.
std::vector<float> many_values() {
  std::mt19937 random(3);
  std::uniform_real_distribution<float> exponent(-30, 30), mantissa(-1, 1);
  std::vector<float> values{0.0F,    -0.0F, kFillValue, 1,      -1,     0.5F,
                            9.9999F, 10,    99.995F,    1e-38F, 101325, 273.15F};
  for (int i = 0; i < 20000; ++i) values.push_back(mantissa(random) * std::pow(10.0F, exponent(random)));
  for (int power = -20; power < 20; ++power) values.push_back(std::ldexp(1.0F, power));
  return values;
}

std::vector<float> rounded(std::vector<float> values, std::int64_t digits) {
  round_to_digits(values, digits, kFillValue);
  return values;
}

TEST(GranularRounding, KeepsTheDigitsAsked) {
  const std::vector<float> values = many_values();
  for (std::int64_t digits = 1; digits <= kMostSignificantDigits; ++digits) {
    const std::vector<float> found = rounded(values, digits);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i] == 0 || values[i] == kFillValue) {
        ASSERT_EQ(std::bit_cast<std::uint32_t>(found[i]), std::bit_cast<std::uint32_t>(values[i]));
        continue;
      }
      // Half a unit of the last digit.
      const double size = std::pow(10.0, std::floor(std::log10(std::abs(values[i]))));
      ASSERT_LE(std::abs(static_cast<double>(found[i]) - static_cast<double>(values[i])),
                0.5 * size * std::pow(10.0, 1.0 - static_cast<double>(digits)) * (1 + 1e-6))
          << values[i] << " to " << digits;
    }
  }
}

#if NC_HAS_QUANTIZE
/// Writes values through NetCDF-C's own rounding, and reads them.
std::vector<float> rounded_by_netcdf(const std::vector<float>& values, int digits) {
  const TemporaryFolder folder;
  const std::string path = (folder / "a.nc").string();
  int file = -1, dimension = -1, variable = -1;
  EXPECT_EQ(nc_create(path.c_str(), NC_NETCDF4 | NC_CLOBBER, &file), NC_NOERR);
  nc_def_dim(file, "x", values.size(), &dimension);
  nc_def_var(file, "v", NC_FLOAT, 1, &dimension, &variable);
  nc_put_att_float(file, variable, "_FillValue", NC_FLOAT, 1, &kFillValue);
  EXPECT_EQ(nc_def_var_quantize(file, variable, NC_QUANTIZE_GRANULARBR, digits), NC_NOERR);
  EXPECT_EQ(nc_put_var_float(file, variable, values.data()), NC_NOERR);
  EXPECT_EQ(nc_close(file), NC_NOERR);
  std::vector<float> found(values.size());
  EXPECT_EQ(nc_open(path.c_str(), NC_NOWRITE, &file), NC_NOERR);
  EXPECT_EQ(nc_get_var_float(file, variable, found.data()), NC_NOERR);
  nc_close(file);
  return found;
}

TEST(GranularRounding, GivesTheBitsOfNetcdf) {
  const std::vector<float> values = many_values();
  for (int digits = 1; digits <= 6; ++digits) {
    const std::vector<float> found = rounded(values, digits), expected = rounded_by_netcdf(values, digits);
    for (std::size_t i = 0; i < values.size(); ++i)
      ASSERT_EQ(std::bit_cast<std::uint32_t>(found[i]), std::bit_cast<std::uint32_t>(expected[i]))
          << values[i] << " to " << digits;
  }
}
#endif

}  // namespace
}  // namespace foehn::io::granular_rounding_test
