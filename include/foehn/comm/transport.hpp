#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <memory>
#include <string>
#include <vector>

#include "foehn/comm/communicator.hpp"

namespace foehn::comm {

/// What may be asked for; automatic: NCCL where each rank has a GPU of its own, else MPI.
enum class TransportChoice { automatic, mpi, nccl };

/// What carries tensors between ranks.
enum class TransportKind {
  mpi,          ///< MPI, from tensor to tensor: in the memory of hosts, or of GPUs where MPI can reach it
  mpi_by_host,  ///< MPI, between GPUs through pinned memory of their hosts
  nccl          ///< NCCL, from GPU to GPU
};

/// Carries tensors between the ranks of a group. It only copies: what arrives does not depend on the kind.
///
/// Ranks agree on what they send each other beforehand, such as by lists that all of them have. Failures and
/// all that is small travel by the group's Communicator.
class Transport {
 public:
  /// What goes to one rank, or comes from it.
  struct Part {
    int peer;         ///< another rank of the group
    at::Tensor rows;  ///< [row, ...], contiguous, on the transport's device; at least one row
  };

  /// Parts on their way. What is not finished is given up when it is destroyed.
  class Flight {
   public:
    Flight() = default;
    virtual ~Flight() = default;
    Flight(const Flight&) = delete;
    Flight& operator=(const Flight&) = delete;
    /// From here on, work on the device's current stream finds in its tensors what came.
    virtual void finish() = 0;
  };

  /// @param ranks  outlives this
  explicit Transport(const Communicator& ranks) : ranks_(&ranks) {}
  virtual ~Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  /// Starts to send what work on the device's current stream so far leaves in the tensors of `out`, and to
  /// receive into those of `in`, whose values are undefined until the flight has finished. Parts between two
  /// ranks arrive in the order in which they were started.
  /// @param out, in  in flight, tensors are left alone by the caller
  /// @throws core::Error if a row has more bytes than a message can
  virtual std::unique_ptr<Flight> start(std::vector<Part> out, std::vector<Part> in) = 0;

  const Communicator& ranks() const { return *ranks_; }

 private:
  const Communicator* ranks_;
};

/// The kind that a choice comes to, the same on all ranks and for any number of them.
/// @param device  of this rank's tensors; of one kind on all ranks
/// @throws core::CollectiveError if NCCL is asked for and tensors are not on GPUs
/// @note Collective over the world.
TransportKind choose_transport(const Communicator& world, const c10::Device& device, TransportChoice choice);

/// @param ranks   outlives it
/// @param device  of the tensors that it carries
/// @throws core::CollectiveError if NCCL cannot be started
/// @note Collective over the ranks.
std::unique_ptr<Transport> make_transport(const Communicator& ranks, const c10::Device& device = c10::kCPU,
                                          TransportKind kind = TransportKind::mpi);

/// What people are told: "NCCL", "MPI through the memory of hosts".
std::string describe(TransportKind kind, const c10::Device& device);

}  // namespace foehn::comm
