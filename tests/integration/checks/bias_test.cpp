// Bias correction from files of a historical run and a reference to observations.
#include <algorithm>
#include <cmath>
#include <limits>

#include "integration/esgf_file.hpp"
#include "refusal.hpp"

namespace foehn::testing::bias_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::size_t kTas = 1;  // among psl, tas, uas, vas

/// The simulation is the truth, 3 K too warm; hourly block means of the truth are the reference.
class Bias : public ::testing::Test {
 protected:
  void SetUp() override {
    Options coarsen = toy_.coarsen_options(folder_ / "reference.nc");
    coarsen["time.start"] = "2001-01-01";
    coarsen["time.hours"] = "240";
    coarsen["observation.every"] = "1";
    ASSERT_NO_FATAL_FAILURE(run("coarsen", coarsen));
    if (is_root()) warmer(3).write(folder_ / "warm.nc");
  }
  ToyFields warmer(float kelvin, float kelvin_an_hour = 0) const {
    ToyFields warm(toy_.truth);
    for (std::size_t hour = 0; hour < warm.hours.size(); ++hour)
      for (float& value : warm.field(hour, kTas)) value += kelvin + kelvin_an_hour * static_cast<float>(hour);
    return warm;
  }
  static void run(const std::string& subcommand, const Options& options) {
    const Outcome outcome = run_here(subcommand, options);
    ASSERT_EQ(outcome.exit_code, 0) << outcome;
  }
  /// Of a run that makes statistics; ten days of one month are all there is.
  Options options(const std::string& output) const {
    Options options = toy_.prepare_options(folder_ / output);
    options["input.files"] = options["bias.historical"] = folder_ / "warm.nc";
    options["bias.reference"] = folder_ / "reference.nc";
    options["bias.statistics"] = folder_ / "statistics.nc";
    options["bias.method"] = "qdm";
    options["bias.by_month"] = "false";
    options.erase("time.start");
    options.erase("time.end");
    return options;
  }
  /// Of a run that reads them.
  static Options reading(Options options) {
    for (const char* name : {"bias.historical", "bias.reference", "bias.by_month"}) options.erase(name);
    return options;
  }

  const ToyClimate& toy_ = toy_climate();
  io::TemporaryFolder folder_;
};

TEST_F(Bias, IsCorrectedByStatisticsThatAreMadeAndRead) {
  const Options making = options("corrected.nc");
  ASSERT_NO_FATAL_FAILURE(run("prepare", making));
  Options again_from_file = reading(making);
  again_from_file["output.path"] = folder_ / "again.nc";
  ASSERT_NO_FATAL_FAILURE(run("prepare", again_from_file));
  if (!is_root()) return;
  ToyFields corrected(folder_ / "corrected.nc"), again(folder_ / "again.nc"),
      reference(folder_ / "reference.nc");
  EXPECT_EQ(corrected.values, again.values);
  ASSERT_EQ(corrected.values.size(), reference.values.size());
  for (std::size_t i = 0; i < corrected.values.size(); ++i)
    EXPECT_NEAR(corrected.values[i], reference.values[i], 1e-3 * std::abs(reference.values[i]) + 1e-3);
}

TEST_F(Bias, IsCorrectedInCellsThatAreNotMissing) {
  if (is_root()) {
    ToyFields gaps = warmer(3);
    for (std::size_t hour = 0; hour < gaps.hours.size(); ++hour)
      gaps.field(hour, kTas)[0] = std::numeric_limits<float>::quiet_NaN();
    gaps.write(folder_ / "gaps.nc");
  }
  for (const std::string name : {"warm", "gaps"}) {
    Options making = options(name + "_corrected.nc");
    making["input.files"] = making["bias.historical"] = folder_ / (name + ".nc");
    making["observation.missing_fraction"] = "0.2";
    ASSERT_NO_FATAL_FAILURE(run("prepare", making));
  }
  if (!is_root()) return;
  ToyFields whole(folder_ / "warm_corrected.nc"), found(folder_ / "gaps_corrected.nc");
  for (std::size_t hour = 0; hour < found.hours.size(); ++hour) {
    EXPECT_TRUE(std::isnan(found.field(hour, kTas)[0])) << hour;
    found.field(hour, kTas)[0] = whole.field(hour, kTas)[0];
  }
  EXPECT_EQ(found.values, whole.values);
}

TEST_F(Bias, IsNotLearntFromAReferenceWithAMissingValue) {
  if (is_root()) {
    ToyFields reference(folder_ / "reference.nc");
    reference.field(1, kTas)[2] = std::numeric_limits<float>::quiet_NaN();
    reference.write(folder_ / "gaps.nc");
  }
  Options making = options("corrected.nc");
  making["bias.reference"] = folder_ / "gaps.nc";
  making["observation.missing_fraction"] = "1";
  const Outcome outcome = run_here("prepare", making);
  EXPECT_EQ(outcome.exit_code, 1) << outcome;
  if (is_root()) {
    EXPECT_THAT(outcome.err,
                HasSubstr("gaps.nc: tas: missing value at 2001-01-01T01:00:00, row 0, column 2"));
  }
}

TEST_F(Bias, IsNotLearntFromMeansThatTheUserCallsSnapshotsOfTheSimulation) {
  Options coarsen = toy_.coarsen_options(folder_ / "means.nc");
  coarsen["observation.every"] = "1";
  coarsen["observation.mean"] = "true";
  ASSERT_NO_FATAL_FAILURE(run("coarsen", coarsen));
  Options making = options("corrected.nc");
  making["bias.reference"] = folder_ / "means.nc";
  making["data.cell_methods"] = "point";
  const Outcome outcome = run_here("prepare", making);
  EXPECT_EQ(outcome.exit_code, 1) << outcome;
  if (is_root()) {
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("bias.reference: psl, tas, uas, vas: means over 1 h"),
                                   HasSubstr("bias.historical holds snapshots")));
  }
}

TEST_F(Bias, IsNotLearntOfMonthsWithoutValues) {
  Options making = options("corrected.nc");
  making["bias.by_month"] = "true";
  const Outcome outcome = run_here("prepare", making);
  EXPECT_EQ(outcome.exit_code, 1) << outcome;
  if (is_root()) {
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("bias.by_month"), HasSubstr("reference.nc: psl: lat"),
                                   HasSubstr("February: no values")));
  }
}

TEST_F(Bias, IsNotCorrectedByStatisticsOfSomethingElse) {
  const Options making = options("corrected.nc");
  ASSERT_NO_FATAL_FAILURE(run("prepare", making));
  if (is_root()) {
    ToyFields every_third = warmer(3);
    const std::size_t instant = every_third.values.size() / every_third.hours.size();
    ToyFields some = every_third;
    some.hours.clear();
    some.values.clear();
    for (std::size_t i = 0; i < every_third.hours.size(); i += 3) {
      const auto begin = every_third.values.begin() + static_cast<std::ptrdiff_t>(i * instant);
      some.hours.push_back(every_third.hours[i]);
      some.values.insert(some.values.end(), begin, begin + static_cast<std::ptrdiff_t>(instant));
    }
    some.write(folder_ / "every_third.nc");
  }
  struct Case {
    std::string option, value;
    Words words;
    int exit_code = 2;
  };
  const std::vector<Case> cases = {
      {"observation.block", "4", {"statistics.nc: not of the grid of the observations", "points"}, 1},
      {"input.files",
       folder_ / "every_third.nc",
       {"psl: snapshots every 1 h from 00:00 on", "input.files hold snapshots every 3 h from 00:00 on"},
       1},
      {"regrid.method", "conservative", {"regrid.method: conservative, but the statistics are of bilinear"}},
      {"bias.bins", "50", {"bias.bins: 50, but the statistics are of 100"}},
      {"bias.by_month", "true", {"bias.by_month: true, but the statistics are of false"}},
      {"bias.pooled", "true", {"bias.pooled: true, but the statistics are of false"}},
      {"bias.kind", "tas=multiplicative", {"bias.kind: tas=multiplicative", "of kind additive"}},
      {"bias.start", "2001-01-02", {"bias.start: 2001-01-02", "a period from 2001-01-01T00:00:00"}},
      {"bias.end", "2001-01-09", {"bias.end: 2001-01-09", "a period to 2001-01-10T23:00:00"}},
      {"bias.trend_start", "2002-01-01", {"bias.trend_start", "2002-01-01 lies outside"}, 1}};
  for (const Case& one : cases) {
    Options spoilt = reading(making);
    spoilt[one.option] = one.value;
    const Outcome outcome = run_here("prepare", spoilt);
    EXPECT_EQ(outcome.exit_code, one.exit_code) << one.option << outcome;
    if (!is_root()) continue;
    for (const std::string& word : one.words) EXPECT_THAT(outcome.err, HasSubstr(word)) << one.option;
  }
  Options agreeing = reading(making);
  agreeing["bias.bins"] = "100";
  agreeing["bias.by_month"] = "false";
  agreeing["bias.kind"] = "additive";
  agreeing["bias.start"] = "2001-01-01";
  agreeing["bias.end"] = "2001-01-10";
  ASSERT_NO_FATAL_FAILURE(run("prepare", agreeing));
}

TEST_F(Bias, OfOneModelIsNotTakenForAnothersWithoutAWord) {
  if (is_root()) {
    ToyFields truth(toy_.truth);
    for (const std::string model : {"A", "B"})
      for (std::size_t variable = 0; variable < truth.variables.size(); ++variable) {
        EsgfFile file = esgf_snapshots(truth, variable, 40);
        file.source_id = "MODEL-" + model;
        file.write(folder_ / (file.name + "_" + model + ".nc"));
      }
  }
  Options coarsen = toy_.coarsen_options(folder_ / "reference.nc");
  coarsen["time.start"] = "2001-01-01";
  coarsen["time.hours"] = "240";
  ASSERT_NO_FATAL_FAILURE(run("coarsen", coarsen));
  Options making = options("corrected.nc");
  making["input.files"] = making["bias.historical"] = folder_ / "*_A.nc";
  const Outcome own = run_here("prepare", making);
  ASSERT_EQ(own.exit_code, 0) << own;
  making = reading(making);
  making["input.files"] = folder_ / "*_B.nc";
  const Outcome other = run_here("prepare", making);
  ASSERT_EQ(other.exit_code, 0) << other;
  if (!is_root()) return;
  EXPECT_THAT(own.err, Not(HasSubstr("source_id")));
  EXPECT_THAT(other.err, HasSubstr("the bias of MODEL-A is corrected in MODEL-B (source_id)"));
}

TEST_F(Bias, KeepsOneTrendOverPeriodsThatArePreparedOneByOne) {
  if (is_root()) warmer(3, 0.02F).write(folder_ / "warming.nc");
  for (const std::string method : {"dqm", "qdm"}) {
    Options making = options("whole.nc");
    making["bias.method"] = method;
    making["input.files"] = folder_ / "warming.nc";
    ASSERT_NO_FATAL_FAILURE(run("prepare", making));
    Options part = reading(making);
    part["bias.trend_start"] = "2001-01-01";
    part["bias.trend_end"] = "2001-01-10";
    part["time.end"] = "2001-01-05";
    part["output.path"] = folder_ / "first.nc";
    ASSERT_NO_FATAL_FAILURE(run("prepare", part));
    part.erase("time.end");
    part["time.start"] = "2001-01-06";
    part["output.path"] = folder_ / "second.nc";
    ASSERT_NO_FATAL_FAILURE(run("prepare", part));
    if (!is_root()) continue;
    std::vector<float> parts = ToyFields(folder_ / "first.nc").values;
    const std::vector<float> second = ToyFields(folder_ / "second.nc").values;
    parts.insert(parts.end(), second.begin(), second.end());
    EXPECT_EQ(parts, ToyFields(folder_ / "whole.nc").values) << method;
  }
}

TEST_F(Bias, HasATrendThatTheMethodKeeps) {
  Options making = options("corrected.nc");
  making["bias.method"] = "qm";
  making["bias.trend_start"] = "2001-01-01";
  const Outcome outcome = run_here("prepare", making);
  EXPECT_EQ(outcome.exit_code, 2) << outcome;
  if (is_root()) {
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("bias.trend_start"), HasSubstr("found qm")));
  }
}

}  // namespace
}  // namespace foehn::testing::bias_test
