#include "foehn/core/background_tasks.hpp"

#include <utility>

namespace foehn::core {

BackgroundTasks::BackgroundTasks(std::size_t most_waiting)
    : most_waiting_(most_waiting), thread_([this] { run(); }) {}

BackgroundTasks::~BackgroundTasks() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
    tasks_.clear();
  }
  changed_.notify_all();
  thread_.join();
}

void BackgroundTasks::rethrow() {
  if (failure_) std::rethrow_exception(failure_);
}

void BackgroundTasks::submit(std::function<void()> task) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return failure_ || tasks_.size() < most_waiting_; });
  rethrow();
  tasks_.push_back(std::move(task));
  changed_.notify_all();
}

void BackgroundTasks::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return failure_ || (tasks_.empty() && !is_busy_); });
  rethrow();
}

bool BackgroundTasks::is_idle() {
  const std::lock_guard lock(mutex_);
  rethrow();
  return tasks_.empty() && !is_busy_;
}

void BackgroundTasks::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return is_ending_ || !tasks_.empty(); });
    if (is_ending_) return;
    std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    is_busy_ = true;
    lock.unlock();
    std::exception_ptr failure;
    try {
      task();
    } catch (...) {
      failure = std::current_exception();
    }
    task = nullptr;  // frees what it holds before anyone is told that it is done
    lock.lock();
    is_busy_ = false;
    if (failure) {
      failure_ = failure;
      tasks_.clear();
    }
    changed_.notify_all();
    if (failure) return;
  }
}

}  // namespace foehn::core
