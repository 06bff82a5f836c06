// Steps of collective work in which one rank fails: usage: faulty_rank throw|hang|exit|kill|root
// root: it is the root that hangs, in long work of its own, while others wait for it.
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "app/run.hpp"
#include "foehn/comm/watchdog.hpp"
#include "foehn/core/error.hpp"

namespace {

constexpr int kFaultyRank = 1, kFaultyStep = 3, kSteps = 6;
constexpr double kTimeoutSeconds = 2;

void fail(const std::string& how) {
  if (how == "throw") throw foehn::core::Error("the disk is on fire");
  if (how == "kill") kill(getpid(), SIGKILL);
  if (how == "exit") std::_Exit(3);
  for (;;) pause();  // hang
}

void work_on_root(const foehn::comm::Communicator& world) {
  world.agree_on_root([](const std::function<void()>&) { fail("hang"); });
}

}  // namespace

int main(int argc, char** argv) {
  const foehn::comm::Environment environment(&argc, &argv);
  const foehn::comm::Communicator world = foehn::comm::Communicator::world();
  const foehn::comm::Watchdog watchdog(kTimeoutSeconds, world.rank());
  return foehn::app::run_guarded(world, [&] {
    if (std::string(argv[1]) == "root") work_on_root(world);
    for (int step = 0; step < kSteps; ++step) {
      if (world.rank() == kFaultyRank && step == kFaultyStep) fail(argv[1]);
      world.ordered_sum(std::vector<double>{1.0});
    }
    return 0;
  });
}
