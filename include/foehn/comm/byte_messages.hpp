#pragma once

#include <mpi.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "foehn/comm/communicator.hpp"
#include "foehn/core/pages.hpp"

namespace foehn::comm {

/// Bytes on their way to another rank, which receives them as IncomingBytes; the sender does not wait.
/// Between two ranks of a communicator they arrive in the order in which they were sent.
///
/// Destroyed before it is done, as after a failure, it gives the message up.
class OutgoingBytes {
 public:
  OutgoingBytes(const Communicator& communicator, core::PagedVector<std::byte> content, int to);
  OutgoingBytes(OutgoingBytes&&) noexcept = default;
  OutgoingBytes& operator=(OutgoingBytes&&) = delete;
  ~OutgoingBytes() { cancel(requests_); }

  /// Whether all has left; helps it on its way. To be asked now and then.
  bool is_done();

 private:
  std::unique_ptr<std::int64_t> length_;  // stays where it is when this is moved
  core::PagedVector<std::byte> content_;
  std::vector<MPI_Request> requests_;
};

/// Bytes that come from another rank; of several from one rank, the earlier are asked first.
class IncomingBytes {
 public:
  IncomingBytes(const Communicator& communicator, int from);
  IncomingBytes(IncomingBytes&&) noexcept = default;
  IncomingBytes& operator=(IncomingBytes&&) = delete;
  ~IncomingBytes() { cancel(requests_); }

  /// Whether all has come; helps it on its way. To be asked now and then.
  bool is_done();
  /// What has come.
  core::PagedVector<std::byte> take() { return std::move(content_); }

 private:
  const Communicator* communicator_;
  int from_;
  std::unique_ptr<std::int64_t> length_;
  bool knows_length_ = false;
  core::PagedVector<std::byte> content_;
  std::vector<MPI_Request> requests_;
};

}  // namespace foehn::comm
