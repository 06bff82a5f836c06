// Who takes which job, on a file system that is not to be relied upon.
#include "service/desk.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <memory>
#include <set>

#include "claim_of.hpp"
#include "foehn/core/error.hpp"
#include "io/test_files.hpp"
#include "unsteady_file_system.hpp"

namespace foehn::service::desk_test {
namespace {

using foehn::testing::claim_of;
using foehn::testing::put;
using foehn::testing::UnsteadyFileSystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Renames = UnsteadyFileSystem::Renames;

class DeskTest : public ::testing::Test {
 protected:
  DeskTest() { spool_.make(); }

  void submit(const std::string& name, std::int64_t priority = kUsualPriority) {
    spool_.submit({{name, "text of " + name}}, priority);
  }
  /// A service that is alive on this machine, as far as others see.
  Desk& desk(const std::string& service, const ServiceOptions& options = {}, double clock_ahead = 0) {
    disk().make_folder(spool_.services() / service);
    locks_.push_back(disk().try_lock(spool_.services() / service));
    beat(service, kHere, 1);
    return *desks_.emplace_back(
        std::make_unique<Desk>(Desk::Surroundings{.spool = spool_,
                                                  .journal = journal_,
                                                  .service = service,
                                                  .machine = kHere,
                                                  .clock = [this, clock_ahead] { return now_ + clock_ahead; },
                                                  .must_stop = [this] { return must_stop_; },
                                                  .seconds_left = [this] { return seconds_left_; },
                                                  .need =
                                                      [](const std::string& text) {
                                                        if (text == "text of long")
                                                          return Need{.to_get_anywhere = 100, .to_end = {}};
                                                        if (text == "text of very long")
                                                          return Need{.to_get_anywhere = 1, .to_end = 1000};
                                                        return Need{.to_get_anywhere = 1, .to_end = 2};
                                                      }},
                               options));
  }
  void beat(const std::string& service, const std::string& machine, int count) {
    disk().make_folder(spool_.services() / service);
    disk().overwrite(spool_.services() / service / "beat",
                     fmt::format(R"({{"count": {}, "machine": "{}"}})", count, machine));
  }
  /// A job that another service has claimed.
  void claim_by(const std::string& service, const std::string& name, std::int64_t crashes = 0) {
    const Claim claim = claim_of(service, name, crashes);
    put(spool_, claim.ticket, "text of " + name);
    ASSERT_TRUE(spool_.take(claim));
  }
  /// The job that a desk finds; "" if it is to wait, "END" at its end.
  static std::string name(const std::optional<std::variant<Task, Ending>>& found) {
    if (!found) return "";
    const Task* task = std::get_if<Task>(&*found);
    return task != nullptr ? task->claim.ticket.name : "END";
  }
  /// The same; the job is then done.
  std::string work(Desk& desk) const {
    const auto found = desk.look();
    if (found && std::holds_alternative<Task>(*found)) {
      EXPECT_TRUE(spool_.finish(std::get<Task>(*found).claim));
    }
    return name(found);
  }
  std::vector<std::string> names(State state) const {
    std::vector<std::string> found;
    for (const Ticket& ticket : spool_.tickets(state))
      found.push_back(fmt::format("{}.{}", ticket.name, ticket.crashes));
    return found;
  }
  void wait(double seconds) { now_ += seconds; }

  static constexpr const char* kHere = "here";
  io::TemporaryFolder folder_;
  UnsteadyFileSystem files_;
  Spool spool_{files_, folder_ / "spool"};
  Journal journal_{files_, spool_.journals() / "journal.jsonl"};
  double now_ = 1000;
  bool must_stop_ = false;
  std::optional<double> seconds_left_;
  std::vector<std::unique_ptr<Lock>> locks_;
  std::vector<std::unique_ptr<Desk>> desks_;
};

TEST_F(DeskTest, TakesTheHighestPriorityFirstThenTheOrderOfArrival) {
  submit("second");
  submit("third");
  submit("first", 900);
  Desk& one = desk("one");
  EXPECT_EQ(work(one), "first");
  EXPECT_EQ(work(one), "second");
  EXPECT_EQ(work(one), "third");
  EXPECT_EQ(work(one), "");
}

TEST_F(DeskTest, GivesAJobToOneServiceOnly) {
  for (const Renames renames : {Renames::steady, Renames::repeated}) {
    files_.renames = renames;
    for (int i = 0; i < 20; ++i) submit(fmt::format("job{}_{}", static_cast<int>(renames), i));
    const std::string round = std::to_string(static_cast<int>(renames));
    Desk& one = desk("one" + round);
    Desk& two = desk("two" + round);
    std::multiset<std::string> taken;
    for (int i = 0; i < 15; ++i)
      for (Desk* each : {&one, &two})
        if (const std::string found = work(*each); !found.empty()) taken.insert(found);
    EXPECT_EQ(taken.size(), 20U);
    EXPECT_EQ(std::set<std::string>(taken.begin(), taken.end()).size(), 20U);
  }
}

TEST_F(DeskTest, TakesTheNextJobWhereAnotherIsFaster) {
  submit("first");
  submit("second");
  Desk& one = desk("one");
  const Claim other = claim_of("two", "first");
  files_.before_rename = [&] {
    disk().rename(spool_.folder(State::queued) / other.ticket.file(),
                  spool_.folder(State::claimed) / other.file());
  };
  EXPECT_EQ(name(one.look()), "second");
}

TEST_F(DeskTest, FindsAClaimThatComesLate) {
  submit("late");
  Desk& one = desk("one");
  Desk& two = desk("two");
  files_.renames = Renames::late;
  EXPECT_EQ(name(one.look()), "");
  files_.renames = Renames::steady;
  files_.settle();
  EXPECT_EQ(name(two.look()), "");
  wait(60);
  EXPECT_EQ(name(two.look()), "");
  EXPECT_EQ(name(one.look()), "late");
}

TEST_F(DeskTest, IsNotMisledByAClaimThatComesTooLate) {
  submit("late");
  Desk& one = desk("one");
  Desk& two = desk("two");
  files_.renames = Renames::late;
  EXPECT_EQ(name(one.look()), "");
  files_.renames = Renames::steady;
  EXPECT_EQ(name(two.look()), "late");
  files_.settle();
  EXPECT_EQ(spool_.claims().size(), 1U);
  EXPECT_EQ(spool_.claims().front().service, "two");
}

TEST_F(DeskTest, TakesOverFromADeadServiceOfThisMachine) {
  claim_by("dead", "left");
  beat("dead", kHere, 7);
  Desk& one = desk("one");
  EXPECT_EQ(name(one.look()), "");
  wait(1);
  EXPECT_EQ(name(one.look()), "");
  wait(2);
  EXPECT_EQ(name(one.look()), "left");
  EXPECT_EQ(spool_.claims().front(), claim_of("one", "left", 1));
}

TEST_F(DeskTest, TakesOverFromAServiceThatLeftNothingButItsClaim) {
  claim_by("gone", "left");
  Desk& one = desk("one");
  EXPECT_EQ(name(one.look()), "");
  wait(3);
  EXPECT_EQ(name(one.look()), "left");
}

TEST_F(DeskTest, LeavesALivingServiceOfThisMachineAloneHoweverSlowItsBeat) {
  claim_by("slow", "kept");
  Desk& slow = desk("slow");
  Desk& one = desk("one");
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(name(one.look()), "");
    wait(3600);
  }
  EXPECT_EQ(name(slow.look()), "kept");
}

TEST_F(DeskTest, JudgesAnotherMachineByItsBeatOnItsOwnClockAlone) {
  claim_by("far", "left");
  beat("far", "another machine", 1);
  // Neither these clocks nor the times of files agree with each other.
  Desk& ahead = desk("ahead", {.patience_minutes = 2}, 3600);
  Desk& behind = desk("behind", {.patience_minutes = 2}, -3600);
  const auto set_time = [&](int hours) {
    std::filesystem::last_write_time(
        spool_.services() / "far" / "beat",
        std::filesystem::file_time_type::clock::now() + std::chrono::hours(hours));
  };
  for (int i = 2; i < 20; ++i) {
    set_time(i % 2 == 0 ? -1 : 1);
    EXPECT_EQ(name(ahead.look()), "");
    EXPECT_EQ(name(behind.look()), "");
    wait(60);
    beat("far", "another machine", i);
  }
  EXPECT_EQ(name(ahead.look()), "");
  wait(119);
  set_time(1);
  EXPECT_EQ(name(ahead.look()), "");
  wait(2);
  EXPECT_EQ(name(behind.look()), "");  // which saw the last beat only now
  EXPECT_EQ(name(ahead.look()), "left");
}

TEST_F(DeskTest, FailsAJobOnlyAfterAsManyCrashes) {
  claim_by("first", "deadly", 1);
  Desk& one = desk("one", {.crashes = 3});
  one.look();
  wait(3);
  EXPECT_EQ(name(one.look()), "deadly");
  EXPECT_EQ(spool_.claims().front().ticket.crashes, 2);
  spool_.put_back(spool_.claims().front(), {500, 1, "deadly", 2});  // which is free
  ASSERT_TRUE(spool_.take(claim_of("second", "deadly", 2)));
  wait(11);
  EXPECT_EQ(name(one.look()), "");
  wait(3);
  EXPECT_EQ(name(one.look()), "");
  EXPECT_THAT(names(State::failed), ElementsAre("deadly.2"));
  EXPECT_THAT(spool_.message(spool_.tickets(State::failed).front()),
              ::testing::AllOf(HasSubstr("3 services"), HasSubstr("second")));
}

TEST_F(DeskTest, EndsAtAnEmptyQueueOnceNoClaimMayBeADeadServices) {
  claim_by("dead", "left");
  Desk& one = desk("one", {.until_empty = true});
  EXPECT_EQ(name(one.look()), "");
  wait(3);
  EXPECT_EQ(name(one.look()), "left");
  spool_.finish(spool_.claims().front());
  wait(1);
  EXPECT_EQ(std::get<Ending>(one.look().value()), Ending::empty);
}

TEST_F(DeskTest, EndsWhenItWasIdleForLong) {
  Desk& one = desk("one", {.idle_minutes = 5});
  EXPECT_EQ(name(one.look()), "");
  wait(200);
  submit("late");
  EXPECT_EQ(name(one.look()), "late");
  spool_.finish(spool_.claims().front());
  wait(200);
  EXPECT_EQ(name(one.look()), "");
  wait(299);
  EXPECT_EQ(name(one.look()), "");
  wait(2);
  EXPECT_EQ(std::get<Ending>(one.look().value()), Ending::idle);
}

TEST_F(DeskTest, TakesNoJobWhenItIsToStop) {
  submit("job");
  Desk& one = desk("one");
  must_stop_ = true;
  EXPECT_EQ(std::get<Ending>(one.look().value()), Ending::drained);
  EXPECT_THAT(names(State::queued), ElementsAre("job.0"));
}

TEST_F(DeskTest, TakesAJobOnlyIfTheTimeThatIsLeftSuffices) {
  submit("long", 900);
  submit("short");
  seconds_left_ = 99;
  Desk& one = desk("one");
  EXPECT_EQ(work(one), "short");
  EXPECT_EQ(std::get<Ending>(one.look().value()), Ending::drained);
  seconds_left_ = 101;
  Desk& two = desk("two");
  EXPECT_EQ(name(two.look()), "long");
}

TEST_F(DeskTest, PrefersAJobThatCanBeEndedInTheTimeThatIsLeft) {
  put(spool_, {500, 1, "very long", 0}, "text of very long");
  submit("short");
  submit("late", 400);
  seconds_left_ = 500;
  Desk& one = desk("one");
  EXPECT_EQ(work(one), "short");
  EXPECT_EQ(work(one), "very long") << "it is more urgent, and gets somewhere";
  EXPECT_EQ(work(one), "late");
  EXPECT_EQ(work(one), "");
}

TEST_F(DeskTest, TakesUpAFileThatAUserPutsIntoTheQueueOnceItIsWhole) {
  const auto file = spool_.folder(State::queued) / "mine.ini";
  io::write_content(file, "half");
  Desk& one = desk("one", {.until_empty = true});
  EXPECT_EQ(name(one.look()), "");
  wait(3);
  io::write_content(file, "whole");
  EXPECT_EQ(name(one.look()), "");
  wait(3);
  EXPECT_EQ(name(one.look()), "");  // which gives it its number
  const auto found = one.look();
  ASSERT_EQ(name(found), "mine");
  EXPECT_EQ(std::get<Task>(*found).text, "whole");
}

TEST_F(DeskTest, LeavesAFileThatCannotBeAJobAndEnds) {
  claim_by("alive", "taken");
  desk("alive");
  io::write_content(spool_.folder(State::queued) / "taken.ini", "text");
  Desk& one = desk("one", {.until_empty = true});
  EXPECT_EQ(name(one.look()), "");
  wait(3);
  EXPECT_EQ(std::get<Ending>(one.look().value()), Ending::empty);
  EXPECT_THAT(spool_.queue().unnumbered, ElementsAre("taken.ini"));
}

TEST_F(DeskTest, SeesSoonThatANeighbourDied) {
  claim_by("neighbour", "left");
  desk("neighbour");
  Watch watch(spool_, 100, kHere, [this] { return now_; });
  EXPECT_EQ(watch.look("neighbour"), Life::alive);
  files_.calls.clear();
  EXPECT_FALSE(watch.has_lost_one());
  locks_.front().reset();
  EXPECT_TRUE(watch.has_lost_one());
  EXPECT_FALSE(watch.has_lost_one()) << "it is told once";
  EXPECT_EQ(files_.calls["list"] + files_.calls["read"], 0);
}

TEST_F(DeskTest, GivesUpAFolderThatOnlyAFileSaysIsBusy) {
  Desk& one = desk("one", {.busy_minutes = 5});
  EXPECT_EQ(one.avoid("busy", false), std::nullopt);
  for (int i = 1; i <= 2; ++i) {
    wait(100);
    EXPECT_EQ(one.avoid("busy", false), std::nullopt);
  }
  wait(100);
  EXPECT_EQ(one.avoid("busy", false), 300);
  wait(1000);  // of which nobody looked
  EXPECT_EQ(one.avoid("busy", false), std::nullopt);
}

TEST_F(DeskTest, WaitsForARunThatTheSystemVouchesFor) {
  Desk& one = desk("one", {.busy_minutes = 5});
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(one.avoid("busy", true), std::nullopt);
    wait(100);
  }
  EXPECT_EQ(one.avoid("busy", false), std::nullopt) << "it was alive a moment ago";
}

TEST_F(DeskTest, LeavesABusyJobAloneForAWhile) {
  submit("busy");
  Desk& one = desk("one", {.until_empty = true});
  EXPECT_EQ(name(one.look()), "busy");
  one.avoid("busy", true);
  spool_.put_back(spool_.claims().front(), {500, 1, "busy", 0});
  EXPECT_EQ(name(one.look()), "");
  wait(31);
  EXPECT_EQ(name(one.look()), "busy");
}

TEST_F(DeskTest, PutsBackWhatIsStillItsOwn) {
  submit("job");
  Desk& one = desk("one");
  EXPECT_EQ(name(one.look()), "job");
  one.leave();
  EXPECT_THAT(names(State::queued), ElementsAre("job.0"));
  EXPECT_THAT(spool_.claims(), IsEmpty());
}

TEST_F(DeskTest, NeedsFewCallsForAClaimHoweverLongTheQueue) {
  constexpr int kJobs = 2000, kClaims = 500;
  for (int i = 0; i < kJobs; ++i)
    disk().create(spool_.folder(State::queued) / Ticket{500, i, fmt::format("job{}", i), 0}.file(), "text");
  Desk& one = desk("one");
  files_.calls.clear();
  for (int i = 0; i < kClaims; ++i) ASSERT_EQ(name(one.look()), fmt::format("job{}", i));
  EXPECT_EQ(files_.calls["list"], 2);
  EXPECT_EQ(files_.total(), 2 + 3 * kClaims);  // rename, look, read
}

}  // namespace
}  // namespace foehn::service::desk_test
