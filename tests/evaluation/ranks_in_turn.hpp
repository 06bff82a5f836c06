#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "foehn/evaluation/ranks.hpp"

namespace foehn::testing {

/// Ranks that are threads, of which one runs at a time, from one collective to the next and the root last:
/// NetCDF-C knows one thread only.
class RanksInTurn {
 public:
  explicit RanksInTurn(int size) : sent_(static_cast<std::size_t>(size)), turn_(size > 1 ? 1 : 0) {}

  evaluation::Ranks ranks(int rank) {
    evaluation::Ranks ranks{.rank = rank, .size = size()};
    ranks.gather = [this, rank](std::span<const double> mine, const auto& use) {
      sent_[static_cast<std::size_t>(rank)].assign(mine.begin(), mine.end());
      if (rank == 0)
        for (const std::vector<double>& each : sent_) use(each);
      pass_turn(rank);
    };
    ranks.broadcast = [this, rank](std::vector<double>& numbers) {
      if (rank == 0) sent_.front() = numbers;
      pass_turn(rank);
      if (rank != 0) numbers = sent_.front();
    };
    return ranks;
  }
  void start(int rank) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return turn_ == rank; });
  }
  void hand_on(int rank) {
    const std::lock_guard lock(mutex_);
    turn_ = (rank + 1) % size();
    changed_.notify_all();
  }

 private:
  int size() const { return static_cast<int>(sent_.size()); }
  void pass_turn(int rank) {
    hand_on(rank);
    start(rank);
  }

  std::vector<std::vector<double>> sent_;
  int turn_;
  std::mutex mutex_;
  std::condition_variable changed_;
};

/// Runs collective work on so many ranks. @return  what the root's work returns
template <class Work>
auto on_ranks_in_turn(int size, Work&& work) {
  RanksInTurn turns(size);
  std::vector<std::jthread> others;
  for (int rank = 1; rank < size; ++rank)
    others.emplace_back([&, rank] {
      turns.start(rank);
      work(turns.ranks(rank));
      turns.hand_on(rank);
    });
  turns.start(0);
  return work(turns.ranks(0));
}

}  // namespace foehn::testing
