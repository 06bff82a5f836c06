#include "collector.hpp"

#include <functional>
#include <utility>

#include "foehn/core/heartbeat.hpp"

namespace foehn::ensemble {
namespace {

/// Chunks that may be on their way to the root or wait there for the disk: what bounds its memory.
constexpr std::size_t kChunksAtRoot = 4;

/// A task of the writer's thread. All ranks may be waiting for it.
void submit(core::BackgroundTasks& tasks, std::function<void()> task) {
  tasks.submit([task = std::move(task)] {
    task();
    core::beat();
  });
}

}  // namespace

// Beside the chunks, the file is opened and committed: it never waits for room.
Collector::Writing::Writing() : tasks(kChunksAtRoot + 2) {}

Collector::Collector(const comm::Communicator& orders, const comm::Communicator& chunks,
                     std::vector<int> owners, int ranks, const MemberWork& work)
    : orders_(orders), chunks_(chunks), owners_(std::move(owners)), ranks_(ranks), work_(work) {}

void Collector::begin(const Output::Round& round) {
  gives_up_ = false;
  for (std::size_t team = 0; team < round.size(); ++team)
    if (round[team]) members_.push_back({static_cast<int>(team), *round[team]});
}

void Collector::advance() {
  while (!telling_.empty() && telling_.front().is_done()) telling_.pop_front();
  for (comm::IncomingBytes& arrival : arrivals_)
    if (!arrival.is_done()) break;
  if (members_.empty()) return;
  if (gives_up_) return drop_arrivals();
  try {
    continue_member();
  } catch (...) {
    failure_ = std::current_exception();
    give_up();
  }
}

void Collector::give_up() {
  gives_up_ = true;
  writing_.reset();  // with the files begun
}

bool Collector::can_give_up() const {
  return members_.size() > 1 || (!members_.empty() && (!writing_ || writing_->asked < owners_.size()));
}

void Collector::check() const {
  if (failure_) std::rethrow_exception(failure_);
}

void Collector::open() {
  writing_ = std::make_unique<Writing>();
  submit(writing_->tasks, [this, member = members_.front().number] { writing_->sink = work_.sink(member); });
}

void Collector::continue_member() {
  if (!writing_) open();
  Writing& now = *writing_;
  const bool is_idle = now.tasks.is_idle();  // which throws what has failed
  for (; now.asked < owners_.size() && now.asked - now.written < kChunksAtRoot; ++now.asked) {
    const int owner = members_.front().team * ranks_ + owners_[now.asked];
    arrivals_.emplace_back(chunks_, owner);
    tell(owner, Order::next);
  }
  for (; !arrivals_.empty() && arrivals_.front().is_done(); ++now.received) {
    Bytes packed = arrivals_.front().take();
    arrivals_.pop_front();
    if (packed.empty()) return give_up();  // its rank has failed, and says why
    now.bytes += static_cast<double>(packed.size());
    submit(now.tasks, [&now, content = std::move(packed)] {
      now.sink->append(content);
      ++now.written;
    });
  }
  if (now.received < owners_.size()) return;
  if (!std::exchange(now.is_committing, true)) return submit(now.tasks, [&now] { now.sink->commit(); });
  if (is_idle) conclude_member();
}

void Collector::conclude_member() {
  const Member member = members_.front();
  written_bytes_ += writing_->bytes;
  writing_.reset();
  work_.written(member.number);
  tell_team(member.team, Order::written);
  members_.pop_front();
  last_written_ = std::chrono::steady_clock::now();
}

void Collector::drop_arrivals() {
  while (!arrivals_.empty() && arrivals_.front().is_done()) arrivals_.pop_front();
  if (!arrivals_.empty()) return;
  for (const Member& member : std::exchange(members_, {})) tell_team(member.team, Order::given_up);
}

void Collector::tell_team(int team, Order order) {
  for (int rank = team * ranks_; rank < (team + 1) * ranks_; ++rank) tell(rank, order);
}

void Collector::tell(int rank, Order order) {
  telling_.emplace_back(orders_, Bytes{static_cast<std::byte>(order)}, rank);
}

}  // namespace foehn::ensemble
