#include "foehn/process/energy.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <mutex>
#include <numeric>
#include <thread>
#include <utility>

#include "foehn/core/error.hpp"

namespace foehn::process {

namespace {

namespace fs = std::filesystem;

constexpr double kMicro = 1e-6, kMilli = 1e-3;

/// Far shorter than the few minutes in which a counter of a busy machine begins anew.
constexpr std::chrono::seconds kReadingInterval{20};

/// The first word of one of the kernel's small files.
/// @throws core::Error naming the file
template <typename Value>
Value value_in(const fs::path& file) {
  errno = 0;
  std::ifstream stream(file);
  Value value{};
  if (stream >> value) return value;
  throw core::Error(fmt::format("{}: {}", file.string(), errno == 0 ? "no number" : std::strerror(errno)));
}

/// Zones that do not count what another counts: packages ("package-0"), whose parts they hold, and memory
/// ("dram"), which they do not hold. A whole machine's zone ("psys") would count both again.
bool is_counted(const std::string& name) {
  return name.starts_with("package") || name == "dram";
}

std::vector<fs::path> counted_zones(const fs::path& powercap) {
  std::vector<fs::path> zones;
  std::error_code error;
  fs::directory_iterator entry(powercap, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error))
    // "intel-rapl:0", and its part "intel-rapl:0:1"; AMD's processors have the same names.
    if (entry->path().filename().string().starts_with("intel-rapl:") &&
        is_counted(value_in<std::string>(entry->path() / "name")))
      zones.push_back(entry->path());
  if (error) throw core::Error(fmt::format("{}: {}", powercap.string(), error.message()));
  if (zones.empty()) throw core::Error(fmt::format("{}: no zone intel-rapl:*", powercap.string()));
  std::ranges::sort(zones);
  return zones;
}

/// "GPU-5f0e...", as NVML spells it, of 32 digits.
std::string uuid_of(const std::string& gpu) {
  if (gpu.size() != 32) return gpu;
  return fmt::format("GPU-{}-{}-{}-{}-{}", gpu.substr(0, 8), gpu.substr(8, 4), gpu.substr(12, 4),
                     gpu.substr(16, 4), gpu.substr(20));
}

}  // namespace

ProcessorEnergy::ProcessorEnergy(const fs::path& powercap) {
  try {
    for (const fs::path& zone : counted_zones(powercap))
      zones_.push_back(
          {zone, value_in<double>(zone / "max_energy_range_uj"), value_in<double>(zone / "energy_uj")});
  } catch (const core::Error& error) {
    complaint_ = error.what();
  }
}

void ProcessorEnergy::read() {
  if (!complaint_.empty()) return;
  try {
    for (Zone& zone : zones_) {
      const double now = value_in<double>(zone.folder / "energy_uj");
      microjoules_ += now - zone.last + (now < zone.last ? zone.range : 0);
      zone.last = now;
    }
  } catch (const core::Error& error) {
    complaint_ = error.what();
  }
}

std::optional<double> ProcessorEnergy::joules() const {
  return complaint_.empty() ? std::optional(microjoules_ * kMicro) : std::nullopt;
}

/// NVML's functions that are needed; its types are those of its documentation.
struct GpuEnergy::Library {
  using Device = void*;
  ~Library() {
    if (is_started) shutdown();
    if (handle != nullptr) ::dlclose(handle);
  }
  template <typename Function>
  void find(Function& function, const char* name) const {
    function = reinterpret_cast<Function>(::dlsym(handle, name));
    if (function == nullptr) throw core::Error(fmt::format("NVML has no function {}", name));
  }
  void load(const std::string& name) {
    handle = ::dlopen(name.c_str(), RTLD_LAZY | RTLD_LOCAL);
    if (handle == nullptr) throw core::Error(::dlerror());
    find(start, "nvmlInit_v2");
    find(shutdown, "nvmlShutdown");
    find(describe, "nvmlErrorString");
    find(by_uuid, "nvmlDeviceGetHandleByUUID");
    find(energy, "nvmlDeviceGetTotalEnergyConsumption");
    check(start(), "NVML does not start");
    is_started = true;
  }
  void check(int result, const std::string& what) const {
    if (result != 0) throw core::Error(fmt::format("{}: {}", what, describe(result)));
  }
  double joules() const {
    unsigned long long millijoules = 0;
    check(energy(device, &millijoules), "energy of the GPU");
    return static_cast<double>(millijoules) * kMilli;
  }

  void* handle = nullptr;
  bool is_started = false;
  Device device = nullptr;
  int (*start)() = nullptr;
  int (*shutdown)() = nullptr;
  const char* (*describe)(int) = nullptr;
  int (*by_uuid)(const char*, Device*) = nullptr;
  int (*energy)(Device, unsigned long long*) = nullptr;
};

GpuEnergy::GpuEnergy(const std::string& nvml, const std::string& gpu)
    : library_(std::make_unique<Library>()) {
  try {
    library_->load(nvml);
    const std::string uuid = uuid_of(gpu);
    library_->check(library_->by_uuid(uuid.c_str(), &library_->device), uuid);
    first_ = library_->joules();
  } catch (const core::Error& error) {
    complaint_ = error.what();
  }
}

GpuEnergy::~GpuEnergy() = default;

std::optional<double> GpuEnergy::joules() {
  if (!complaint_.empty()) return std::nullopt;
  try {
    return library_->joules() - *first_;
  } catch (const core::Error& error) {
    complaint_ = error.what();
    return std::nullopt;
  }
}

/// Reads the processors' counters from time to time, in a thread of its own.
class EnergyMeter::Readings {
 public:
  explicit Readings(const fs::path& powercap) : energy_(powercap) {
    if (energy_.joules()) thread_ = std::thread([this] { keep_reading(); });
  }
  ~Readings() {
    {
      const std::lock_guard lock(mutex_);
      is_ending_ = true;
    }
    ending_.notify_all();
    if (thread_.joinable()) thread_.join();
  }
  Readings(const Readings&) = delete;
  Readings& operator=(const Readings&) = delete;

  /// @param complaint  why nothing is known
  std::optional<double> joules(std::string& complaint) {
    const std::lock_guard lock(mutex_);
    energy_.read();
    complaint = energy_.complaint();
    return energy_.joules();
  }

 private:
  void keep_reading() {
    std::unique_lock lock(mutex_);
    while (!ending_.wait_for(lock, kReadingInterval, [this] { return is_ending_; })) energy_.read();
  }

  std::mutex mutex_;
  std::condition_variable ending_;
  bool is_ending_ = false;
  ProcessorEnergy energy_;
  std::thread thread_;
};

namespace {

/// What the ranks that have a meter know together; nothing where one of them does not know.
/// @param has_meter  this rank
/// @param unknown    takes the complaints, on the root
/// @note Collective over the world.
std::optional<double> sum_known(const comm::Communicator& world, bool has_meter,
                                const std::optional<double>& mine, const std::string& complaint,
                                const std::string& of_what, std::vector<std::string>& unknown) {
  const bool is_unknown = has_meter && !mine;
  for (const std::string& text : world.gather(is_unknown ? complaint : ""))
    if (!text.empty()) {
      std::string line = fmt::format("{}: {}", of_what, text);
      if (std::ranges::find(unknown, line) == unknown.end()) unknown.push_back(std::move(line));
    }
  const std::vector<double> all = world.gather_all(mine.value_or(0));
  if (world.any(is_unknown) || !world.any(has_meter)) return std::nullopt;
  return std::accumulate(all.begin(), all.end(), 0.0);
}

/// Is this rank the first of those that use its GPU?
/// @note Collective over the ranks of one machine.
bool is_first_of_its_gpu(const comm::Communicator& machine, const std::string& gpu) {
  const std::vector<std::string> gpus = machine.gather(gpu);
  std::vector<std::int64_t> firsts;
  for (const std::string& one : gpus) firsts.push_back(std::ranges::find(gpus, one) - gpus.begin());
  machine.broadcast(firsts);
  return !gpu.empty() && firsts[static_cast<std::size_t>(machine.rank())] == machine.rank();
}

}  // namespace

EnergyMeter::EnergyMeter(const comm::Communicator& world, const std::string& gpu,
                         const EnergySources& sources) {
  const comm::Communicator machine = world.split_by_machine();
  const bool has_gpu = is_first_of_its_gpu(machine, gpu);
  world.agree([&] {
    if (machine.is_root()) processors_ = std::make_unique<Readings>(sources.powercap);
    if (has_gpu) gpu_ = std::make_unique<GpuEnergy>(sources.nvml, gpu);
  });
}

EnergyMeter::~EnergyMeter() = default;

Energy EnergyMeter::read(const comm::Communicator& world) {
  Energy energy;
  std::string complaint;
  std::optional<double> mine;
  if (processors_) mine = processors_->joules(complaint);
  energy.processors = sum_known(world, processors_ != nullptr, mine, complaint, "processors", energy.unknown);
  mine.reset();
  complaint.clear();
  if (gpu_) {
    mine = gpu_->joules();
    complaint = gpu_->complaint();
  }
  energy.gpus = sum_known(world, gpu_ != nullptr, mine, complaint, "GPUs", energy.unknown);
  return energy;
}

}  // namespace foehn::process
