#pragma once

#include <cstdint>
#include <string>

namespace foehn::core {

/// Long work shows that it makes progress: after every piece of it that takes far less than the time after
/// which a job counts as hung. From any thread.
void beat();

/// How often this process has shown progress so far; a watchdog looks whether the number grows.
std::int64_t heartbeats();

/// Says what the main thread is at, while it lives: "member 3", and within it "step 12 of 16". It is what a
/// rank reports when the job hangs.
class Activity {
 public:
  explicit Activity(std::string what);
  ~Activity();
  Activity(const Activity&) = delete;
  Activity& operator=(const Activity&) = delete;

 private:
  std::int64_t number_;
};

/// What the main thread is at, the outermost first: "member 3, step 12 of 16, halo"; empty where nothing is
/// known. From any thread.
std::string current_activity();

}  // namespace foehn::core
