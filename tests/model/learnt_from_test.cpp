#include "foehn/model/learnt_from.hpp"

#include <gmock/gmock.h>

#include "foehn/core/error.hpp"

namespace foehn::model::learnt_from_test {
namespace {

constexpr auto kCalendar = calendar::Calendar::day_360;

TEST(LearntFrom, ComesBackFromMetadata) {
  const LearntFrom period{0, 29 * 86400 + 3600};
  auto metadata = remarks_of(period, kCalendar);
  metadata["foehn.kind"] = "gaussian";
  EXPECT_EQ(learnt_from(metadata, kCalendar), period);
  EXPECT_EQ(describe(period, kCalendar), "1970-01-01T00:00:00 to 1970-01-30T01:00:00");
}

TEST(LearntFrom, IsNotKnownOfOlderPriors) {
  EXPECT_EQ(learnt_from({{"foehn.kind", "gaussian"}}, kCalendar), std::nullopt);
}

TEST(LearntFrom, RefusesWhatIsNoTwoRisingDates) {
  for (const char* text : {"", "2001-01-01", "2001-01-01/yesterday", "2001-01-02/2001-01-01"})
    EXPECT_THAT(
        [&] {
          learnt_from({{"foehn.learnt_from", text}}, kCalendar);
        },
        ::testing::ThrowsMessage<core::Error>(::testing::HasSubstr("foehn.learnt_from")))
        << text;
}

}  // namespace
}  // namespace foehn::model::learnt_from_test
