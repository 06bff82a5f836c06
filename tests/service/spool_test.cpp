#include "foehn/service/spool.hpp"

#include <gmock/gmock.h>

#include "claim_of.hpp"
#include "foehn/core/error.hpp"
#include "io/test_files.hpp"
#include "unsteady_file_system.hpp"

namespace foehn::service {
namespace {

using foehn::testing::claim_of;
using foehn::testing::UnsteadyFileSystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::ThrowsMessage;

class SpoolTest : public ::testing::Test {
 protected:
  SpoolTest() { spool_.make(); }
  Claim claimed(const std::string& name) {
    const Claim claim{{500, spool_.next_serial(), name, 0}, "node-1"};
    spool_.submit(claim.ticket, "text");
    EXPECT_TRUE(spool_.take(claim));
    return claim;
  }

  io::TemporaryFolder folder_;
  UnsteadyFileSystem files_;
  Spool spool_{files_, folder_ / "spool"};
};

TEST_F(SpoolTest, RefusesANameTwiceWhateverBecameOfTheJob) {
  const Claim claim = claimed("a");
  const auto again = [&] { spool_.submit({500, 9, "a", 0}, "text"); };
  EXPECT_THAT(again, ThrowsMessage<core::UsageError>(HasSubstr("a job named a already (claimed)")));
  ASSERT_TRUE(spool_.finish(claim));
  EXPECT_THAT(again, ThrowsMessage<core::UsageError>(HasSubstr("(done)")));
  EXPECT_TRUE(spool_.knows("a"));
  EXPECT_FALSE(spool_.knows("b"));
  EXPECT_THAT(spool_.tickets(State::queued), IsEmpty());
}

TEST_F(SpoolTest, SaysWhatToDoWhereASubmissionWasInterrupted) {
  disk().create(spool_.path() / "names" / "a", "");
  EXPECT_THAT(
      [&] {
        spool_.submit({500, 1, "a", 0}, "text");
      },
      ThrowsMessage<core::UsageError>(HasSubstr("names/a exists: its submission is under way or was")));
}

TEST_F(SpoolTest, GivesSerialsInOrderOfArrivalAcrossStates) {
  EXPECT_EQ(spool_.next_serial(), 1);
  spool_.finish(claimed("a"));
  EXPECT_EQ(spool_.next_serial(), 2);
  claimed("b");
  EXPECT_EQ(spool_.next_serial(), 3);
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
  spool_.submit({500, 1, "a", 0}, "text");
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
  spool_.submit({500, 1, "a", 0}, "text");
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
  spool_.submit({500, 1, "a", 0}, "text");
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
}  // namespace foehn::service
