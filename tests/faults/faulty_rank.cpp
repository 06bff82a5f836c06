// Steps of collective work in which one rank fails: usage: faulty_rank
// throw|hang|device|stop|exit|kill|root|stop-root|work device: its device never ends what it was told. root:
// it is the root that hangs, in long work of its own, while others wait for it; stop-root: that is stopped
// there. work: no fault.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "app/run.hpp"
#include "foehn/comm/watchdog.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/heartbeat.hpp"

namespace {

constexpr int kFaultyRank = 1, kFaultyStep = 3, kSteps = 6;
constexpr double kTimeoutSeconds = 2;

/// Longer than the timeout; no fault.
void work() {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(2.5 * kTimeoutSeconds);
  while (std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    foehn::core::beat();
  }
}

void fail(const std::string& how) {
  if (how == "throw") throw foehn::core::Error("the disk is on fire");
  if (how == "kill") kill(getpid(), SIGKILL);
  if (how == "exit") std::_Exit(3);
  if (how == "stop") kill(getpid(), SIGSTOP);
  if (how == "work") return work();
  if (how == "device") foehn::core::wait_until([] { return false; }, "for the GPU");
  for (;;) pause();  // hang
}

void work_on_root(const foehn::comm::Communicator& world, const std::string& how) {
  world.agree_on_root([&] { fail(how); });
}

}  // namespace

int main(int argc, char** argv) {
  const foehn::comm::Environment environment(&argc, &argv);
  const foehn::comm::Communicator world = foehn::comm::Communicator::world();
  const foehn::comm::Watchdog watchdog(world, kTimeoutSeconds);
  return foehn::app::run_guarded(world, [&] {
    const std::string fault = argv[1];
    if (fault == "root") work_on_root(world, "hang");
    if (fault == "stop-root") work_on_root(world, "stop");
    for (int step = 0; step < kSteps; ++step) {
      const foehn::core::Activity activity("step " + std::to_string(step));
      if (world.rank() == std::min(kFaultyRank, world.size() - 1) && step == kFaultyStep) fail(fault);
      world.ordered_sum(std::vector<double>{1.0});
    }
    return 0;
  });
}
