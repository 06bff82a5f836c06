#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace foehn::core {

/// Shows that long work makes progress: to be called after every piece of it that takes far less than the
/// time after which a job counts as hung. Safe from any thread.
void beat();

/// How often this process has shown progress so far; a watchdog looks whether the number grows.
std::int64_t heartbeats();

/// Says what the main thread is doing, while it lives: "member 3", and within it "step 12 of 16". It is what
/// a rank reports when the job hangs.
class Activity {
 public:
  explicit Activity(std::string what);
  ~Activity();
  Activity(const Activity&) = delete;
  Activity& operator=(const Activity&) = delete;

 private:
  std::int64_t number_;
};

/// Whom a thread waits for.
enum class Awaited { ranks, device };

/// Within its scope the main thread waits, which is what a watchdog watches: for other ranks, or for a device
/// that computes or copies.
class Waiting {
 public:
  /// @param what  "to sum", "for messages", "for the GPU"
  explicit Waiting(const char* what, Awaited awaited = Awaited::ranks);
  ~Waiting();
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
};

/// What the main thread waits for; no text: it does not wait. Safe from any thread.
struct Wait {
  const char* what = nullptr;
  Awaited awaited = Awaited::ranks;
};
Wait current_wait();

/// Waits for a device until `is_done`, looking again and again, so that a watchdog can end the job.
/// @param what  "for the GPU"
void wait_until(const std::function<bool()>& is_done, const char* what);

/// What the main thread is doing, the outermost first: "member 3, step 12 of 16, halo"; empty if unknown.
/// Safe from any thread.
std::string current_activity();

}  // namespace foehn::core
