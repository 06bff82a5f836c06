#pragma once

#include <mpi.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "foehn/comm/communicator.hpp"

namespace foehn::comm {

// What is gathered on the root goes there rank by rank and piece by piece: together it may be more than a
// message can hold.

/// The bytes of a long message that travel together.
inline constexpr std::size_t kPieceBytes = std::size_t{16} << 20;

/// Every rank's length, on the root; empty on the others. @note Collective.
std::vector<std::int64_t> gather_lengths(const Communicator& communicator, std::size_t length);
/// Sends bytes to the root.
void send_in_pieces(const Communicator& communicator, std::span<const std::byte> bytes);
/// Receives as many bytes as a rank sends by send_in_pieces.
void receive_in_pieces(const Communicator& communicator, int rank, std::span<std::byte> bytes);

}  // namespace foehn::comm
