#include "foehn/tuning/journal.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "foehn/core/error.hpp"
#include "io/test_files.hpp"

namespace foehn::tuning::journal_test {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

const std::vector<Dimension> kDimensions{{"std of tas (K)", 0.1, 1}};
const std::vector<io::Variable> kVariables{{"tas", "air_temperature", "K"}};

class JournalTest : public ::testing::Test {
 protected:
  Journal open(const std::string& identity = "this") const {
    return {folder_ / "", identity, kDimensions, kVariables};
  }
  io::TemporaryFolder folder_;
};

TEST_F(JournalTest, GivesBackTrialsToTheLastBit) {
  Journal first = open();
  first.add({{0, {0.1}, {{1.0 / 3, 0.7, 1.1}}, ""}});
  first.add({{1, {0.2}, {}, "sampling diverged"}, {2, {0.3}, {{0.3, 0.6, 0.9}}, ""}});
  const Journal again = open();
  ASSERT_EQ(again.trials().size(), 3U);
  EXPECT_EQ(again.trials()[0].scores[0].fair_crps, 1.0 / 3);
  EXPECT_EQ(again.trials()[1].failure, "sampling diverged");
  EXPECT_TRUE(again.trials()[1].scores.empty());
  EXPECT_EQ(again.trials()[2].values, std::vector{0.3});
}

TEST_F(JournalTest, RefusesOneOfAnotherSearch) {
  open().add({});
  EXPECT_THAT([&] { open("another"); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("journal.jsonl"), HasSubstr("another search"))));
}

TEST_F(JournalTest, RefusesWhatIsNoJournal) {
  for (const char* text : {"", "nonsense\n", "{}\n", "{\"search\":\"this\"}\n{\"trial\":0}\n",
                           "{\"search\":\"this\"}\n{\"trial\":1,\"values\":{\"std of tas (K)\":1},"
                           "\"failure\":\"x\"}\n"}) {
    std::ofstream(folder_ / "journal.jsonl") << text;
    EXPECT_THAT([&] { open(); }, ThrowsMessage<core::Error>(HasSubstr("journal.jsonl"))) << text;
  }
}

TEST(Loss, WeighsSpreadThatIsWrongEitherWay) {
  const Weighing weighing{{2, 4}, 0.5};
  const auto loss = [&](double ratio) { return tried({0, {}, {{1, 1, ratio}, {2, 1, 1}}, ""}, weighing); };
  EXPECT_DOUBLE_EQ(loss(1).loss, 0.5);
  EXPECT_DOUBLE_EQ(loss(2).losses[0], 0.5 * (1 + 0.5 * std::log(2.0)));
  EXPECT_DOUBLE_EQ(loss(0.5).loss, loss(2).loss);
  EXPECT_TRUE(std::isinf(tried({0, {}, {}, "failed"}, weighing).loss));
}

}  // namespace
}  // namespace foehn::tuning::journal_test
