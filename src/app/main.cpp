#include "app/run.hpp"
#include "foehn/comm/communicator.hpp"
#include "foehn/process/stop.hpp"

int main(int argc, char** argv) {
  const foehn::process::StopSource stop;
  foehn::process::listen_for_stop_signals(stop);
  const foehn::comm::Environment environment(&argc, &argv);
  return foehn::app::run(foehn::comm::Communicator::world(), stop, {argv + 1, argv + argc});
}
