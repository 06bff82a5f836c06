#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <string>

#include "foehn/comm/communicator.hpp"
#include "foehn/comm/transport.hpp"

namespace foehn::process {

/// Fixes the number of threads of LibTorch and of its BLAS for the life of the process.
void set_threads(std::int64_t threads);

/// What may be asked for; automatic: a GPU where this build and machine have one.
enum class DeviceChoice { automatic, cpu, cuda };

/// The device that a process computes on. From here on, LibTorch takes algorithms whose bits are the same
/// from run to run, and adds in float32.
/// @param number  of several GPUs the one of this number, counted round
/// @throws core::Error if cuda is asked for and no GPU is found
c10::Device choose_device(DeviceChoice choice, int number = 0);

/// The device that this rank computes on: of several GPUs, the one of its number on the machine.
/// @param may_share  whether ranks may share a GPU
/// @throws core::CollectiveError if cuda is asked for and some rank's machine has no GPU, or as
///         agree_on_devices
/// @note Collective over the world.
c10::Device choose_device(const comm::Communicator& world, DeviceChoice choice, bool may_share = false);

/// What a run may be told of what it runs on.
struct HardwareChoice {
  DeviceChoice device = DeviceChoice::automatic;
  bool share_gpus = false;  ///< may ranks share a GPU?
  comm::TransportChoice transport = comm::TransportChoice::automatic;
};

/// What a rank computes on, and what carries tensors between ranks.
struct Hardware {
  c10::Device device = c10::kCPU;
  comm::TransportKind transport = comm::TransportKind::mpi;
};

/// @throws core::CollectiveError as choose_device and comm::choose_transport
/// @note Collective over the world.
Hardware choose_hardware(const comm::Communicator& world, const HardwareChoice& choice);

/// Logs, on the root and where there are several ranks, what carries tensors between them.
void log_transport(const comm::Communicator& world, const Hardware& hardware);

/// A device as a run's identity names it: "cpu", or a GPU's model and the versions of its libraries. Devices
/// of one name give the same bits.
std::string name_of(const c10::Device& device);

/// What one rank computes on.
struct RankDevice {
  std::string name;  ///< as name_of
  std::string gpu;   ///< what tells this GPU from others; empty: the CPU
};

/// @param mine       of this rank
/// @param may_share  whether ranks may share a GPU
/// @throws core::CollectiveError unless the devices of all ranks have the same name and, if they may not
/// share
///         them, each rank of a machine has a GPU of its own
/// @note Collective over the world.
void agree_on_devices(const comm::Communicator& world, const RankDevice& mine, bool may_share);

/// Bytes of memory that this rank may use for fields: what is free of its GPU, or all that the machine has,
/// in equal shares for the ranks on it.
/// @note Collective over the world.
double available_memory(const comm::Communicator& world, const c10::Device& device);

}  // namespace foehn::process
