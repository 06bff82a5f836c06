#pragma once

namespace foehn::app {

/// While it lives, SIGTERM, SIGINT and SIGUSR1 ask long work to save itself and stop; before and after, they
/// end the process. One at a time.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// Has this rank been asked?
  bool must_stop() const;
};

/// What the program returns when it has stopped so.
inline constexpr int kStoppedWithCheckpoint = 75;

}  // namespace foehn::app
