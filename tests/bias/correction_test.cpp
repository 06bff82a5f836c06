#include "foehn/bias/correction.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "bias/records.hpp"
#include "foehn/core/error.hpp"
#include "foehn/io/safetensors.hpp"

namespace foehn::bias::correction_test {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr std::size_t kDays = 4000;

Record reference(const std::string& name) {
  const io::SafetensorsFile file(FOEHN_TEST_REFERENCE "/quantile_mapping.safetensors");
  const io::TensorView& view = file.tensor(name);
  Record record;
  record.values.resize(view.bytes.size() / sizeof(double));
  std::memcpy(record.values.data(), view.bytes.data(), view.bytes.size());
  return record;
}

Record shifted(Record record, double factor, double difference) {
  for (double& value : record.values) value = value * factor + difference;
  return record;
}

/// Precipitation: nothing on two days of three (every simulated drop counted), else a skewed amount.
Record rain(std::size_t days, double amount) {
  Record record = bell(days, 0, 1);
  for (double& value : record.values) value = value < 0.7 ? 0 : amount * (value - 0.7);
  return record;
}

void expect_near(const Record& found, const Record& expected, double tolerance) {
  ASSERT_EQ(found.values.size(), expected.values.size());
  for (std::size_t i = 0; i < found.values.size(); ++i)
    ASSERT_NEAR(found.values[i], expected.values[i], tolerance) << i;
}

double change_at(const Record& later, const Record& earlier, double share) {
  const auto quantile = [share](Record record) {
    std::sort(record.values.begin(), record.values.end());
    return record.values[static_cast<std::size_t>(share * static_cast<double>(record.values.size()))];
  };
  return quantile(later) - quantile(earlier);
}

class QuantileMappingReference : public ::testing::TestWithParam<std::pair<int, Kind>> {};

TEST_P(QuantileMappingReference, IsMatchedWithClamping) {
  const auto [bins, kind] = GetParam();
  const Record simulated = reference("simh"), scenario = reference("simp"),
               adjusted = reference("adjusted_n" + std::to_string(bins));
  const Calibration calibration = calibrate(reference("obs"), simulated, kind, bins);
  Correction clamping = Correction::quantile_mapping(calibration, Extrapolation::clamp);
  expect_near(corrected(clamping, scenario), adjusted, 1e-9);
  EXPECT_EQ(clamping.extrapolated(), 6);
}

TEST_P(QuantileMappingReference, IsMatchedWithinTheSimulationsRangeWithoutClamping) {
  const auto [bins, kind] = GetParam();
  const Record simulated = reference("simh"), scenario = reference("simp"),
               adjusted = reference("adjusted_n" + std::to_string(bins));
  Correction correction = Correction::quantile_mapping(calibrate(reference("obs"), simulated, kind, bins));
  const Record found = corrected(correction, scenario);
  const auto [least, greatest] = std::minmax_element(simulated.values.begin(), simulated.values.end());
  std::int64_t beyond = 0;
  for (std::size_t i = 0; i < found.values.size(); ++i) {
    if (scenario.values[i] < *least || scenario.values[i] > *greatest)
      ++beyond;
    else
      ASSERT_NEAR(found.values[i], adjusted.values[i], 1e-9) << i;
  }
  EXPECT_EQ(beyond, 6);
  EXPECT_EQ(correction.extrapolated(), 6);
}

INSTANTIATE_TEST_SUITE_P(BinsAndKinds, QuantileMappingReference,
                         ::testing::Values(std::pair(100, Kind::additive), std::pair(250, Kind::additive),
                                           std::pair(100, Kind::multiplicative)));

TEST(QuantileMapping, LeavesASimulationThatIsRightAsItIs) {
  const Record record = bell(kDays, 280, 3);
  for (const Kind kind : {Kind::additive, Kind::multiplicative}) {
    const Calibration calibration = calibrate(record, record, kind, 250);
    Correction mapping = Correction::quantile_mapping(calibration);
    expect_near(corrected(mapping, record), record, 1e-9);
    Correction detrended = Correction::detrended_quantile_mapping(calibration, summary_of(record, {}));
    expect_near(corrected(detrended, record), record, 1e-9);
    Correction delta = Correction::quantile_delta_mapping(calibration, scenario_of(record, {}, 250));
    expect_near(corrected(delta, record), record, 1e-9);
    EXPECT_EQ(mapping.extrapolated() + detrended.extrapolated() + delta.extrapolated(), 0);
  }
}

TEST(QuantileMapping, TakesAConstantShiftAway) {
  const Record observed = bell(kDays, 280, 3), simulated = shifted(observed, 1, -4);
  Correction correction = Correction::quantile_mapping(calibrate(observed, simulated, Kind::additive, 1000));
  const double bin = (1 + 2 * 3 * std::log(2.0 * kDays) + 4) / 1000;
  expect_near(corrected(correction, simulated), observed, bin);
}

TEST(QuantileMapping, GoesOnWithTheEndsCorrectionAndCounts) {
  const Record observed = bell(kDays, 280, 3), warm = shifted(observed, 1, 4);
  Correction additive = Correction::quantile_mapping(calibrate(observed, warm, Kind::additive, 1000));
  const Record beyond{{200, 230, 350, 400}, 1};
  const Record found = corrected(additive, beyond);
  EXPECT_EQ(additive.extrapolated(), 4);
  EXPECT_NEAR(found.values[0], 196, 0.1);
  EXPECT_NEAR(found.values[3], 396, 0.1);
  EXPECT_NEAR(found.values[1] - found.values[0], 30, 1e-9);
  EXPECT_NEAR(found.values[3] - found.values[2], 50, 1e-9);

  const Record twice = shifted(observed, 2, 0);
  Correction factor = Correction::quantile_mapping(calibrate(observed, twice, Kind::multiplicative, 1000));
  EXPECT_NEAR(corrected(factor, Record{{1000}, 1}).values[0], 500, 1);
  EXPECT_NEAR(corrected(factor, Record{{100}, 1}).values[0], 50, 1);
  EXPECT_EQ(corrected(factor, Record{{0}, 1}).values[0], 0);
  EXPECT_EQ(factor.extrapolated(), 3);
}

TEST(QuantileMapping, IsContinuousAtTheEndsOfTheSimulationsRange) {
  const Record observed = bell(kDays, 280, 3), simulated = bell(kDays, 284, 4);
  Correction correction = Correction::quantile_mapping(calibrate(observed, simulated, Kind::additive, 250));
  const auto [least, greatest] = std::minmax_element(simulated.values.begin(), simulated.values.end());
  for (const double end : {*least, *greatest}) {
    const Record found = corrected(correction, Record{{end - 1e-7, end, end + 1e-7}, 1});
    EXPECT_NEAR(found.values[0], found.values[1], 1e-4);
    EXPECT_NEAR(found.values[1], found.values[2], 1e-4);
  }
}

TEST(MultiplicativeCorrections, KeepZeros) {
  const Record observed = rain(kDays, 2), simulated = rain(kDays, 3), scenario = rain(kDays, 4);
  const Calibration calibration = calibrate(observed, simulated, Kind::multiplicative, 250);
  Correction mapping = Correction::quantile_mapping(calibration);
  Correction detrended = Correction::detrended_quantile_mapping(calibration, summary_of(scenario, {}));
  Correction delta = Correction::quantile_delta_mapping(calibration, scenario_of(scenario, {}, 250));
  for (Correction* correction : {&mapping, &detrended, &delta}) {
    const Record found = corrected(*correction, scenario);
    for (std::size_t i = 0; i < kDays; ++i) ASSERT_EQ(found.values[i] == 0, scenario.values[i] == 0) << i;
  }
  EXPECT_NEAR(mean_of(corrected(mapping, simulated)), mean_of(observed), 0.01);
}

TEST(DetrendedQuantileMapping, KeepsTheChangeOfTheMean) {
  const Record observed = bell(kDays, 280, 3), simulated = bell(kDays, 276, 4);
  const Record warmer = shifted(simulated, 1, 5), wetter = shifted(simulated, 1.5, 0);
  Correction additive = Correction::detrended_quantile_mapping(
      calibrate(observed, simulated, Kind::additive, 250), summary_of(warmer, {}));
  EXPECT_NEAR(mean_of(corrected(additive, warmer)), 285, 0.05);
  EXPECT_LE(additive.extrapolated(), 2);  // the two ends, by rounding
  Correction factor = Correction::detrended_quantile_mapping(
      calibrate(observed, simulated, Kind::multiplicative, 250), summary_of(wetter, {}));
  EXPECT_NEAR(mean_of(corrected(factor, wetter)), 420, 0.05);
}

TEST(QuantileDeltaMapping, KeepsTheChangeOfEveryQuantile) {
  const Record observed = bell(kDays, 280, 3), simulated = bell(kDays, 276, 4);
  const Record scenario = bell(kDays, 281, 4, 0.1);  // warmer, and more so at the ends
  Correction correction = Correction::quantile_delta_mapping(
      calibrate(observed, simulated, Kind::additive, 500), scenario_of(scenario, {}, 500));
  const Record found = corrected(correction, scenario);
  for (const double share : {0.05, 0.5, 0.95})
    EXPECT_NEAR(change_at(found, observed, share), change_at(scenario, simulated, share), 0.15) << share;

  const Record doubled = shifted(simulated, 2, 0);
  Correction factor = Correction::quantile_delta_mapping(
      calibrate(observed, simulated, Kind::multiplicative, 500), scenario_of(doubled, {}, 500));
  expect_near(corrected(factor, doubled), shifted(observed, 2, 0), 0.5);
}

TEST(QuantileDeltaMapping, GoesOnWithTheEndsCorrectionAndCounts) {
  const Record observed = bell(kDays, 280, 3), simulated = shifted(observed, 1, -4);
  Correction correction = Correction::quantile_delta_mapping(
      calibrate(observed, simulated, Kind::additive, 1000), scenario_of(simulated, {}, 1000));
  EXPECT_NEAR(corrected(correction, Record{{100}, 1}).values[0], 104, 0.1);
  EXPECT_NEAR(corrected(correction, Record{{400}, 1}).values[0], 404, 0.1);
  EXPECT_EQ(correction.extrapolated(), 2);
}

TEST(Corrections, KnowMonths) {
  // The right values in the wrong half of the year: only monthly statistics see it.
  const Layout months{.by_month = true, .cells = 0};
  const Record observed = seasons(3650, 280, 1, 10), simulated = seasons(3650, 280, 1, -10);
  Correction whole = Correction::quantile_mapping(calibrate(observed, simulated, Kind::additive, 250));
  Correction monthly =
      Correction::quantile_mapping(calibrate(observed, simulated, Kind::additive, 250, months));
  const Record january{{270.5}, 1};
  EXPECT_NEAR(corrected(whole, january).values[0], 270.5, 0.5);
  EXPECT_NEAR(corrected(monthly, january).values[0], 289.5, 0.5);
}

TEST(Corrections, TreatEveryCellByItself) {
  const Layout cells{.by_month = false, .cells = 2};
  Record observed = bell(2 * kDays, 280, 3), simulated;
  observed.cells = 2;
  simulated = observed;
  for (std::size_t day = 0; day < kDays; ++day) simulated.values[2 * day + 1] += 6;
  Correction correction =
      Correction::quantile_mapping(calibrate(observed, simulated, Kind::additive, 1000, cells));
  const Record found = corrected(correction, Record{{280, 286}, 2});
  EXPECT_NEAR(found.values[0], 280, 0.1);
  EXPECT_NEAR(found.values[1], 280, 0.1);
  std::vector<float> field{280, 286};
  correction.apply(std::span<float>(field), 0, kCalendar);
  EXPECT_NEAR(field[1], found.values[1], 1e-4);
}

TEST(Corrections, LeaveMissingValuesAndCorrectTheOthersAsIfTheseWereNotThere) {
  const Layout cells{.by_month = false, .cells = 2};
  Record observed{{}, 2}, simulated{{}, 2};
  for (const double value : bell(kDays, 280, 3).values) {
    observed.values.insert(observed.values.end(), {value, value});
    simulated.values.insert(simulated.values.end(), {value + 2, std::nan("")});  // a cell that it never has
  }
  const Record one = {bell(kDays, 280, 3).values, 1};
  const Layout alone{.by_month = false, .cells = 1};
  const auto expect_corrected = [&](Correction correction, Correction of_one) {
    const Record found = corrected(correction, simulated), expected = corrected(of_one, shifted(one, 1, 2));
    for (std::size_t day = 0; day < kDays; ++day) {
      ASSERT_EQ(found.values[2 * day], expected.values[day]) << day;
      ASSERT_TRUE(std::isnan(found.values[2 * day + 1])) << day;
    }
  };
  for (const Kind kind : {Kind::additive, Kind::multiplicative}) {
    const Calibration calibration = calibrate(observed, simulated, kind, 50, cells);
    const Calibration of_one = calibrate(one, shifted(one, 1, 2), kind, 50, alone);
    expect_corrected(Correction::quantile_mapping(calibration), Correction::quantile_mapping(of_one));
    expect_corrected(Correction::detrended_quantile_mapping(calibration, summary_of(simulated, cells)),
                     Correction::detrended_quantile_mapping(of_one, summary_of(shifted(one, 1, 2), alone)));
    expect_corrected(Correction::quantile_delta_mapping(calibration, scenario_of(simulated, cells, 50)),
                     Correction::quantile_delta_mapping(of_one, scenario_of(shifted(one, 1, 2), alone, 50)));
  }
  Correction correction =
      Correction::quantile_mapping(calibrate(observed, simulated, Kind::additive, 50, cells));
  std::vector<double> field{282, 282};
  EXPECT_THAT([&] { correction.apply(std::span<double>(field), 0, kCalendar); },
              ThrowsMessage<core::Error>(
                  HasSubstr("cell 1 at 1970-01-01T00:00:00: the simulation's statistics have no values")));
}

TEST(Corrections, RefuseBadFields) {
  const Layout cells{.by_month = false, .cells = 1};
  const Record record = bell(kDays, 280, 3);
  Correction correction =
      Correction::quantile_mapping(calibrate(record, record, Kind::multiplicative, 250, cells));
  const auto applied = [&](const std::vector<double>& field) {
    return [&correction, field] {
      std::vector<double> copy = field;
      correction.apply(std::span<double>(copy), 0, kCalendar);
    };
  };
  EXPECT_THAT(applied({1, 2}), ThrowsMessage<core::Error>(HasSubstr("2 cells, the statistics have 1")));
  EXPECT_THAT(applied({HUGE_VAL}), ThrowsMessage<core::Error>(HasSubstr("cell 0 at 1970-01-01")));
  EXPECT_THAT(applied({-1}), ThrowsMessage<core::Error>(HasSubstr("negative value (-1)")));
}

TEST(Corrections, RefuseAScenarioThatDoesNotFit) {
  const Layout months{.by_month = true, .cells = 0};
  const Record record = bell(kDays, 280, 3);
  const Calibration calibration = calibrate(record, record, Kind::additive, 250, months);
  EXPECT_THAT(
      [&] { Correction::detrended_quantile_mapping(calibration, summary_of(record, {})); },
      ThrowsMessage<core::Error>(HasSubstr("correcting 'tas': the statistics of scenario and calibration")));
  const Record january = bell(31, 280, 3);
  Correction correction = Correction::quantile_delta_mapping(calibration, scenario_of(january, months, 100));
  EXPECT_NO_THROW(corrected(correction, january));
  std::vector<double> field{280};
  EXPECT_THAT([&] { correction.apply(std::span<double>(field), 31 * kDay, kCalendar); },
              ThrowsMessage<core::Error>(HasSubstr("no values of all cells, February")));
  EXPECT_THAT(
      [&] { Correction::detrended_quantile_mapping(calibration, summary_of(bell(20, 280, 3), months)); },
      ThrowsMessage<core::Error>(HasSubstr("scenario: all cells, January: 20 values")));
}

}  // namespace
}  // namespace foehn::bias::correction_test
