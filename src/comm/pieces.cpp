#include "comm/pieces.hpp"

#include <algorithm>

namespace foehn::comm {
namespace {

constexpr int kPiecesTag = 29;

/// Calls `move` with one piece after the other.
template <class Bytes, class Move>
void move_in_pieces(Bytes bytes, Move&& move) {
  for (std::size_t first = 0; first < bytes.size(); first += kPieceBytes) {
    const Bytes piece = bytes.subspan(first, std::min(kPieceBytes, bytes.size() - first));
    check_mpi(move(piece.data(), static_cast<int>(piece.size())), "gather");
  }
}

}  // namespace

std::vector<std::int64_t> gather_lengths(const Communicator& communicator, std::size_t length) {
  const auto mine = static_cast<std::int64_t>(length);
  const int ranks = communicator.is_root() ? communicator.size() : 0;
  std::vector<std::int64_t> lengths(static_cast<std::size_t>(ranks));
  check_mpi(MPI_Gather(&mine, 1, MPI_INT64_T, lengths.data(), 1, MPI_INT64_T, 0, communicator.handle()),
            "gather lengths");
  return lengths;
}

void send_in_pieces(const Communicator& communicator, std::span<const std::byte> bytes) {
  move_in_pieces(bytes, [&](const std::byte* data, int count) {
    return MPI_Send(data, count, MPI_BYTE, 0, kPiecesTag, communicator.handle());
  });
}

void receive_in_pieces(const Communicator& communicator, int rank, std::span<std::byte> bytes) {
  move_in_pieces(bytes, [&](std::byte* data, int count) {
    return MPI_Recv(data, count, MPI_BYTE, rank, kPiecesTag, communicator.handle(), MPI_STATUS_IGNORE);
  });
}

}  // namespace foehn::comm
