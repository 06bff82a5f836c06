#include "foehn/service/spool.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <thread>

#include "claim_of.hpp"
#include "foehn/core/error.hpp"
#include "io/test_files.hpp"
#include "unsteady_file_system.hpp"

namespace foehn::service::spool_test {
namespace {

using foehn::testing::claim_of;
using foehn::testing::put;
using foehn::testing::UnsteadyFileSystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::ThrowsMessage;

class SpoolTest : public ::testing::Test {
 protected:
  SpoolTest() { spool_.make(); }
  Claim claimed(const std::string& name) {
    const Claim claim{{500, 1, name, 0}, "node-1"};
    put(spool_, claim.ticket, "text");
    EXPECT_TRUE(spool_.take(claim));
    return claim;
  }

  io::TemporaryFolder folder_;
  UnsteadyFileSystem files_;
  Spool spool_{files_, folder_ / "spool"};
};

TEST_F(SpoolTest, RefusesANameTwiceWhateverBecameOfTheJob) {
  const Claim claim = claimed("a");
  const auto again = [&] { spool_.submit({{"b", "text"}, {"a", "text"}}, 500); };
  EXPECT_THAT(again, ThrowsMessage<core::UsageError>(HasSubstr("a job named a already (claimed)")));
  ASSERT_TRUE(spool_.finish(claim));
  EXPECT_THAT(again, ThrowsMessage<core::UsageError>(HasSubstr("(done)")));
  EXPECT_THAT(spool_.tickets(State::queued), IsEmpty());
}

TEST_F(SpoolTest, FreesTheNameOfAJobWhoseFileIsRemoved) {
  spool_.submit({{"a", "text"}}, 500);
  std::filesystem::remove(spool_.folder(State::queued) / "500-00000001-a.0.ini");
  spool_.submit({{"a", "another text"}}, 500);
  EXPECT_EQ(spool_.text(spool_.jobs().at("a")), "another text");
  ASSERT_TRUE(spool_.take(claim_of("node-1", "a")));
  ASSERT_TRUE(spool_.finish(claim_of("node-1", "a")));
  spool_.forget(claim_of("node-1", "a").ticket);
  EXPECT_THAT(spool_.jobs(), IsEmpty());
}

TEST_F(SpoolTest, NumbersJobsInOrderOfArrivalAcrossStates) {
  spool_.submit({{"a", "text"}, {"b", "text"}}, 500);
  const Ticket second{500, 2, "b", 0};
  ASSERT_TRUE(spool_.take({second, "node-1"}));
  spool_.submit({{"c", "text"}}, 900);
  EXPECT_EQ(spool_.jobs().at("a").ticket.serial, 1);
  EXPECT_EQ(spool_.jobs().at("b").state, State::claimed);
  EXPECT_EQ(spool_.jobs().at("c").ticket, (Ticket{900, 3, "c", 0}));
}

TEST_F(SpoolTest, FindsAJobThatMovesWhileItLooks) {
  const Claim claim = claimed("a");
  files_.before_list = [&](const std::filesystem::path& folder) {
    // Back in the queue, behind the first look at it.
    if (folder == spool_.folder(State::claimed)) spool_.put_back(claim, claim.ticket);
  };
  EXPECT_EQ(spool_.jobs().size(), 1U);
}

TEST_F(SpoolTest, TakesAFileThatAUserPutsIntoTheQueue) {
  claimed("taken");
  const auto folder = spool_.folder(State::queued);
  for (const char* file : {"mine.ini", "taken.ini", "odd name.ini", "notes.txt"})
    io::write_content(folder / file, "text");
  EXPECT_THAT(spool_.queue().unnumbered,
              ::testing::UnorderedElementsAre("mine.ini", "taken.ini", "odd name.ini"));
  EXPECT_EQ(spool_.number("mine.ini"), "");
  EXPECT_THAT(spool_.number("taken.ini"), HasSubstr("a job named taken already (claimed)"));
  EXPECT_THAT(spool_.number("odd name.ini"), HasSubstr("found 'odd name'"));
  EXPECT_THAT(spool_.tickets(State::queued), ElementsAre(Ticket{500, 2, "mine", 0}));
  EXPECT_EQ(io::content_of(folder / "500-00000002-mine.0.ini"), "text");
}

TEST_F(SpoolTest, LetsOneSubmitterAtATimeQueue) {
  auto lock = disk().try_lock(spool_.path());
  io::write_content(spool_.folder(State::queued) / "mine.ini", "text");
  EXPECT_EQ(spool_.number("mine.ini"), "");
  EXPECT_THAT(spool_.tickets(State::queued), IsEmpty());
  std::thread other([&] { spool_.submit({{"a", "text"}}, 500); });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_FALSE(spool_.jobs().contains("a"));
  lock.reset();
  other.join();
  EXPECT_TRUE(spool_.jobs().contains("a"));
}

TEST_F(SpoolTest, PutsTheMessageBesideAJobThatFailed) {
  const Claim claim = claimed("a");
  EXPECT_TRUE(spool_.fail(claim, "no such file"));
  EXPECT_THAT(spool_.tickets(State::failed), ElementsAre(claim.ticket));
  EXPECT_EQ(spool_.message(claim.ticket), "no such file");
  EXPECT_EQ(io::content_of(spool_.folder(State::failed) / claim.ticket.file()), "text");
  EXPECT_TRUE(spool_.retry("a"));
  EXPECT_THAT(spool_.tickets(State::queued), ElementsAre(claim.ticket));
  EXPECT_THAT(files_.list(spool_.folder(State::failed)), IsEmpty());
}

TEST_F(SpoolTest, SeesThatARenameWasCarriedOutOnceMore) {
  files_.renames = UnsteadyFileSystem::Renames::repeated;
  const Claim claim = claimed("a");
  EXPECT_TRUE(spool_.finish(claim));
  EXPECT_FALSE(spool_.holds(claim));
}

TEST_F(SpoolTest, SeesThatARenameWasNotCarriedOut) {
  const Claim claim = claimed("a");
  files_.renames = UnsteadyFileSystem::Renames::lost;
  EXPECT_FALSE(spool_.finish(claim));
  EXPECT_FALSE(spool_.fail(claim, "message"));
  EXPECT_THAT(files_.list(spool_.folder(State::failed)), IsEmpty());
  EXPECT_TRUE(spool_.holds(claim));
}

TEST_F(SpoolTest, PublishesNothingOfAClaimThatIsLost) {
  for (const bool by_cancelling : {true, false}) {
    const std::string name = by_cancelling ? "cancelled" : "taken";
    const Claim claim = claimed(name);
    if (by_cancelling) {
      EXPECT_TRUE(spool_.cancel(name));
    } else {
      spool_.put_back(claim, {500, claim.ticket.serial, name, 1});
    }
    EXPECT_FALSE(spool_.holds(claim));
    EXPECT_FALSE(spool_.finish(claim));
    EXPECT_FALSE(spool_.fail(claim, "late message"));
  }
  EXPECT_THAT(spool_.tickets(State::done), IsEmpty());
  EXPECT_EQ(spool_.message(spool_.tickets(State::failed).front()), "cancelled");
}

TEST_F(SpoolTest, AllowsActionsByState) {
  put(spool_, {500, 1, "a", 0}, "text");
  EXPECT_FALSE(spool_.release("a"));
  EXPECT_FALSE(spool_.retry("a"));
  EXPECT_TRUE(spool_.hold("a"));
  EXPECT_EQ(spool_.state_of("a"), State::held);
  EXPECT_TRUE(spool_.release("a"));
  EXPECT_TRUE(spool_.cancel("a"));
  EXPECT_EQ(spool_.state_of("a"), State::failed);
  EXPECT_FALSE(spool_.cancel("a"));
  EXPECT_TRUE(spool_.retry("a"));
  EXPECT_TRUE(spool_.take(claim_of("node-1", "a")));
  EXPECT_TRUE(spool_.hold("a"));
  EXPECT_TRUE(spool_.release("a"));
  EXPECT_FALSE(spool_.cancel("nobody"));
  EXPECT_EQ(spool_.state_of("nobody"), std::nullopt);
}

TEST_F(SpoolTest, CancelsAJobThatMovesOnMeanwhile) {
  put(spool_, {500, 1, "a", 0}, "text");
  const Claim claim = claim_of("node-1", "a");
  files_.before_rename = [&] {
    disk().rename(spool_.folder(State::queued) / claim.ticket.file(),
                  spool_.folder(State::claimed) / claim.file());
  };
  EXPECT_TRUE(spool_.cancel("a"));
  EXPECT_EQ(spool_.message(claim.ticket), "cancelled");
}

TEST_F(SpoolTest, DoesNotCancelAJobThatIsDoneMeanwhile) {
  const Claim claim = claimed("a");
  files_.before_rename = [&] {
    disk().rename(spool_.folder(State::claimed) / claim.file(),
                  spool_.folder(State::done) / claim.ticket.file());
  };
  EXPECT_FALSE(spool_.cancel("a"));
  EXPECT_EQ(spool_.state_of("a"), State::done);
  EXPECT_THAT(files_.list(spool_.folder(State::failed)), IsEmpty());
}

TEST_F(SpoolTest, CountsNoCrashOfARetriedJob) {
  put(spool_, {500, 1, "a", 0}, "text");
  ASSERT_TRUE(spool_.take(claim_of("node-1", "a")));
  spool_.put_back(claim_of("node-1", "a"), {500, 1, "a", 2});
  ASSERT_TRUE(spool_.cancel("a"));
  ASSERT_TRUE(spool_.retry("a"));
  EXPECT_THAT(spool_.tickets(State::queued), ElementsAre(Ticket{500, 1, "a", 0}));
  EXPECT_THAT(files_.list(spool_.folder(State::failed)), IsEmpty());
}

TEST(NoSpool, IsRefusedByName) {
  const io::TemporaryFolder folder;
  EXPECT_THAT([&] { Spool(disk(), folder / "nothing").check(); },
              ThrowsMessage<core::UsageError>(HasSubstr("nothing: expected a spool")));
}

TEST(Disk, CreatesAFileOnceAndWhole) {
  const io::TemporaryFolder folder;
  EXPECT_TRUE(disk().create(folder / "a", "first"));
  EXPECT_FALSE(disk().create(folder / "a", "second"));
  EXPECT_EQ(disk().read(folder / "a"), "first");
  EXPECT_THAT(folder.names(), ElementsAre("a"));
  EXPECT_EQ(disk().read(folder / "b"), std::nullopt);
  EXPECT_THAT(disk().list(folder / "b"), IsEmpty());
  EXPECT_THROW(disk().create(folder / "b" / "c", ""), core::Error);
}

}  // namespace
}  // namespace foehn::service::spool_test
