#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <vector>

#include "foehn/comm/byte_messages.hpp"
#include "foehn/core/background_tasks.hpp"
#include "foehn/ensemble/output.hpp"
#include "supplier.hpp"

namespace foehn::ensemble {

/// The root's part of Output: asks for chunks in the order of time, member after member, and hands them to a
/// thread that writes.
class Collector {
 public:
  /// @param owners  of each chunk, by rank of the team
  /// @param ranks   of a team
  /// @param orders, chunks  what messages of either kind travel in; outlive this, as does `work`
  Collector(const comm::Communicator& orders, const comm::Communicator& chunks, std::vector<int> owners,
            int ranks, const MemberWork& work);

  void begin(const Output::Round& round);
  /// Does what it can without waiting. What fails is kept for check(), and gives up the round.
  void advance();
  /// Gives up what is not written, as soon as what was asked for has come.
  void give_up();
  /// Whether there is anything left to ask for.
  bool can_give_up() const;
  /// Whether all ranks have been told how their members ended.
  bool is_done() const { return members_.empty() && telling_.empty(); }
  /// @throws whatever failed here
  void check() const;
  /// When the last member was written.
  std::chrono::steady_clock::time_point last_written() const { return last_written_; }
  double written_bytes() const { return written_bytes_; }

 private:
  struct Member {
    int team;
    std::int64_t number;
  };
  /// The member on its way to its files.
  struct Writing {
    std::unique_ptr<MemberSink> sink;
    std::size_t asked = 0, received = 0;
    std::atomic<std::size_t> written = 0;
    double bytes = 0;
    bool is_committing = false;
    core::BackgroundTasks tasks;  // last: ends before what it uses
    Writing();
  };

  void open();
  void continue_member();
  void conclude_member();
  void drop_arrivals();
  void tell_team(int team, Order order);
  void tell(int rank, Order order);

  const comm::Communicator& orders_;
  const comm::Communicator& chunks_;
  std::vector<int> owners_;
  int ranks_;
  const MemberWork& work_;
  std::deque<Member> members_;  // of this round; the first is being written
  std::unique_ptr<Writing> writing_;
  std::deque<comm::IncomingBytes> arrivals_;
  std::deque<comm::OutgoingBytes> telling_;
  bool gives_up_ = false;
  std::exception_ptr failure_;
  std::chrono::steady_clock::time_point last_written_;
  double written_bytes_ = 0;
};

}  // namespace foehn::ensemble
