#include "foehn/process/device.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <vector>

#ifdef FOEHN_CUDA
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#endif

#include "foehn/core/error.hpp"
#include "foehn/process/energy.hpp"

namespace foehn::process {

namespace {

/// Lets LibTorch take algorithms whose bits are the same from run to run, and compute in float32 throughout.
void fix_arithmetic() {
  // cuBLAS reads it when it starts: with other workspaces it takes other algorithms, not all of them the same
  // from run to run.
  setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 1);
  at::Context& context = at::globalContext();
  context.setDeterministicCuDNN(true);
  context.setBenchmarkCuDNN(false);
  // TF32 keeps 10 bits of a product's factors; fp32 means fp32.
  context.setAllowTF32CuDNN(false);
  context.setAllowTF32CuBLAS(false);
  context.setAllowFP16ReductionCuBLAS(false);
#ifdef FOEHN_CUDA  // LibTorch 2
  context.setAllowBF16ReductionCuBLAS(false);
#endif
}

/// @param names  of every rank's device
void check_same(const std::vector<std::string>& names) {
  for (std::size_t rank = 1; rank < names.size(); ++rank)
    if (names[rank] != names.front())
      throw core::Error(fmt::format(
          "run.device: all ranks must compute on the same kind of device, or results would depend "
          "on the ranks: found {} on rank 0 and {} on rank {}",
          names.front(), names[rank], rank));
}

/// @param gpus  of each rank of one machine
void check_not_shared(const std::vector<std::string>& gpus) {
  const std::set<std::string> different(gpus.begin(), gpus.end());
  if (different.contains("") || different.size() == gpus.size()) return;
  throw core::Error(fmt::format(
      "run.device: {} ranks on one machine share {} GPU{}; expected a GPU for each rank: start as "
      "many ranks as there are GPUs, or set run.share_gpus true",
      gpus.size(), different.size(), different.size() == 1 ? "" : "s"));
}

}  // namespace

void set_threads(std::int64_t threads) {
  at::set_num_threads(static_cast<int>(threads));
  // OpenBLAS built for pthreads keeps its own count, which LibTorch does not set.
  using SetThreads = void (*)(int);
  if (auto* set = reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads")))
    set(static_cast<int>(threads));
}

c10::Device choose_device(DeviceChoice choice, int number) {
  fix_arithmetic();
  if (choice == DeviceChoice::cpu) return c10::kCPU;
  const bool has_gpu = at::globalContext().hasCUDA();
  if (choice == DeviceChoice::cuda && !has_gpu)
    throw core::Error("run.device: cuda: LibTorch finds no GPU on this machine");
  if (!has_gpu) return c10::kCPU;
  return {c10::kCUDA, static_cast<c10::DeviceIndex>(number % at::getNumGPUs())};
}

c10::Device choose_device(const comm::Communicator& world, DeviceChoice choice, bool may_share) {
  const int on_machine = world.rank_on_machine();
  c10::Device device = c10::kCPU;
  RankDevice mine;
  world.agree([&] {
    device = choose_device(choice, on_machine);
    mine = {name_of(device), gpu_of(device)};
  });
  agree_on_devices(world, mine, may_share);
  return device;
}

Hardware choose_hardware(const comm::Communicator& world, const HardwareChoice& choice) {
  const c10::Device device = choose_device(world, choice.device, choice.share_gpus);
  const comm::TransportKind transport = comm::choose_transport(world, device, choice.transport);
  return {device, transport};
}

void log_transport(const comm::Communicator& world, const Hardware& hardware) {
  if (world.is_root() && world.size() > 1)
    spdlog::info("{} ranks exchange data by {}", world.size(),
                 comm::describe(hardware.transport, hardware.device));
}

std::string name_of(const c10::Device& device) {
#ifdef FOEHN_CUDA
  if (device.is_cuda())
    return fmt::format("{}, CUDA {}.{}, cuDNN {}", at::cuda::getDeviceProperties(device.index())->name,
                       CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10,
                       at::detail::getCUDAHooks().versionCuDNN());
#endif
  return c10::DeviceTypeName(device.type(), true);
}

std::string gpu_of([[maybe_unused]] const c10::Device& device) {
  std::string digits;
#ifdef FOEHN_CUDA
  if (device.is_cuda())
    for (const char byte : at::cuda::getDeviceProperties(device.index())->uuid.bytes)
      digits += fmt::format("{:02x}", static_cast<unsigned char>(byte));
#endif
  return digits;
}

void agree_on_devices(const comm::Communicator& world, const RankDevice& mine, bool may_share) {
  const std::vector<std::string> names = world.gather(mine.name);
  world.agree_on_root([&] { check_same(names); });
  const comm::Communicator machine = world.split_by_machine();
  const std::vector<std::string> gpus = machine.gather(mine.gpu);
  world.agree([&] {
    if (machine.is_root() && !may_share) check_not_shared(gpus);
  });
}

double available_memory(const comm::Communicator& world, [[maybe_unused]] const c10::Device& device) {
  const int ranks = world.split_by_machine().size();
#ifdef FOEHN_CUDA
  if (device.is_cuda()) {
    const c10::cuda::CUDAGuard here(device);
    std::size_t free = 0, all = 0;
    C10_CUDA_CHECK(cudaMemGetInfo(&free, &all));
    const int gpus = std::min(ranks, static_cast<int>(at::getNumGPUs()));
    return static_cast<double>(free) / ((ranks + gpus - 1) / gpus);
  }
#endif
  return static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE)) / ranks;
}

}  // namespace foehn::process
