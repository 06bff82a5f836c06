#include "app/run.hpp"
#include "foehn/comm/communicator.hpp"

int main(int argc, char** argv) {
  const foehn::comm::Environment environment(&argc, &argv);
  return foehn::app::run(foehn::comm::Communicator::world(), {argv + 1, argv + argc});
}
