#include "foehn/core/background_tasks.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <vector>

namespace foehn::core::background_tasks_test {
namespace {

TEST(BackgroundTasks, RunInOrder) {
  std::vector<int> order;
  BackgroundTasks tasks(2);
  for (int i = 0; i < 50; ++i) tasks.submit([&order, i] { order.push_back(i); });
  tasks.wait();
  for (int i = 0; i < 50; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(BackgroundTasks, TellOfAFailureAndRunNothingAfterIt) {
  BackgroundTasks tasks(4);
  std::promise<void> go;
  std::atomic<bool> ran = false;
  tasks.submit([&] {
    go.get_future().wait();
    throw std::runtime_error("disk full");
  });
  tasks.submit([&] { ran = true; });
  go.set_value();
  EXPECT_THROW(tasks.wait(), std::runtime_error);
  EXPECT_THROW(tasks.submit([&] { ran = true; }), std::runtime_error);
  EXPECT_FALSE(ran);
}

TEST(BackgroundTasks, HoldNoMoreThanTheyMay) {
  // Each task counts itself from submission to the end: one runs, two wait, and one is being submitted.
  std::atomic<int> alive = 0, most = 0;
  BackgroundTasks tasks(2);
  for (int i = 0; i < 200; ++i) {
    const int now = ++alive;
    most = std::max<int>(most, now);
    tasks.submit([&] { --alive; });
  }
  tasks.wait();
  EXPECT_LE(most, 4);
}

}  // namespace
}  // namespace foehn::core::background_tasks_test
