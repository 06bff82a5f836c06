#include "foehn/comm/byte_messages.hpp"

#include <algorithm>
#include <utility>

namespace foehn::comm {
namespace {

// Lengths and content apart: the next length may be awaited before this content is.
constexpr int kLengthTag = 31, kContentTag = 37;
constexpr std::size_t kMostBytes = std::size_t{1} << 30;  // MPI counts in int

/// Calls `start(first, count, request)` for each piece of a long message.
template <class Start>
void start_in_pieces(std::size_t length, std::vector<MPI_Request>& requests, const Start& start) {
  for (std::size_t first = 0; first < length; first += kMostBytes)
    start(first, static_cast<int>(std::min(kMostBytes, length - first)), &requests.emplace_back());
}

bool are_done(std::vector<MPI_Request>& requests) {
  int done = 0;
  check_mpi(MPI_Testall(static_cast<int>(requests.size()), requests.data(), &done, MPI_STATUSES_IGNORE),
            "test messages");
  if (done != 0) requests.clear();
  return done != 0;
}

}  // namespace

OutgoingBytes::OutgoingBytes(const Communicator& communicator, core::PagedVector<std::byte> content, int to)
    : length_(std::make_unique<std::int64_t>(static_cast<std::int64_t>(content.size()))),
      content_(std::move(content)) {
  const MPI_Comm handle = communicator.handle();
  check_mpi(MPI_Isend(length_.get(), 1, MPI_INT64_T, to, kLengthTag, handle, &requests_.emplace_back()),
            "send a length");
  start_in_pieces(content_.size(), requests_, [&](std::size_t first, int count, MPI_Request* request) {
    check_mpi(MPI_Isend(content_.data() + first, count, MPI_BYTE, to, kContentTag, handle, request),
              "send bytes");
  });
}

bool OutgoingBytes::is_done() {
  return are_done(requests_);
}

IncomingBytes::IncomingBytes(const Communicator& communicator, int from)
    : communicator_(&communicator), from_(from), length_(std::make_unique<std::int64_t>(0)) {
  check_mpi(MPI_Irecv(length_.get(), 1, MPI_INT64_T, from, kLengthTag, communicator.handle(),
                      &requests_.emplace_back()),
            "receive a length");
}

bool IncomingBytes::is_done() {
  if (!are_done(requests_)) return false;
  if (knows_length_) return true;
  knows_length_ = true;
  content_.resize(static_cast<std::size_t>(*length_));
  start_in_pieces(content_.size(), requests_, [&](std::size_t first, int count, MPI_Request* request) {
    check_mpi(MPI_Irecv(content_.data() + first, count, MPI_BYTE, from_, kContentTag, communicator_->handle(),
                        request),
              "receive bytes");
  });
  return are_done(requests_);
}

}  // namespace foehn::comm
