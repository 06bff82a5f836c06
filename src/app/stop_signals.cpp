#include "stop_signals.hpp"

#include <csignal>

namespace foehn::app {

namespace {

constexpr int kSignals[] = {SIGTERM, SIGINT, SIGUSR1};
volatile std::sig_atomic_t was_asked = 0;

}  // namespace

StopSignals::StopSignals() {
  was_asked = 0;
  for (const int signal : kSignals) std::signal(signal, [](int) { was_asked = 1; });
}

StopSignals::~StopSignals() {
  for (const int signal : kSignals) std::signal(signal, SIG_DFL);
}

bool StopSignals::must_stop() const {
  return was_asked != 0;
}

}  // namespace foehn::app
