#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "foehn/comm/transport.hpp"
#include "foehn/device/ordered_addition.hpp"
#include "foehn/device/row_index.hpp"

namespace foehn::comm {

/// What exchanges of rows cost a rank.
struct Traffic {
  std::int64_t sent_bytes = 0;  ///< to other ranks
  double waiting_seconds = 0;   ///< for the messages of other ranks; by NCCL it is GPUs that wait, uncounted

  Traffic& operator+=(const Traffic& other) {
    sent_bytes += other.sent_bytes;
    waiting_seconds += other.waiting_seconds;
    return *this;
  }
};

/// Brings rows (an hour's fields, say) from the ranks that hold them to the ranks that want them.
///
/// Seen as a linear map H from the rows that all ranks hold to the rows that all ranks want, `exchange` is H
/// and `adjoint` its transpose. It carries the halo of a slab (held: the slab; wanted: the hours beyond it),
/// from any number of neighbours, and the outputs of windows (held: the hours whose window a rank owns;
/// wanted: its slab). Tensors lie on the transport's device.
class RowExchange {
 public:
  /// Every rank passes the same lists, so that nothing needs negotiating.
  ///
  /// @param transport  outlives this
  /// @param held    rows of each rank, rising; no row is held twice
  /// @param wanted  rows each rank wants, in the order it wants them; repeats are allowed
  /// @param what    the rows are, for the report of a job that hangs: "halos"
  /// @throws core::Error if a wanted row is held by no rank
  RowExchange(Transport& transport, const std::vector<std::vector<std::int64_t>>& held,
              const std::vector<std::vector<std::int64_t>>& wanted, std::string what = "rows");

  /// An exchange on its way, so that work can continue meanwhile.
  class Pending {
   public:
    Pending() = default;

   private:
    friend class RowExchange;
    std::unique_ptr<Transport::Flight> flight;
    std::vector<at::Tensor> incoming;  // along each link
    at::Tensor wanted;
  };

  /// Starts to bring the wanted rows.
  /// @param rows  the held rows, [held, ...]; the same trailing shape and type on every rank
  /// @note Collective over the transport's ranks, as is finish.
  Pending begin(const at::Tensor& rows) const;
  /// @return the wanted rows, [wanted, ...]
  at::Tensor finish(Pending pending) const;
  at::Tensor exchange(const at::Tensor& rows) const { return finish(begin(rows)); }
  /// The same where many rows are zeros, which are not sent.
  /// @param has_values  of each row: false says that it is zeros; as many as rows
  /// @note Collective over the transport's ranks.
  at::Tensor exchange_some(const at::Tensor& rows, const std::vector<bool>& has_values) const;

  /// The transpose: every held row gets the sum of the wanted rows that are its copies, added in the order of
  /// ranks and, within a rank, of its list: the same bits for any sharing of an ordered list among ranks in
  /// order.
  /// @param rows  [wanted, ...]
  /// @return      [held, ...]
  /// @note Collective over the transport's ranks.
  at::Tensor adjoint(const at::Tensor& rows) const;

  /// Of this rank, so far.
  const Traffic& traffic() const { return traffic_; }

 private:
  struct Link {
    int peer = 0;
    device::RowIndex positions;  // among this rank's held (sending) or wanted (receiving) rows
  };
  Pending begin_along(const at::Tensor& rows, const std::vector<Link>& senders,
                      const std::vector<Link>& receivers) const;
  void wait_for(Pending& pending) const;
  /// Tells every peer which of its rows will come.
  /// @param has_values  of each held row
  /// @return            of each link that receives, whether each of its rows has values
  std::vector<std::vector<char>> exchange_flags(const std::vector<bool>& has_values) const;

  Transport* transport_;
  std::string what_;
  std::int64_t held_count_ = 0;
  std::int64_t wanted_count_ = 0;
  std::vector<Link> sending_;                       // held rows that a peer wants (this rank included)
  std::vector<Link> receiving_;                     // wanted rows that a peer holds (this rank included)
  std::vector<device::OrderedAddition> additions_;  // of the adjoint, of what comes along each of sending_
  mutable Traffic traffic_;                         // counted only: no result depends on it
};

}  // namespace foehn::comm
