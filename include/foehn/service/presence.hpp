#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "foehn/process/stop.hpp"
#include "foehn/service/spool.hpp"

namespace foehn::service {

/// Seconds of a clock that only rises, its zero anywhere.
using Clock = std::function<double()>;

Clock steady_clock();

/// By the clock of this machine: for people, nothing is decided by it.
double seconds_since_1970();

/// What names this machine until it starts anew, whatever its host name is.
std::string machine_identity();

/// Shows the others of a spool that a service lives: its folder services/NAME, with a lock and a file with a
/// counter that rises, its beat, and how far its job has come. Its thread also tells the job that is run to
/// stop when the claim on it is gone (it was cancelled, held or taken over), or when the service itself is to
/// stop.
class Presence {
 public:
  /// @param spool         outlives it
  /// @param beat_seconds  between two beats
  /// @param must_stop     is the service itself to stop? Safe from any thread
  Presence(const Spool& spool, double beat_seconds, std::function<bool()> must_stop);
  /// Leaves nothing behind.
  ~Presence();
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;

  /// Of this service, unlike any other of the spool: "HOST-PROCESS".
  const std::string& name() const { return name_; }
  /// From now on a job is run.
  /// @param stop  is asked for where it is to end early
  void begin(const Claim& claim, const process::StopSource& stop);
  /// It has ended.
  void end();

 private:
  struct Work {
    Claim claim;
    process::StopSource stop;
  };
  void keep();
  void beat(const std::optional<Work>& work);

  const Spool& spool_;
  double beat_seconds_;
  std::function<bool()> must_stop_;
  std::string name_;
  std::filesystem::path folder_;
  std::unique_ptr<Lock> lock_;
  std::int64_t beats_ = 0;
  std::mutex mutex_;
  std::condition_variable ending_;
  bool is_ending_ = false;
  std::optional<Work> work_;
  std::thread thread_;
};

/// What a service's beat says.
struct Beat {
  std::string machine;
  std::string job;   ///< empty: none is run
  std::string unit;  ///< "steps"
  std::int64_t done = 0, total = 0;
  std::optional<double> seconds_left;
  double time = 0;     ///< when it was written, in seconds since 1970 by the clock of its machine: for people
  double seconds = 0;  ///< from one beat to the next
};

/// The beat of a service in text form; nothing if there is none.
std::optional<std::string> read_beat(const Spool& spool, const std::string& service);
/// Nothing if it is half-written.
std::optional<Beat> parse_beat(const std::string& text);

}  // namespace foehn::service
