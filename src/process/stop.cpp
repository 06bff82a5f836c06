#include "foehn/process/stop.hpp"

#include <csignal>
#include <deque>

namespace foehn::process {

namespace {

constexpr int kSignals[] = {SIGTERM, SIGINT, SIGUSR1};
std::atomic<int> received = 0;  // the last signal; 0: none
std::atomic<const StopSource*> listening = nullptr;
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<const StopSource*>::is_always_lock_free,
              "what a signal's handler touches");

void handle(int signal) {
  received = signal;
  if (const StopSource* source = listening) source->request();
}

}  // namespace

void listen_for_stop_signals(const StopSource& source) {
  // Never freed: a signal may come when main has returned, or find the source before this one.
  static auto* const kept = new std::deque<StopSource>;
  listening = &kept->emplace_back(source);
  for (const int signal : kSignals) std::signal(signal, handle);
}

void stop_listening() {
  for (const int signal : kSignals) std::signal(signal, SIG_DFL);
  const StopSource* source = listening;
  // The request may have come from another rank, without a signal of this one's own.
  if (source != nullptr && source->token().is_requested())
    std::raise(received != 0 ? received.load() : SIGUSR1);
}

}  // namespace foehn::process
