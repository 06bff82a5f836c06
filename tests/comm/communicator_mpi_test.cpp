#include <gmock/gmock.h>

#include <chrono>
#include <cmath>
#include <numeric>
#include <thread>

#include "foehn/comm/communicator.hpp"
#include "foehn/comm/watchdog.hpp"
#include "foehn/core/heartbeat.hpp"

namespace foehn::comm::communicator_mpi_test {
namespace {

TEST(Communicator, MakesTheFailureOfOneRankTheFailureOfAll) {
  const Communicator world = Communicator::world();
  const int failing = world.size() - 1;
  try {
    world.agree([&] {
      if (world.rank() == failing) throw core::Error("tas.nc: step 7 is missing");
    });
    FAIL() << "no error";
  } catch (const core::CollectiveError& error) {
    EXPECT_STREQ(error.what(), "tas.nc: step 7 is missing");
    EXPECT_EQ(error.exit_code(), 1);
  }
}

TEST(Communicator, KeepsTheExitCodeOfAUsageErrorAndTheLowestRanksMessage) {
  const Communicator world = Communicator::world();
  try {
    world.agree([&] { throw core::UsageError("rank " + std::to_string(world.rank())); });
    FAIL() << "no error";
  } catch (const core::CollectiveError& error) {
    EXPECT_STREQ(error.what(), "rank 0");
    EXPECT_EQ(error.exit_code(), 2);
  }
}

TEST(Communicator, SaysWhoKnowsOfAFailure) {
  const Communicator world = Communicator::world();
  const Communicator team = world.split(world.rank() % 2);
  const auto scope_of = [](const Communicator& ranks) {
    try {
      ranks.agree([] { throw core::Error("bad"); });
    } catch (const core::CollectiveError& error) {
      return error.scope();
    }
    throw core::Error("no error");
  };
  EXPECT_EQ(scope_of(team), core::Scope::team);
  EXPECT_EQ(scope_of(world), core::Scope::world);
  // A team's failure becomes one of all.
  EXPECT_THAT([&] { world.agree([&] { team.agree([] { throw core::UsageError("bad"); }); }); },
              ::testing::Throws<core::CollectiveError>(
                  ::testing::AllOf(::testing::Property(&core::CollectiveError::scope, core::Scope::world),
                                   ::testing::Property(&core::CollectiveError::exit_code, 2))));
}

TEST(Communicator, HearsWhetherAnyRankSaysYes) {
  const Communicator world = Communicator::world();
  EXPECT_TRUE(world.any(world.rank() == world.size() - 1));
  EXPECT_FALSE(world.any(false));
}

TEST(Communicator, GathersTextsOfAnyLengthOnTheRoot) {
  const Communicator world = Communicator::world();
  const std::vector<std::string> texts =
      world.gather(std::string(static_cast<std::size_t>(world.rank()), 'x'));
  if (!world.is_root()) {
    EXPECT_TRUE(texts.empty());
    return;
  }
  ASSERT_EQ(texts.size(), static_cast<std::size_t>(world.size()));
  for (std::size_t rank = 0; rank < texts.size(); ++rank) EXPECT_EQ(texts[rank], std::string(rank, 'x'));
}

TEST(Communicator, GathersTextsOfManyPiecesOnTheRoot) {
  const Communicator world = Communicator::world();
  const std::size_t length = (std::size_t{16} << 20) + 3;
  const std::vector<std::string> texts =
      world.gather(std::string(length, static_cast<char>('a' + world.rank())));
  for (std::size_t rank = 0; rank < texts.size(); ++rank)
    EXPECT_TRUE(texts[rank] == std::string(length, static_cast<char>('a' + rank))) << rank;
}

TEST(Communicator, WaitsForARootThatShowsItsProgress) {
  const Communicator world = Communicator::world();
  // Without a sign, the watchdogs of the others would end the program after 4 s and more.
  const Watchdog watchdog(world, 1);
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(5000);
  bool has_worked = false;
  world.agree_on_root([&] {
    for (; std::chrono::steady_clock::now() < end; core::beat())
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    has_worked = true;
  });
  EXPECT_EQ(has_worked, world.is_root());
}

TEST(Communicator, MakesAFailureOfTheRootsWorkTheFailureOfAll) {
  EXPECT_THAT(
      [] { Communicator::world().agree_on_root([] { throw core::UsageError("no such file"); }); },
      ::testing::Throws<core::CollectiveError>(::testing::Property(&core::CollectiveError::exit_code, 2)));
}

TEST(Communicator, AgreesThatAllIsWell) {
  int ran = 0;
  Communicator::world().agree([&] { ++ran; });
  EXPECT_EQ(ran, 1);
}

TEST(Communicator, SumsInOrderToTheSameBitsHoweverValuesAreShared) {
  const Communicator world = Communicator::world();
  std::vector<double> values;  // of all sizes, so that another order gives other bits
  for (int i = 0; i < 1000; ++i) values.push_back(std::sin(i * 1.3) * std::pow(10, i % 17));
  const double expected = std::accumulate(values.begin(), values.end(), 0.0);
  EXPECT_NE(std::accumulate(values.rbegin(), values.rend(), 0.0), expected);
  const auto begin = static_cast<std::size_t>(1000 * world.rank() / world.size());
  const auto end = static_cast<std::size_t>(1000 * (world.rank() + 1) / world.size());
  EXPECT_EQ(world.ordered_sum(std::span(values).subspan(begin, end - begin)), expected);
  // One rank holds all, the others nothing.
  const bool has_all = world.rank() == world.size() - 1;
  EXPECT_EQ(world.ordered_sum(has_all ? std::span<const double>(values) : std::span<const double>()),
            expected);
}

TEST(Communicator, BroadcastsTextAndNumbersOfAnyLength) {
  const Communicator world = Communicator::world();
  std::string text = world.is_root() ? "2019-03-26" : "something longer than that";
  std::vector<std::int64_t> numbers =
      world.is_root() ? std::vector<std::int64_t>{1, 2, 3} : std::vector<std::int64_t>{};
  world.broadcast(text);
  world.broadcast(numbers);
  EXPECT_EQ(text, "2019-03-26");
  EXPECT_THAT(numbers, ::testing::ElementsAre(1, 2, 3));
}

TEST(Communicator, SplitsIntoTeamsInOrder) {
  const Communicator world = Communicator::world();
  const Communicator team = world.split(world.rank() / 2);
  EXPECT_EQ(team.rank(), world.rank() % 2);
}

TEST(DescribeHang, NamesThoseThatLagBehindAndWhereEachIs) {
  const Whereabouts sums{
      .rank = 0, .has_answered = true, .is_waiting = true, .text = "waiting to sum: step 3"};
  Whereabouts also = sums;
  also.rank = 2;
  const Whereabouts works{.rank = 1, .has_answered = true, .is_waiting = false, .text = "working: step 3"};
  const Whereabouts stopped{.rank = 3, .text = ""};
  EXPECT_EQ(describe_hang(60, {sums, works, also, stopped}),
            "foehn: error: no progress for 60 s (run.timeout): the others wait for rank 3\n"
            "  rank 3: no answer: stopped, or its machine is gone\n"
            "  ranks 0, 2: waiting to sum: step 3\n"
            "  rank 1: working: step 3\n");
  EXPECT_EQ(describe_hang(60, {sums, also}),
            "foehn: error: no progress for 60 s (run.timeout): all ranks wait for one another\n"
            "  ranks 0, 2: waiting to sum: step 3\n");
}

TEST(Communicator, SendsNumbersInOrder) {
  const Communicator world = Communicator::world();
  if (world.size() < 2) GTEST_SKIP() << "skipped: one rank";
  if (world.rank() == 1) {
    world.send(std::vector<float>{1, 2}, 0);
    world.send(std::vector<float>{3}, 0);
  } else if (world.is_root()) {
    std::vector<float> first(2), second(1);
    std::vector<MPI_Request> requests{world.start_receive(first, 1), world.start_receive(second, 1)};
    wait(requests);
    EXPECT_THAT(first, ::testing::ElementsAre(1, 2));
    EXPECT_THAT(second, ::testing::ElementsAre(3));
  }
}

}  // namespace
}  // namespace foehn::comm::communicator_mpi_test
