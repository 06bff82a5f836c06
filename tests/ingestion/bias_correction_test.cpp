#include "foehn/ingestion/bias_correction.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "foehn/core/error.hpp"

namespace foehn::ingestion::bias_correction_test {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(StatisticsOfAVariable, AreOfItsNameUnitAndStandardName) {
  bias::Calibration of_wind;
  of_wind.variable = "uas";
  of_wind.units = "m s-1";
  of_wind.standard_name = "eastward_wind";
  const std::vector<bias::Calibration> all{of_wind};
  EXPECT_EQ(&calibration_of({"uas", "eastward_wind", "m s-1"}, all), &all.front());
  const auto refuses = [&](const io::Variable& variable, const std::string& message) {
    EXPECT_THAT([&] { calibration_of(variable, all); }, ThrowsMessage<core::Error>(HasSubstr(message)));
  };
  refuses({"vas", "northward_wind", "m s-1"}, "no statistics of vas");
  refuses({"uas", "eastward_wind", "km h-1"}, "uas: its statistics are in m s-1, expected km h-1");
  // Along the grid of a rotated domain it is another quantity of the same name.
  refuses({"uas", "grid_eastward_wind", "m s-1"},
          "uas: its statistics are of the standard name 'eastward_wind', expected 'grid_eastward_wind'");
}

}  // namespace
}  // namespace foehn::ingestion::bias_correction_test
