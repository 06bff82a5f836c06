#include "foehn/evaluation/compare.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "evaluation/toy_files.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/philox.hpp"
#include "foehn/evaluation/verify.hpp"
#include "io/test_files.hpp"

namespace foehn::evaluation::compare_test {
namespace {

using foehn::testing::ToyField;
using foehn::testing::ToyFile;
using foehn::testing::write_toy;
using ::testing::AllOf;
using ::testing::HasSubstr;

/// White noise around 280.
ToyField noise(std::uint64_t seed, double size) {
  return [seed, size](double hour, std::size_t /*variable*/, std::int64_t y, std::int64_t x) {
    std::vector<double> values(96);
    core::fill_normal<double>({seed, 0, 0}, static_cast<std::uint32_t>(hour), values);
    return 280 + size * values[static_cast<std::size_t>(12 * y + x)];
  };
}

/// Two runs of two members over eight days: calibrated members, and ones of `size` times their spread.
class Compare : public ::testing::Test {
 protected:
  Results run(const std::string& name, double size, int steps = 193) {
    ToyFile file{.steps = steps};
    SourceFiles files;
    for (std::uint64_t seed : {1, 2})
      files.members.push_back(
          write_toy(folder_ / (name + std::to_string(seed) + ".nc"), noise(seed, size), file));
    files.reference = {write_toy(folder_ / "truth.nc", noise(9, 1), file)};
    files.observations = {
        write_toy(folder_ / "coarse.nc", noise(9, 1), {.step_hours = 6, .steps = steps / 6 + 1, .block = 4})};
    return verify(open_sources(files), {});
  }
  io::TemporaryFolder folder_;
};

const ComparedScore& score_of(const Comparison& comparison, const std::string& name) {
  for (const ComparedScore& score : comparison.scores)
    if (score.score == name) return score;
  throw core::Error("no score " + name);
}

TEST_F(Compare, SaysWhichOfTwoRunsIsBetterAndHowSurely) {
  const std::vector<NamedResults> runs = {{"good", run("good", 1)}, {"wide", run("wide", 2)}};
  const Comparison comparison = compare(runs);
  const ComparedScore& crps = score_of(comparison, "fair_crps");
  ASSERT_EQ(crps.values.size(), 2U);
  const ScoreDifference& difference = crps.differences[1].value();
  EXPECT_FALSE(crps.differences[0]);
  EXPECT_EQ(difference.value, *crps.values[1] - *crps.values[0]);
  // Of a standard normal truth, E CRPS = sqrt(2 (1 + s^2) / pi) - s / sqrt(pi).
  EXPECT_NEAR(*crps.values[0], 0.5642, 0.02);
  EXPECT_NEAR(*crps.values[1], 0.6558, 0.03);
  EXPECT_GT(difference.interval.value().low, 0);
  EXPECT_LT(difference.interval->low, difference.value);
  EXPECT_GT(difference.interval->high, difference.value);
  EXPECT_THAT(comparison_text(comparison), AllOf(HasSubstr("wide - good"), HasSubstr("fair CRPS [K]")));
  const auto json = comparison_json(comparison).at("variables").at("tas").at("fair_crps");
  EXPECT_EQ(json.at("values").at("wide").get<double>(), *crps.values[1]);
  EXPECT_EQ(json.at("difference_intervals").at("wide").size(), 2U);
  EXPECT_EQ(json.at("judgements").at("wide"), "worse");
  EXPECT_EQ(json.at("best"), "lowest");
}

TEST_F(Compare, JudgesEveryScoreByItsBestValue) {
  // Members of twice the truth's deviation: their spread is too large, their values are too far from its.
  const Results good = run("good", 1), wide = run("wide", 2);
  const Comparison comparison = compare({{"good", good}, {"wide", wide}});
  const auto judgement = [&](const char* name) {
    return score_of(comparison, name).differences[1].value().judgement;
  };
  for (const char* name : {"fair_crps", "debiased_spread_skill_ratio", "spectrum_log_ratio",
                           "upper_event_fair_brier_score", "upper_event_brier_skill", "wasserstein_1",
                           "kullback_leibler", "standard_deviation_error", "quantile_99_error"})
    EXPECT_EQ(judgement(name), Judgement::worse) << name;
  EXPECT_FALSE(judgement("spread")) << "none is best";
  const Comparison turned = compare({{"wide", wide}, {"good", good}});
  EXPECT_EQ(score_of(turned, "upper_event_brier_skill").differences[1].value().judgement, Judgement::better);
  EXPECT_THAT(comparison_text(turned), HasSubstr("good is better than wide in "));
  EXPECT_THAT(comparison_html(turned), AllOf(HasSubstr("<b>better</b>"), HasSubstr("good minus wide")));
}

TEST_F(Compare, HasIntervalsOfWhatSingleTrajectoriesAreLike) {
  // The deviation of n normal values errs by sigma/sqrt(2 n): of the truth, and of the mean of two members.
  const Results results = run("good", 1);
  const double error = std::sqrt(1.5 / (2 * 193 * 96));
  for (const OverallScore& score : results.overall) {
    if (score.name != "standard_deviation_error") continue;
    const Interval interval = score.interval.value();
    // Nine days know a deviation to a quarter of it.
    EXPECT_NEAR(interval.high - interval.low, 2 * 1.96 * error, 0.4 * 2 * 1.96 * error);
    EXPECT_LT(interval.low, *score.value);
    EXPECT_GT(interval.high, *score.value);
    EXPECT_EQ(score.replicates.size(), 500U);
    return;
  }
  FAIL() << "no such score";
}

TEST_F(Compare, FindsNoDifferenceBetweenARunAndItself) {
  const Results one = run("one", 1);
  const Comparison comparison = compare({{"a", one}, {"b", one}});
  for (const ComparedScore& score : comparison.scores) {
    const ScoreDifference& difference = score.differences[1].value();
    EXPECT_EQ(difference.value, 0) << score.score;
    if (score.score == "sliced_wasserstein" || score.score == "tx_max_error" || score.score == "tn_min_error")
      continue;  // without samples
    EXPECT_EQ(difference.interval.value().high, 0) << score.score;
    const auto expected =
        score.best == Best::unknown ? std::nullopt : std::optional(Judgement::no_difference);
    EXPECT_EQ(difference.judgement, expected) << score.score;
  }
}

TEST_F(Compare, RefusesOtherHours) {
  const Results one = run("one", 1), other = run("other", 1, 169);
  EXPECT_THAT(
      [&] {
        compare({{"a", one}, {"b", other}});
      },
      ::testing::ThrowsMessage<core::Error>(
          AllOf(HasSubstr("run b: hours: 169 hours"), HasSubstr("193 hours"))));
}

}  // namespace
}  // namespace foehn::evaluation::compare_test
