#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "foehn/comm/transport.hpp"

namespace foehn::comm {

/// Receives elsewhere, and leaves NaN (of whole numbers: their least) where others expect what comes until
/// the flight has finished: who looks too early is found out.
class PoisonedTransport : public Transport {
 public:
  explicit PoisonedTransport(std::unique_ptr<Transport> within)
      : Transport(within->ranks()), within_(std::move(within)) {}

  std::unique_ptr<Flight> start(std::vector<Part> out, std::vector<Part> in) override {
    std::vector<Part> elsewhere;
    for (Part& part : in) {
      poison(part.rows);
      elsewhere.push_back({part.peer, at::empty_like(part.rows)});
    }
    for (Part& part : out) part.rows = part.rows.clone();
    return std::make_unique<PoisonedFlight>(within_->start(out, elsewhere), std::move(in), elsewhere);
  }

 private:
  static void poison(at::Tensor& rows) {
    if (rows.is_floating_point())
      rows.fill_(NAN);
    else
      rows.fill_(std::numeric_limits<std::int32_t>::min());
  }

  class PoisonedFlight : public Flight {
   public:
    PoisonedFlight(std::unique_ptr<Flight> within, std::vector<Part> in, std::vector<Part> elsewhere)
        : within_(std::move(within)), in_(std::move(in)), elsewhere_(std::move(elsewhere)) {}
    void finish() override {
      within_->finish();
      for (std::size_t i = 0; i < in_.size(); ++i) in_[i].rows.copy_(elsewhere_[i].rows);
    }

   private:
    std::unique_ptr<Flight> within_;
    std::vector<Part> in_, elsewhere_;
  };

  std::unique_ptr<Transport> within_;
};

/// A transport to test, and what its tensors lie on.
struct TestedTransport {
  std::string name;
  at::DeviceType device;
  TransportKind kind;
  bool is_poisoned;

  /// Of several GPUs this rank takes the one of its number on the machine.
  at::Device device_of(const Communicator& ranks) const {
    if (device == at::kCPU) return at::kCPU;
    return {at::kCUDA, static_cast<at::DeviceIndex>(ranks.rank_on_machine() % at::getNumGPUs())};
  }
  /// @note Collective.
  std::unique_ptr<Transport> among(const Communicator& ranks) const {
    auto transport = make_transport(ranks, device_of(ranks), kind);
    return is_poisoned ? std::make_unique<PoisonedTransport>(std::move(transport)) : std::move(transport);
  }
};

inline std::ostream& operator<<(std::ostream& stream, const TestedTransport& tested) {
  return stream << tested.name;
}

/// Those of this machine.
inline std::vector<TestedTransport> transports_here() {
  std::vector<TestedTransport> all{{"Mpi", at::kCPU, TransportKind::mpi, false},
                                   {"MpiByHost", at::kCPU, TransportKind::mpi_by_host, false},
                                   {"Poisoned", at::kCPU, TransportKind::mpi, true}};
  if (!at::hasCUDA()) return all;
  all.push_back({"MpiByHostOfGpus", at::kCUDA, TransportKind::mpi_by_host, false});
  all.push_back({"PoisonedOfGpus", at::kCUDA, TransportKind::mpi_by_host, true});
  all.push_back({"Nccl", at::kCUDA, TransportKind::nccl, false});
  return all;
}

/// Cases over every transport. Those of NCCL are skipped where ranks share a GPU, which it refuses, unless
/// these pass for ranks of different machines (NCCL_HOSTID).
class OverEveryTransport : public ::testing::TestWithParam<TestedTransport> {
 protected:
  void SetUp() override {
    const auto gpus = static_cast<int>(at::hasCUDA() ? at::getNumGPUs() : 0);
    const bool is_shared = world_.split_by_machine().size() > gpus;
    if (GetParam().kind == TransportKind::nccl && is_shared && std::getenv("NCCL_HOSTID") == nullptr)
      GTEST_SKIP() << "ranks share a GPU";
    device_ = GetParam().device_of(world_);
    transport_ = GetParam().among(world_);
  }

  const Communicator world_ = Communicator::world();
  at::Device device_ = at::kCPU;
  std::unique_ptr<Transport> transport_;
};

}  // namespace foehn::comm
