#include "foehn/comm/gather.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "comm/pieces.hpp"
#include "foehn/core/heartbeat.hpp"

namespace foehn::comm {

void gather_in_turn(const Communicator& communicator, std::span<const double> mine,
                    const std::function<void(std::span<const double>)>& use) {
  const core::Waiting waiting("to gather numbers");
  const std::vector<std::int64_t> lengths = gather_lengths(communicator, mine.size());
  if (!communicator.is_root()) return send_in_pieces(communicator, std::as_bytes(mine));
  use(mine);
  std::vector<double> received;
  for (int rank = 1; rank < communicator.size(); ++rank) {
    received.resize(static_cast<std::size_t>(lengths[static_cast<std::size_t>(rank)]));
    receive_in_pieces(communicator, rank, std::as_writable_bytes(std::span(received)));
    use(received);
  }
}

}  // namespace foehn::comm
