#include "foehn/bias/statistics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "bias/records.hpp"
#include "foehn/core/error.hpp"

namespace foehn::bias::statistics_test {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

const Layout kCells{.by_month = false, .cells = 2};
const Layout kMonths{.by_month = true, .cells = 0};

/// A value that says its cell, day after day.
Record two_cells(std::size_t days) {
  Record record = bell(2 * days, 280, 3);
  record.cells = 2;
  for (std::size_t day = 0; day < days; ++day) record.values[2 * day + 1] += 100;
  return record;
}

TEST(SummaryPass, KeepsRangeAndMeanOfEveryCell) {
  SummaryPass pass(kCells, kCalendar);
  pass.add(std::vector<double>{1, 10}, 0);
  pass.add(std::vector<float>{3, 40}, kDay);
  const Summary summary = pass.summary();
  EXPECT_THAT(summary.count, Each(2));
  EXPECT_THAT(summary.mean, ElementsAre(2, 25));
  EXPECT_THAT(summary.least, ElementsAre(1, 10));
  EXPECT_THAT(summary.greatest, ElementsAre(3, 40));
}

TEST(Passes, DoNotCountMissingValues) {
  Record record = two_cells(500), whole = record;
  record.values.insert(record.values.begin() + 10, {std::nan(""), std::nan("")});
  const Summary summary = summary_of(record, kCells);
  EXPECT_EQ(summary, summary_of(whole, kCells));
  const Bins bins = scenario_bins(summary, 20);
  EXPECT_EQ(distribution_of(record, summary, bins), distribution_of(whole, summary, bins));
}

TEST(Bins, AreThoseOfTheObservationsWhereTheSimulationHasACellWithoutValues) {
  const Record observed = two_cells(500);
  Record simulated = observed;
  for (std::size_t day = 0; day < 500; ++day) simulated.values[2 * day + 1] = std::nan("");
  const Summary of_observed = summary_of(observed, kCells), of_simulated = summary_of(simulated, kCells);
  const Bins bins = common_bins(of_observed, of_simulated, 20);
  EXPECT_EQ(bins.lower, of_observed.least);
  EXPECT_EQ(bins.upper, of_observed.greatest);
  EXPECT_THAT([&] { common_bins(of_simulated, of_observed, 20); },
              ThrowsMessage<core::Error>(HasSubstr("observations: cell 1: no values")));
}

TEST(Bins, RefuseACellThatTheSimulationHasInSomeMonthsOnly) {
  const Layout layout{.by_month = true, .cells = 2};
  Record observed{{}, 2};
  for (const double value : bell(730, 280, 3).values)
    observed.values.insert(observed.values.end(), {value, value});
  Record simulated = observed;
  for (const std::size_t january : {0, 365})
    for (std::size_t day = january; day < january + 31; ++day) simulated.values[2 * day + 1] = std::nan("");
  EXPECT_THAT([&] { common_bins(summary_of(observed, layout), summary_of(simulated, layout), 20); },
              ThrowsMessage<core::Error>(HasSubstr("simulation: cell 1, January: no values")));
}

TEST(SummaryPass, PoolsFieldsOfAnySize) {
  SummaryPass pass({}, kCalendar);
  pass.add(std::vector<double>{1, 2, 3}, 0);
  pass.add(std::vector<double>{6}, kDay);
  EXPECT_THAT(pass.summary().count, ElementsAre(4));
  EXPECT_THAT(pass.summary().mean, ElementsAre(3));
}

TEST(SummaryPass, TellsMonthsApartInTheRecordsCalendar) {
  SummaryPass pass(kMonths, calendar::Calendar::day_360);
  pass.add(std::vector<double>{1}, 29 * kDay);  // 30 January
  pass.add(std::vector<double>{2}, 30 * kDay);  // 1 February
  EXPECT_THAT(pass.summary().count, ElementsAre(1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
  EXPECT_EQ(pass.summary().mean[1], 2);
}

TEST(Bins, AnEdgeBelongsToTheBinAboveAndTheLastToTheLast) {
  const Bins bins{10, {0.1}, {1.1}};
  for (std::int64_t edge = 0; edge < 10; ++edge) {
    EXPECT_EQ(bins.bin_of(0, bins.edge(0, edge)), edge);
    EXPECT_EQ(bins.bin_of(0, std::nextafter(bins.edge(0, edge + 1), 0)), edge);
  }
  EXPECT_EQ(bins.bin_of(0, 1.1), 9);
  EXPECT_EQ(bins.edge(0, 10), 1.1);
}

TEST(Bins, SpanObservationsAndSimulation) {
  const Bins bins = common_bins(summary_of(bell(100, 280, 1), {}), summary_of(bell(100, 290, 1), {}), 50);
  EXPECT_EQ(bins.lower, summary_of(bell(100, 280, 1), {}).least);
  EXPECT_EQ(bins.upper, summary_of(bell(100, 290, 1), {}).greatest);
}

TEST(Bins, RefuseWhatNoDistributionCanBeDrawnFrom) {
  const Summary good = summary_of(bell(400, 280, 1), kMonths);
  const auto bins_with = [&](const Record& record) {
    return [&] { common_bins(good, summary_of(record, kMonths), 9); };
  };
  EXPECT_THAT(bins_with(bell(40, 280, 1)),
              ThrowsMessage<core::Error>(HasSubstr("simulation: all cells, February: 9 values")));
  EXPECT_THAT(bins_with(bell(59, 280, 1)),
              ThrowsMessage<core::Error>(HasSubstr("February: 28 values, expected 30 or more")));
  EXPECT_THAT(bins_with({std::vector<double>(400, 7.5), 1}),
              ThrowsMessage<core::Error>(HasSubstr("January: every value is 7.5")));
  EXPECT_THAT([&] { common_bins(good, summary_of(bell(400, 280, 1), {}), 9); },
              ThrowsMessage<core::Error>(HasSubstr("laid out differently")));
  for (const std::int64_t number : {std::int64_t{0}, kMostBins + 1})
    EXPECT_THAT([&] { scenario_bins(good, number); },
                ThrowsMessage<core::Error>(HasSubstr("expected 1 to 100000")));
  const double next = std::nextafter(280, 281);
  Record narrow{std::vector<double>(400, 280), 1};
  for (std::size_t i = 0; i < 400; i += 2) narrow.values[i] = next;
  EXPECT_THAT([&] { scenario_bins(summary_of(narrow, {}), 9); },
              ThrowsMessage<core::Error>(HasSubstr("cannot be cut into 9 bins")));
}

TEST(HistogramPass, CountsEveryValueOnce) {
  const Record record = two_cells(500);
  const Distribution distribution = scenario_of(record, kCells, 20);
  for (std::size_t cell = 0; cell < 2; ++cell) {
    double count = 0;
    for (std::size_t bin = 0; bin < 20; ++bin) count += distribution.counts[cell * 20 + bin];
    EXPECT_EQ(count, 500);
  }
}

TEST(HistogramPass, IsTheSameForARecordInPieces) {
  const Record record = two_cells(500);
  const Summary summary = summary_of(record, {});
  SummaryPass cell_by_cell({}, kCalendar);
  HistogramPass counts_cell_by_cell(summary, scenario_bins(summary, 20), kCalendar);
  for (const double& value : record.values) {
    cell_by_cell.add(std::span(&value, 1), 0);
    counts_cell_by_cell.add(std::span(&value, 1), 0);
  }
  EXPECT_EQ(cell_by_cell.summary(), summary);
  EXPECT_EQ(counts_cell_by_cell.distribution(), scenario_of(record, {}, 20));
}

TEST(Passes, RefuseBadFieldsByPlaceAndTime) {
  const Record record = two_cells(50);
  SummaryPass summary(kCells, kCalendar);
  EXPECT_THAT(
      [&] {
        summary.add(std::vector<double>{1, HUGE_VAL}, 40 * kDay);
      },
      ThrowsMessage<core::Error>(AllOf(HasSubstr("cell 1 at 1970-02-10T00:00:00"), HasSubstr("not finite"))));
  EXPECT_THAT(
      [&] {
        summary.add(std::vector<double>{1, 2, 3}, 0);
      },
      ThrowsMessage<core::Error>(HasSubstr("the field has 3 cells, the statistics have 2")));
  const Summary first = summary_of(record, kCells);
  HistogramPass counts(first, scenario_bins(first, 9), kCalendar);
  EXPECT_THAT(
      [&] {
        counts.add(std::vector<double>{280, 999}, 0);
      },
      ThrowsMessage<core::Error>(
          AllOf(HasSubstr("cell 1 at 1970-01-01"), HasSubstr("outside the range of the first pass"))));
  HistogramPass cut(first, scenario_bins(first, 9), kCalendar);
  cut.add(record.field(0), 0);
  EXPECT_THAT([&] { cut.distribution(); },
              ThrowsMessage<core::Error>(HasSubstr("the second pass saw 1 values, the first 50")));
}

}  // namespace
}  // namespace foehn::bias::statistics_test
