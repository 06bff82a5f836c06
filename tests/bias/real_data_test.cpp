#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "bias/records.hpp"
#include "foehn/bias/correction.hpp"
#include "foehn/io/netcdf.hpp"
#include "io/test_files.hpp"

namespace foehn::bias::real_data_test {
namespace {

constexpr std::int64_t kStations = 3, kYear = 365;
const Layout kStationsByMonth{.by_month = true, .cells = kStations};

/// Daily values of three stations over whole years; both files begin on 1950-01-01 of a noleap calendar.
Record years(const std::filesystem::path& path, const std::string& variable, std::int64_t first,
             std::int64_t last) {
  const io::NetcdfFile file = io::NetcdfFile::open(path);
  const std::vector<std::int64_t> start{(first - 1950) * kYear, 0},
      count{(last - first + 1) * kYear, kStations};
  return {file.read_doubles(file.variable(variable), start, count), kStations};
}

double quantile(const Record& record, std::size_t station, double share) {
  std::vector<double> values;
  for (std::size_t day = 0; day < record.days(); ++day) values.push_back(record.field(day)[station]);
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size()))];
}

/// Greatest difference of three quantiles, at one station.
double error(const Record& record, const Record& truth, std::size_t station) {
  double worst = 0;
  for (const double share : {0.05, 0.5, 0.95})
    worst = std::max(worst, std::abs(quantile(record, station, share) - quantile(truth, station, share)));
  return worst;
}

class RealData : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!simulation || !reference) GTEST_SKIP() << "skipped: no real data";
  }
  std::optional<std::filesystem::path> simulation = io::real_data("xclim_sdba_CanESM2_1950-2100.nc");
  std::optional<std::filesystem::path> reference = io::real_data("xclim_sdba_nrcan_1950-2013.nc");
};

TEST_F(RealData, MaximumTemperatureOfAClimateModelIsCorrected) {
  const Record observed = years(*reference, "tasmax", 1981, 2010),
               simulated = years(*simulation, "tasmax", 1981, 2010);
  Correction correction =
      Correction::quantile_mapping(calibrate(observed, simulated, Kind::additive, 250, kStationsByMonth));
  const Record found = corrected(correction, simulated);
  EXPECT_EQ(correction.extrapolated(), 0);
  for (std::size_t station = 0; station < kStations; ++station) {
    EXPECT_GT(error(simulated, observed, station), 1.9) << station;
    EXPECT_LT(error(found, observed, station), 0.1) << station;
  }
}

TEST_F(RealData, PrecipitationOfAClimateModelIsCorrected) {
  const Record observed = years(*reference, "pr", 1981, 2010),
               simulated = years(*simulation, "pr", 1981, 2010);
  Correction correction = Correction::quantile_mapping(
      calibrate(observed, simulated, Kind::multiplicative, 1000, kStationsByMonth));
  const Record found = corrected(correction, simulated);
  for (const double value : found.values) ASSERT_GE(value, 0);
  EXPECT_GT(std::abs(mean_of(simulated) / mean_of(observed) - 1), 0.1);
  EXPECT_NEAR(mean_of(found) / mean_of(observed), 1, 0.02);
}

TEST_F(RealData, TheWarmingOfTheClimateModelIsKept) {
  const Record observed = years(*reference, "tasmax", 1981, 2010),
               simulated = years(*simulation, "tasmax", 1981, 2010),
               scenario = years(*simulation, "tasmax", 2071, 2100);
  const Calibration calibration = calibrate(observed, simulated, Kind::additive, 250, kStationsByMonth);
  Correction detrended =
      Correction::detrended_quantile_mapping(calibration, summary_of(scenario, kStationsByMonth));
  Correction delta =
      Correction::quantile_delta_mapping(calibration, scenario_of(scenario, kStationsByMonth, 250));
  const double warming = mean_of(scenario) - mean_of(simulated);
  ASSERT_GT(warming, 3);
  EXPECT_NEAR(mean_of(corrected(delta, scenario)) - mean_of(observed), warming, 0.1);
  EXPECT_NEAR(mean_of(corrected(detrended, scenario)) - mean_of(observed), warming, 0.5);
}

}  // namespace
}  // namespace foehn::bias::real_data_test
