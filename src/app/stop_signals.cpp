#include "stop_signals.hpp"

#include <atomic>
#include <csignal>

namespace foehn::app {

namespace {

constexpr int kSignals[] = {SIGTERM, SIGINT, SIGUSR1};
std::atomic<int> asked_by = 0;  // a signal; 0: none
static_assert(std::atomic<int>::is_always_lock_free, "what a signal's handler touches");

}  // namespace

void listen_for_stop_signals() {
  for (const int signal : kSignals) std::signal(signal, [](int number) { asked_by = number; });
}

void stop_listening() {
  for (const int signal : kSignals) std::signal(signal, SIG_DFL);
  if (asked_by != 0) std::raise(asked_by);
}

void ask_to_stop() {
  asked_by = SIGUSR1;
}

bool must_stop() {
  return asked_by != 0;
}

}  // namespace foehn::app
