#include "foehn/ensemble/output.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "collector.hpp"
#include "foehn/core/heartbeat.hpp"
#include "foehn/device/waiting.hpp"
#include "packing.hpp"
#include "supplier.hpp"

namespace foehn::ensemble {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_between(Clock::time_point start, Clock::time_point end) {
  return std::chrono::duration<double>(end - start).count();
}

}  // namespace

/// Who packs what, and needs whose hours for it; the same on every rank of a team.
struct Output::Shares {
  std::vector<int> owners;                        // of each chunk
  std::vector<std::vector<io::ChunkSpan>> spans;  // of each rank
  std::vector<std::vector<std::int64_t>> slabs;   // hours of each rank
  std::vector<std::vector<std::int64_t>> others;  // hours of other ranks that each needs

  Shares(const trajectory::SlabPartition& partition, const std::vector<io::ChunkSpan>& all) {
    const auto ranks = static_cast<std::size_t>(partition.ranks());
    spans.resize(ranks);
    slabs.resize(ranks);
    others.resize(ranks);
    for (std::int64_t hour = 0; hour < partition.hours(); ++hour)
      slabs[static_cast<std::size_t>(partition.owner(hour))].push_back(hour);
    for (const io::ChunkSpan& span : all) {
      const int owner = partition.owner(span.first);
      const trajectory::Slab slab = partition.slab(owner);
      auto& needed = others[static_cast<std::size_t>(owner)];
      owners.push_back(owner);
      spans[static_cast<std::size_t>(owner)].push_back(span);
      for (std::int64_t hour = std::max<std::int64_t>(0, span.first - 1); hour < span.last; ++hour)
        if (!slab.contains(hour) && (needed.empty() || needed.back() < hour)) needed.push_back(hour);
    }
  }
};

Output::Output(const comm::Communicator& world, const Team& team, const trajectory::SlabPartition& partition,
               const std::vector<io::ChunkSpan>& spans, const MemberWork& work)
    : Output(world, team, partition, work, Shares(partition, spans)) {}

Output::Output(const comm::Communicator& world, const Team& team, const trajectory::SlabPartition& partition,
               const MemberWork& work, const Shares& shares)
    : world_(world),
      orders_(world.split(0)),
      chunks_(world.split(0)),
      team_(team),
      work_(work),
      mine_(partition.slab(team.ranks.rank())),
      spans_(shares.spans[static_cast<std::size_t>(team.ranks.rank())]),
      others_(shares.others[static_cast<std::size_t>(team.ranks.rank())]),
      transport_(comm::make_transport(team.ranks)),
      exchange_(*transport_, shares.slabs, shares.others, "hours of chunks"),
      supplier_(std::make_unique<Supplier>(orders_, chunks_)) {
  if (world.is_root())
    collector_ = std::make_unique<Collector>(orders_, chunks_, shares.owners, partition.ranks(), work);
}

Output::~Output() = default;

void Output::begin(const Round& round, const at::Tensor& slab, bool copies) {
  const Clock::time_point start = Clock::now();
  member_ = round[static_cast<std::size_t>(team_.index)];
  if (member_) {
    HeldHours hours{mine_, copies && slab.is_cpu() ? slab.clone() : device::to_host(slab), others_, {}};
    hours.of_others = exchange_.exchange(hours.slab);
    supplier_->begin(std::make_unique<Packing>(std::move(hours), spans_, work_.pack));
  }
  if (collector_) collector_->begin(round);
  advance();
  begun_ = Clock::now();
  cost_.seconds += seconds_between(start, begun_);
}

void Output::advance() {
  supplier_->advance();
  if (collector_) collector_->advance();
}

void Output::check() const {
  supplier_->check();
  if (collector_) collector_->check();
}

bool Output::is_done() const {
  return supplier_->is_done() && (!collector_ || collector_->is_done());
}

void Output::wait(bool may_stop) {
  constexpr std::chrono::microseconds kNap{200};
  const core::Activity activity("output");
  const core::Waiting waiting("for output");
  for (advance(); !is_done(); advance()) {
    if (may_stop && collector_ && collector_->can_give_up() && work_.must_stop()) collector_->give_up();
    std::this_thread::sleep_for(kNap);
  }
}

std::optional<std::int64_t> Output::finish() {
  const Clock::time_point start = Clock::now();
  wait(true);
  const Clock::time_point end = Clock::now();
  cost_.seconds += seconds_between(start, end);
  if (collector_) {
    cost_.written_bytes = collector_->written_bytes();
    const Clock::time_point written = std::min(start, collector_->last_written());
    if (written > begun_) cost_.hidden_seconds += seconds_between(begun_, written);
  }
  world_.agree([&] { check(); });
  const bool is_kept = member_ && supplier_->is_given_up();
  if (!is_kept) supplier_->release();
  const std::optional<std::int64_t> member = std::exchange(member_, std::nullopt);
  return is_kept ? member : std::nullopt;
}

const at::Tensor& Output::slab() const {
  return supplier_->hours().slab;
}

void Output::abandon() {
  if (collector_) collector_->give_up();
  wait(false);
}

}  // namespace foehn::ensemble
