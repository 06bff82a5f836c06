// A library with the functions of NVML that foehn calls, for tests on machines without a GPU. Its one GPU has
// taken FOEHN_FAKE_MILLIJOULES of the environment.
#include <cstdlib>
#include <string>

namespace {

constexpr int kSuccess = 0, kNotSupported = 3, kNotFound = 6;
int the_gpu = 0;

}  // namespace

extern "C" {

int nvmlInit_v2() {
  return kSuccess;
}
int nvmlShutdown() {
  return kSuccess;
}
const char* nvmlErrorString(int result) {
  return result == kNotSupported ? "not supported" : "no such device";
}
int nvmlDeviceGetHandleByUUID(const char* uuid, void** device) {
  *device = &the_gpu;
  return std::string(uuid) == "GPU-5f0e1122-3344-5566-7788-990011223344" ? kSuccess : kNotFound;
}
int nvmlDeviceGetTotalEnergyConsumption(void* device, unsigned long long* millijoules) {
  const std::string text = std::getenv("FOEHN_FAKE_MILLIJOULES");
  if (device != &the_gpu || text == "unsupported") return kNotSupported;
  *millijoules = std::stoull(text);
  return kSuccess;
}
}
