#pragma once

#include <cstdint>
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

/// What the main thread is doing, the outermost first: "member 3, step 12 of 16, halo"; empty if unknown.
/// Safe from any thread.
std::string current_activity();

}  // namespace foehn::core
