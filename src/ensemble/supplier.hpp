#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>

#include "foehn/comm/byte_messages.hpp"
#include "packing.hpp"

namespace foehn::ensemble {

/// What the root tells a rank, a byte each.
enum class Order : char {
  next,     ///< send the next chunk
  written,  ///< the member is written
  given_up  ///< it will not be
};

/// A rank's part of Output: hands over packed chunks as the root asks for them. The root is a rank as well,
/// and sends messages to itself.
class Supplier {
 public:
  /// @param orders, chunks  what messages of either kind travel in; outlive this
  Supplier(const comm::Communicator& orders, const comm::Communicator& chunks)
      : orders_(orders), chunks_(chunks) {}

  /// Takes over a member.
  void begin(std::unique_ptr<Packing> packing);
  /// Does what it can without waiting.
  void advance();
  /// Whether the root has told how the member ended, or there was none.
  bool is_done() const { return !order_ && outgoing_.empty(); }
  bool is_given_up() const { return is_given_up_; }
  const HeldHours& hours() const { return packing_->hours(); }
  /// Frees the member's memory.
  void release() { packing_.reset(); }
  /// @throws whatever packing threw
  void check() const {
    if (packing_) packing_->check();
  }

 private:
  const comm::Communicator& orders_;
  const comm::Communicator& chunks_;
  std::unique_ptr<Packing> packing_;
  std::optional<comm::IncomingBytes> order_;  // none once the member is done with
  std::deque<comm::OutgoingBytes> outgoing_;
  std::size_t asked_ = 0, sent_ = 0;
  bool is_given_up_ = false;
};

}  // namespace foehn::ensemble
