#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <string>

#include "foehn/comm/communicator.hpp"

namespace foehn::app {

/// Fixes the number of threads of LibTorch and of its BLAS for the life of the process.
void set_threads(std::int64_t threads);

/// The device that this rank computes on: of several GPUs, the one of its number on the machine.
/// @param name  auto (a GPU where this build and machine have one), cpu or cuda
/// @throws comm::AgreedError if cuda is asked for and there is none
/// @note Collective over the world.
c10::Device choose_device(const comm::Communicator& world, const std::string& name);

}  // namespace foehn::app
