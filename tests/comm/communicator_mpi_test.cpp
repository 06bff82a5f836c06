#include <gmock/gmock.h>

#include <chrono>
#include <cmath>
#include <numeric>
#include <thread>

#include "foehn/comm/communicator.hpp"
#include "foehn/comm/watchdog.hpp"

namespace foehn::comm {
namespace {

TEST(Communicator, MakesTheFailureOfOneRankTheFailureOfAll) {
  const Communicator world = Communicator::world();
  const int failing = world.size() - 1;
  try {
    world.agree([&] {
      if (world.rank() == failing) throw core::Error("tas.nc: step 7 is missing");
    });
    FAIL() << "no error";
  } catch (const AgreedError& error) {
    EXPECT_STREQ(error.what(), "tas.nc: step 7 is missing");
    EXPECT_EQ(error.exit_code(), 1);
  }
}

TEST(Communicator, KeepsTheExitCodeOfAUsageErrorAndTheLowestRanksMessage) {
  const Communicator world = Communicator::world();
  try {
    world.agree([&] { throw core::UsageError("rank " + std::to_string(world.rank())); });
    FAIL() << "no error";
  } catch (const AgreedError& error) {
    EXPECT_STREQ(error.what(), "rank 0");
    EXPECT_EQ(error.exit_code(), 2);
  }
}

TEST(Communicator, WaitsForARootThatSaysThatItGoesOn) {
  const Communicator world = Communicator::world();
  // Without a sign, the watchdogs of the others would end the program after 4 s and more.
  const Watchdog watchdog(world, 1);
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(5000);
  bool has_worked = false;
  world.agree_on_root([&](const std::function<void()>& going_on) {
    for (; std::chrono::steady_clock::now() < end; going_on())
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    has_worked = true;
  });
  EXPECT_EQ(has_worked, world.is_root());
}

TEST(Communicator, MakesAFailureOfTheRootsWorkTheFailureOfAll) {
  EXPECT_THAT(
      [] {
        Communicator::world().agree_on_root(
            [](const std::function<void()>&) { throw core::UsageError("no such file"); });
      },
      ::testing::Throws<AgreedError>(::testing::Property(&AgreedError::exit_code, 2)));
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
  EXPECT_THAT(numbers, testing::ElementsAre(1, 2, 3));
}

TEST(Communicator, SplitsIntoTeamsInOrder) {
  const Communicator world = Communicator::world();
  const Communicator team = world.split(world.rank() / 2);
  EXPECT_EQ(team.rank(), world.rank() % 2);
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
    EXPECT_THAT(first, testing::ElementsAre(1, 2));
    EXPECT_THAT(second, testing::ElementsAre(3));
  }
}

}  // namespace
}  // namespace foehn::comm
