#pragma once

#include <c10/core/Device.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "foehn/comm/communicator.hpp"

namespace foehn::process {

/// What tells a GPU from all others, its UUID in 32 hexadecimal digits; empty of the CPU.
std::string gpu_of(const c10::Device& device);

/// Where machines say how much energy they take.
struct EnergySources {
  std::filesystem::path powercap = "/sys/class/powercap";  ///< the kernel's, of RAPL
  std::string nvml = "libnvidia-ml.so.1";                  ///< the driver's library, of GPUs
};

/// Energy, in joules.
struct Energy {
  std::optional<double> processors = {};  ///< with their memory, of all machines; absent: not known
  std::optional<double> gpus = {};        ///< of all GPUs that the run uses; absent: not known, or none used
  std::vector<std::string> unknown = {};  ///< why what is not known is not, one text each
};

/// Adds up what the processors of this machine take: RAPL's packages, and their memory where it is counted
/// apart. These are counters of the whole machine, whoever works on it.
///
/// The kernel's counters begin anew at some hundred kilojoules, so that `read` must be called every few
/// minutes.
class ProcessorEnergy {
 public:
  /// @param powercap  the kernel's folder of zones
  explicit ProcessorEnergy(const std::filesystem::path& powercap);

  void read();
  /// Joules from the first to the last reading; nothing where a zone could not be read.
  std::optional<double> joules() const;
  /// Why nothing is known; empty if it is.
  const std::string& complaint() const { return complaint_; }

 private:
  struct Zone {
    std::filesystem::path folder;
    double range = 0;  ///< at which it begins anew, in microjoules
    double last = 0;   ///< microjoules
  };
  std::vector<Zone> zones_;
  double microjoules_ = 0;
  std::string complaint_;
};

/// Adds up what one GPU takes, by NVML, which is loaded when it is first needed.
class GpuEnergy {
 public:
  /// @param nvml  name of the library
  /// @param gpu   its UUID, 32 hexadecimal digits
  GpuEnergy(const std::string& nvml, const std::string& gpu);
  ~GpuEnergy();
  GpuEnergy(const GpuEnergy&) = delete;
  GpuEnergy& operator=(const GpuEnergy&) = delete;

  /// Joules since it was made; nothing where the driver does not say.
  std::optional<double> joules();
  /// Why nothing is known; empty if it is.
  const std::string& complaint() const { return complaint_; }

 private:
  struct Library;
  std::unique_ptr<Library> library_;
  std::optional<double> first_;  ///< joules
  std::string complaint_;
};

/// Adds up what the machines of a run take: each machine's processors once, however many ranks it has, and
/// each GPU once, however many ranks share it.
class EnergyMeter {
 public:
  /// @param gpu  what tells this rank's GPU from others (`gpu_of`); empty: it computes on the CPU
  /// @note Collective over the world.
  EnergyMeter(const comm::Communicator& world, const std::string& gpu, const EnergySources& sources = {});
  ~EnergyMeter();
  EnergyMeter(const EnergyMeter&) = delete;
  EnergyMeter& operator=(const EnergyMeter&) = delete;

  /// Since it was made; the same on every rank but for `unknown`, which the root has.
  /// @note Collective over the world.
  Energy read(const comm::Communicator& world);

 private:
  class Readings;
  std::unique_ptr<Readings> processors_;  ///< of one rank of each machine
  std::unique_ptr<GpuEnergy> gpu_;        ///< of one rank of those that share it
};

}  // namespace foehn::process
