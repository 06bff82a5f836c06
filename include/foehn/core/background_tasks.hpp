#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

namespace foehn::core {

/// One thread that runs tasks in order, while the caller continues: the root writes a chunk to disk while the
/// next ones are on their way. No task speaks MPI.
class BackgroundTasks {
 public:
  /// @param most_waiting  tasks that may wait before submit blocks: what bounds the memory
  explicit BackgroundTasks(std::size_t most_waiting);
  /// Drops tasks that have not begun and waits for the one that has.
  ~BackgroundTasks();
  BackgroundTasks(const BackgroundTasks&) = delete;
  BackgroundTasks& operator=(const BackgroundTasks&) = delete;

  /// @throws whatever an earlier task threw; later tasks were not run
  void submit(std::function<void()> task);
  /// Waits until all tasks are done. @throws as submit
  void wait();
  /// Whether all tasks are done. @throws as submit
  bool is_idle();

 private:
  void run();
  void rethrow();  // with the lock held

  std::size_t most_waiting_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  bool is_busy_ = false;
  bool is_ending_ = false;
  std::exception_ptr failure_;
  std::thread thread_;
};

}  // namespace foehn::core
