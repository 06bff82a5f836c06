#include "evaluation/extreme_values.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numbers>

#include "evaluation/annual_extremes.hpp"

namespace foehn::evaluation::extreme_values_test {
namespace {

TEST(ExtremeValues, AreThoseOfLmoments3AndScipy) {
  std::ifstream file(FOEHN_TEST_REFERENCE "/extreme_values.json");
  for (const auto& sample : nlohmann::json::parse(file).at("samples")) {
    std::vector<double> values = sample.at("values");
    std::sort(values.begin(), values.end());
    const ExtremeValueDistribution fit = fit_extreme_values(values, std::vector<double>(values.size(), 1));
    // lmoments3 stops its iteration at 1e-6.
    EXPECT_NEAR(fit.shape, sample.at("shape"), 1e-5);
    EXPECT_NEAR(fit.location, sample.at("location"), 1e-4);
    EXPECT_NEAR(fit.scale, sample.at("scale"), 1e-4);
    const std::vector<double> years = sample.at("years"), levels = sample.at("levels");
    for (std::size_t i = 0; i < years.size(); ++i) EXPECT_NEAR(fit.level(1 / years[i]), levels[i], 1e-3);
  }
}

TEST(ExtremeValues, OfQuantilesAreTheirDistribution) {
  for (const double shape : {0.3, 0.0, -0.2}) {
    const ExtremeValueDistribution truth{280, 3, shape};
    std::vector<double> values;
    constexpr int kCount = 20000;
    for (int i = 0; i < kCount; ++i) values.push_back(truth.level(1 - (i + 0.5) / kCount));
    const ExtremeValueDistribution fit = fit_extreme_values(values, std::vector<double>(kCount, 1));
    EXPECT_NEAR(fit.location, 280, 1e-2);
    EXPECT_NEAR(fit.scale, 3, 1e-2);
    EXPECT_NEAR(fit.shape, shape, 2e-3);
    EXPECT_NEAR(fit.level(0.01), truth.level(0.01), 0.1);
  }
}

TEST(ExtremeValues, OfGumbelsDistributionHaveItsLevels) {
  const ExtremeValueDistribution gumbel{10, 2, 0};
  EXPECT_DOUBLE_EQ(gumbel.level(0.1), 10 - 2 * std::log(-std::log(0.9)));
  const ExtremeValueDistribution nearly{10, 2, 1e-5};
  EXPECT_NEAR(nearly.level(0.1), gumbel.level(0.1), 1e-3);
}

TEST(ExtremeValues, TakeValuesAsOftenAsTheyCount) {
  const std::vector<double> some = {1, 2, 4, 8}, all = {1, 2, 2, 4, 8, 8};
  const ExtremeValueDistribution one = fit_extreme_values(some, std::vector<double>{1, 2, 1, 2}),
                                 other = fit_extreme_values(all, std::vector<double>(6, 1));
  EXPECT_DOUBLE_EQ(one.location, other.location);
  EXPECT_DOUBLE_EQ(one.shape, other.shape);
}

TEST(ExtremeValues, AreUndefinedOfOneValue) {
  const ExtremeValueDistribution fit =
      fit_extreme_values(std::vector<double>{3, 3, 3}, std::vector<double>{1, 1, 1});
  EXPECT_TRUE(std::isnan(fit.level(0.1)));
}

/// Years of 360 days with one hot and one cold day, in two cells.
TrajectorySummary years(int count) {
  AnnualExtremes extremes("tas", "K", {1, 2, 360 * count, 24});
  const ExtremeValueDistribution maxima{300, 2, 0.1};
  for (int year = 0; year < count; ++year)
    for (int day = 0; day < 360; ++day) {
      const double high = day == 200 ? maxima.level(1 - (year + 0.5) / count) : 280;
      const double low = day == 20 ? -maxima.level(1 - (year + 0.5) / count) : 270;
      extremes.add_day(2001 + year, std::vector{high, high + 1}, std::vector{low, low + 1});
    }
  // The year that follows is not whole.
  extremes.add_day(2001 + count, std::vector{1000.0, 1000.0}, std::vector{-1000.0, -1000.0});
  extremes.end();
  EXPECT_EQ(extremes.years(), static_cast<std::size_t>(count));
  TrajectorySummary summary;
  extremes.finish_years(std::vector<std::int64_t>(static_cast<std::size_t>(count), 1), summary);
  return summary;
}

TEST(AnnualExtremes, GiveReturnLevelsOfMaximaAndMinima) {
  const TrajectorySummary summary = years(400);
  ASSERT_EQ(summary.kinds().size(), 2U);
  const ExtremeValueDistribution maxima{300, 2, 0.1};
  for (std::size_t i = 0; i < 6; ++i) {
    const double expected = maxima.level(1 / summary.kinds().front().at[i]);
    EXPECT_NEAR(summary.values()[i], expected + 0.5, 0.1);
    EXPECT_NEAR(summary.values()[6 + i], -expected + 0.5, 0.1);
  }
}

TEST(AnnualExtremes, RefuseFewYearsAndLongPeriods) {
  const TrajectorySummary nine = years(9), ten = years(10);
  for (const double level : nine.values()) EXPECT_TRUE(std::isnan(level));
  EXPECT_THAT(nine.kinds().front().meaning, ::testing::HasSubstr("of 9 whole years (10 needed)"));
  EXPECT_FALSE(std::isnan(ten.values()[3])) << "20 years";
  EXPECT_TRUE(std::isnan(ten.values()[4])) << "50 years";
}

}  // namespace
}  // namespace foehn::evaluation::extreme_values_test
