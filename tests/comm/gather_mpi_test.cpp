#include <gtest/gtest.h>

#include <vector>

#include "foehn/comm/gather.hpp"

namespace foehn::comm::gather_mpi_test {
namespace {

/// As many numbers as the rank, or many, each the rank.
std::vector<double> numbers_of(int rank, std::size_t more) {
  return std::vector<double>(static_cast<std::size_t>(rank) + more, rank);
}

TEST(GatherInTurn, HandsTheRootTheNumbersOfOneRankAfterTheOther) {
  const Communicator world = Communicator::world();
  for (const std::size_t more : {std::size_t{0}, (std::size_t{2} << 20) + 3}) {  // the latter in two pieces
    int ranks = 0;
    gather_in_turn(world, numbers_of(world.rank(), more), [&](std::span<const double> numbers) {
      const std::vector<double> found(numbers.begin(), numbers.end());
      EXPECT_TRUE(found == numbers_of(ranks, more)) << "rank " << ranks;
      ++ranks;
    });
    EXPECT_EQ(ranks, world.is_root() ? world.size() : 0);
  }
}

}  // namespace
}  // namespace foehn::comm::gather_mpi_test
