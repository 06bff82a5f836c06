#include "foehn/service/presence.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "claim_of.hpp"
#include "foehn/core/progress.hpp"
#include "foehn/service/submission.hpp"
#include "io/test_files.hpp"
#include "service/watch.hpp"

namespace foehn::service::presence_test {
namespace {

using ::testing::IsEmpty;

constexpr double kBeatSeconds = 0.1;

/// Waits for what a thread brings about.
bool comes_true(const std::function<bool()>& condition) {
  for (int i = 0; i < 1000 && !condition(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return condition();
}

class PresenceTest : public ::testing::Test {
 protected:
  PresenceTest() { spool_.make(); }
  Claim claimed(const std::string& service) const {
    const Claim claim{{500, 1, "a", 0}, service};
    foehn::testing::put(spool_, claim.ticket, "text");
    EXPECT_TRUE(spool_.take(claim));
    return claim;
  }

  io::TemporaryFolder folder_;
  Spool spool_{disk(), folder_ / "spool"};
};

TEST_F(PresenceTest, IsAliveForOthersAndLeavesNothing) {
  Watch watch(spool_, 1000, machine_identity(), steady_clock());
  {
    const Presence one(spool_, kBeatSeconds, [] { return false; });
    const Presence two(spool_, kBeatSeconds, [] { return false; });
    EXPECT_NE(one.name(), two.name());
    EXPECT_EQ(watch.look(one.name()), Life::alive);
    const auto first = read_beat(spool_, one.name());
    EXPECT_TRUE(comes_true([&] { return read_beat(spool_, one.name()) != first; }));
  }
  EXPECT_THAT(disk().list(spool_.services()), IsEmpty());
}

TEST_F(PresenceTest, StopsAJobWhoseClaimIsGone) {
  Presence presence(spool_, kBeatSeconds, [] { return false; });
  const process::StopSource stop;
  presence.begin(claimed(presence.name()), stop);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_FALSE(stop.token().is_requested());
  EXPECT_TRUE(spool_.cancel("a"));
  EXPECT_TRUE(comes_true([&] { return stop.token().is_requested(); }));
}

TEST_F(PresenceTest, StopsAJobWhereTheServiceIsToStop) {
  std::atomic<bool> must_stop = false;
  Presence presence(spool_, 1000, [&] { return must_stop.load(); });
  const process::StopSource stop;
  presence.begin(claimed(presence.name()), stop);
  must_stop = true;
  EXPECT_TRUE(comes_true([&] { return stop.token().is_requested(); }));
}

TEST_F(PresenceTest, SaysHowFarItsJobHasCome) {
  Presence presence(spool_, kBeatSeconds, [] { return false; });
  presence.begin(claimed(presence.name()), process::StopSource());
  core::Progress progress("sampling", 8, "steps", true);
  progress.advance(2);
  const auto beat = [&] {
    const auto text = read_beat(spool_, presence.name());
    return text ? parse_beat(*text) : std::nullopt;
  };
  ASSERT_TRUE(comes_true([&] { return beat() && beat()->done == 2; }));
  EXPECT_EQ(beat()->job, "a");
  EXPECT_EQ(beat()->total, 8);
  EXPECT_EQ(beat()->unit, "steps");
  EXPECT_TRUE(beat()->seconds_left.has_value());
  presence.end();
  EXPECT_TRUE(comes_true([&] { return beat() && beat()->job.empty(); }));
}

TEST(Beat, ThatIsHalfWrittenIsNotRead) {
  for (const std::string text : {"", "{\"count\": 3", "3", R"({"count": 1, "done": "many"})"})
    EXPECT_FALSE(parse_beat(text)) << text;
}

TEST(Submission, SaysWhenItWasMadeAndFromWhichFile) {
  const std::string text = with_origin("[prior]\npath = a\n", "/jobs/a.ini");
  EXPECT_TRUE(text.ends_with("Z from /jobs/a.ini\n[prior]\npath = a\n")) << text;
  ASSERT_TRUE(submitted_at(text));
  EXPECT_NEAR(*submitted_at(text), static_cast<double>(std::time(nullptr)), 100);
  EXPECT_EQ(submitted_at("# submitted 2001-01-01T00:01:00Z from a\n"), 978307260);
  EXPECT_FALSE(submitted_at("[prior]\n"));
  EXPECT_FALSE(submitted_at("# submitted yesterday\n"));
}

}  // namespace
}  // namespace foehn::service::presence_test
