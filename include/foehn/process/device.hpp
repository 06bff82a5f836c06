#pragma once

#include <c10/core/Device.h>

#include <cstdint>

#include "foehn/comm/communicator.hpp"

namespace foehn::process {

/// Fixes the number of threads of LibTorch and of its BLAS for the life of the process.
void set_threads(std::int64_t threads);

/// What may be asked for; automatic: a GPU where this build and machine have one.
enum class DeviceChoice { automatic, cpu, cuda };

/// The device that a process computes on.
/// @param number  of several GPUs the one of this number, counted round
/// @throws core::Error if cuda is asked for and no GPU is found
c10::Device choose_device(DeviceChoice choice, int number = 0);

/// The device that this rank computes on: of several GPUs, the one of its number on the machine.
/// @throws core::CollectiveError if cuda is asked for and some rank's machine has no GPU
/// @note Collective over the world.
c10::Device choose_device(const comm::Communicator& world, DeviceChoice choice);

}  // namespace foehn::process
