#pragma once

namespace foehn::app {

/// From now on SIGTERM, SIGINT and SIGUSR1 ask long work to save itself and stop, and do nothing else, until
/// the process has ended: first thing in main, since before it a signal ends the process.
void listen_for_stop_signals();

/// Lets the signals end the process again, at once if one has come: for work that cannot be stopped and
/// saved.
void stop_listening();

/// As if a signal had come.
void ask_to_stop();

/// Has this rank been asked? Within a second or so after one rank has, all have (see comm::Watchdog).
bool must_stop();

/// What the program returns when it has stopped so.
inline constexpr int kStoppedWithCheckpoint = 75;

}  // namespace foehn::app
