#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "evaluation/ranks_in_turn.hpp"
#include "evaluation/toy_files.hpp"
#include "foehn/evaluation/report.hpp"
#include "foehn/evaluation/verify.hpp"
#include "io/test_files.hpp"

namespace foehn::evaluation::local_tails_test {
namespace {

using foehn::testing::on_ranks_in_turn;
using foehn::testing::shifted;
using foehn::testing::ToyField;
using foehn::testing::ToyFile;
using foehn::testing::write_toy;

constexpr int kFirstOfMay = 36, kLastOfMay = 66, kLastOfJune = 96;  // days after 26 March

/// Cool in May and warm in June; the last of May is the warmest of its month, the first of June the coolest.
double spring(double hour, std::size_t /*variable*/, std::int64_t /*y*/, std::int64_t /*x*/) {
  const int day = static_cast<int>(std::floor(hour / 24));
  if (day == kLastOfMay) return 8;
  if (day == kLastOfMay + 1) return 40;
  return (day < kLastOfMay ? 4 : 50) + (day % 8) / 16.0;
}

/// Members of the last of May and the first of June, with a reference of both months.
struct TwoMonths {
  io::TemporaryFolder folder;
  SourceFiles files;

  TwoMonths() {
    ToyFile fine{.first_hour = 24 * kLastOfMay, .steps = 48};
    const ToyFile coarse{.first_hour = 24 * kLastOfMay, .step_hours = 6, .steps = 8, .block = 4};
    for (const double shift : {1, -1, 3})
      files.members.push_back(
          write_toy(folder / (std::to_string(shift) + ".nc"), shifted(spring, shift), fine));
    files.observations = {write_toy(folder / "coarse.nc", spring, coarse)};
    fine.first_hour = 24 * kFirstOfMay;
    fine.steps = 24 * (kLastOfJune + 1 - kFirstOfMay);
    files.reference = {write_toy(folder / "truth.nc", spring, fine)};
  }
};

TEST(LocalTails, AreThoseOfTheSeason) {
  const TwoMonths months;
  const Results results = verify(open_sources(months.files), {});
  const std::vector<HourScores>& rows = results.scores.front().by_month;
  const HourScores &may = rows[4], &june = rows[5];
  EXPECT_NEAR(may.upper_tail_crps.value(), 1.0 / 3, 1e-12) << "all of it lies above May's 95 %";
  EXPECT_NEAR(may.lower_tail_crps.value(), 0, 1e-12);
  EXPECT_NEAR(june.upper_tail_crps.value(), 0, 1e-12);
  EXPECT_NEAR(june.lower_tail_crps.value(), 1.0 / 3, 1e-12) << "all of it lies below June's 5 %";
}

TEST(LocalTails, DependNeitherOnRanksNorOnMemory) {
  const TwoMonths months;
  const Sources sources = open_sources(months.files);
  const std::string expected = scores_json(verify(sources, {})).dump();
  const VerifyOptions little_memory{.values_in_memory = 20000};  // the days are read in several parts
  for (const int size : {1, 2, 3}) {
    const Results shared =
        on_ranks_in_turn(size, [&](const Ranks& ranks) { return verify(sources, little_memory, ranks); });
    EXPECT_EQ(scores_json(shared).dump(), expected) << size << " ranks";
  }
}

}  // namespace
}  // namespace foehn::evaluation::local_tails_test
