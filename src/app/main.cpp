#include "app/run.hpp"
#include "app/stop_signals.hpp"
#include "foehn/comm/communicator.hpp"

int main(int argc, char** argv) {
  foehn::app::listen_for_stop_signals();
  const foehn::comm::Environment environment(&argc, &argv);
  return foehn::app::run(foehn::comm::Communicator::world(), {argv + 1, argv + argc});
}
