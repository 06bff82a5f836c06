#include "comm/host_transport.hpp"

#include <ATen/ATen.h>

#include <utility>

#include "foehn/device/waiting.hpp"

namespace foehn::comm {

namespace {

Transport::Part on_host(const Transport::Part& part) {
  const at::TensorOptions options =
      part.rows.options().device(at::kCPU).pinned_memory(part.rows.device().is_cuda());
  return {part.peer, at::empty(part.rows.sizes(), options)};
}

class HostFlight : public Transport::Flight {
 public:
  HostFlight(std::unique_ptr<Transport::Flight> between_hosts, std::vector<Transport::Part> in,
             std::vector<Transport::Part> arriving)
      : between_hosts_(std::move(between_hosts)), in_(std::move(in)), arriving_(std::move(arriving)) {}
  void finish() override {
    between_hosts_->finish();
    for (std::size_t i = 0; i < in_.size(); ++i) in_[i].rows.copy_(arriving_[i].rows, /*non_blocking=*/true);
  }

 private:
  std::unique_ptr<Transport::Flight> between_hosts_;
  std::vector<Transport::Part> in_, arriving_;
};

}  // namespace

std::unique_ptr<Transport::Flight> HostTransport::start(std::vector<Part> out, std::vector<Part> in) {
  std::vector<Part> leaving, arriving;
  for (const Part& part : out) {
    leaving.push_back(on_host(part));
    leaving.back().rows.copy_(part.rows, /*non_blocking=*/true);
  }
  if (!leaving.empty()) device::wait_for(device_);  // once for all of them
  for (const Part& part : in) arriving.push_back(on_host(part));
  auto between_hosts = between_hosts_.start(std::move(leaving), arriving);
  return std::make_unique<HostFlight>(std::move(between_hosts), std::move(in), std::move(arriving));
}

}  // namespace foehn::comm
