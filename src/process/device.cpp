#include "foehn/process/device.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>

#include "foehn/core/error.hpp"

namespace foehn::process {

void set_threads(std::int64_t threads) {
  at::set_num_threads(static_cast<int>(threads));
  // OpenBLAS built for pthreads keeps its own count, which LibTorch does not set.
  using SetThreads = void (*)(int);
  if (auto* set = reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads")))
    set(static_cast<int>(threads));
}

c10::Device choose_device(DeviceChoice choice, int number) {
  const bool has_gpu = at::globalContext().hasCUDA();
  if (choice == DeviceChoice::cuda && !has_gpu)
    throw core::Error("run.device: cuda: LibTorch finds no GPU on this machine");
  if (choice == DeviceChoice::cpu || !has_gpu) return c10::kCPU;
  // TF32 keeps 10 bits of a product's factors; fp32 means fp32.
  at::globalContext().setAllowTF32CuDNN(false);
  at::globalContext().setAllowTF32CuBLAS(false);
  return {c10::kCUDA, static_cast<c10::DeviceIndex>(number % at::getNumGPUs())};
}

c10::Device choose_device(const comm::Communicator& world, DeviceChoice choice) {
  const int on_machine = world.rank_on_machine();
  c10::Device device = c10::kCPU;
  world.agree([&] { device = choose_device(choice, on_machine); });
  return device;
}

}  // namespace foehn::process
