#include "foehn/core/units.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "foehn/core/error.hpp"

namespace foehn::core::units_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

double convert(double value, const std::string& from, const std::string& to) {
  const UnitConversion conversion = unit_conversion(from, to);
  return conversion.scale * value + conversion.offset;
}

TEST(UnitConversion, ConvertsTheUnitsOfWeather) {
  EXPECT_DOUBLE_EQ(convert(20, "degC", "K"), 293.15);
  EXPECT_DOUBLE_EQ(convert(293.15, "K", "Celsius"), 20);
  EXPECT_NEAR(convert(212, "degF", "degC"), 100, 1e-9);
  EXPECT_DOUBLE_EQ(convert(1013.25, "hPa", "Pa"), 101325);
  EXPECT_DOUBLE_EQ(convert(1, "knot", "m s-1"), 1852.0 / 3600.0);
  EXPECT_DOUBLE_EQ(convert(1, "km/h", "m s**-1"), 1 / 3.6);
  EXPECT_DOUBLE_EQ(convert(50, "%", "1"), 0.5);
  EXPECT_DOUBLE_EQ(convert(86400, "kg m-2 s-1", "kg m-2 day-1"), 86400.0 * 86400.0);
}

TEST(UnitConversion, IsTheIdentityBetweenSpellingsOfOneUnit) {
  EXPECT_TRUE(unit_conversion("K", "kelvin").is_identity());
  EXPECT_TRUE(unit_conversion("m s-1", "m/s").is_identity());
  EXPECT_TRUE(unit_conversion(" Pa ", "Pa").is_identity());
  EXPECT_FALSE(unit_conversion("degC", "K").is_identity());
  EXPECT_FALSE(unit_conversion("hPa", "Pa").is_identity());
}

TEST(UnitConversion, NamesAnUnknownUnitAndItsPartner) {
  ::testing::internal::CaptureStderr();
  EXPECT_THAT(
      [] { unit_conversion("furlongs_per_moon", "m s-1"); },
      ThrowsMessage<Error>(AllOf(HasSubstr("unit 'furlongs_per_moon' is unknown"), HasSubstr("'m s-1'"))));
  EXPECT_THAT([] { unit_conversion("Pa", "pascalz"); },
              ThrowsMessage<Error>(AllOf(HasSubstr("unit 'pascalz' is unknown"), HasSubstr("'Pa'"))));
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "") << "the library must not print by itself";
}

TEST(UnitConversion, RefusesUnitsOfDifferentThings) {
  EXPECT_THAT(
      [] { unit_conversion("K", "Pa"); },
      ThrowsMessage<Error>(AllOf(HasSubstr("'K'"), HasSubstr("'Pa'"), HasSubstr("different things"))));
}

TEST(UnitConversion, RefusesALogarithmicUnit) {
  EXPECT_THAT([] { unit_conversion("lg(re 1 Pa)", "Pa"); },
              ThrowsMessage<Error>(AllOf(HasSubstr("'lg(re 1 Pa)'"), HasSubstr("not linear"))));
  EXPECT_THROW(unit_conversion("Pa", "lg(re 1 Pa)"), Error);
}

}  // namespace
}  // namespace foehn::core::units_test
