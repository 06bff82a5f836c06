#include "foehn/ensemble/ensemble.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <vector>

#include "foehn/core/background_tasks.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/heartbeat.hpp"

namespace foehn::ensemble {

namespace {

// One chunk waits while another is written.
constexpr std::size_t kChunksWaiting = 1;

/// Hours [first, last) of a chunk that one rank of the team owns.
struct Piece {
  int rank;
  std::int64_t first, last;
};

std::vector<Piece> pieces_of(const trajectory::SlabPartition& partition, std::int64_t first,
                             std::int64_t last) {
  std::vector<Piece> pieces;
  for (int rank = 0; rank < partition.ranks(); ++rank) {
    const trajectory::Slab slab = partition.slab(rank);
    const Piece piece{rank, std::max(first, slab.first), std::min(last, slab.last)};
    if (piece.first < piece.last) pieces.push_back(piece);
  }
  return pieces;
}

/// Brings one member's slabs to the root in chunks.
///
/// The root permits each piece that a rank sends, and tells every rank when the member is written; or, in
/// place of any of these, that it stops: so all ranks of the team know.
class Gathering {
 public:
  using Fetch = std::function<void(std::int64_t first, std::int64_t count, std::span<float> values)>;
  using Receive = std::function<void(std::vector<float> chunk)>;

  Gathering(const comm::Communicator& world, int first_rank, const trajectory::SlabPartition& partition,
            std::int64_t chunk_hours, std::int64_t hour_values)
      : world_(world),
        first_rank_(first_rank),
        partition_(partition),
        chunk_hours_(chunk_hours),
        hour_values_(hour_values) {}

  /// The root's part: receives chunk after chunk.
  /// @return  false if it was asked to stop before all had come
  bool receive(const Fetch& fetch, const Receive& receive, const std::function<bool()>& must_stop) const {
    if (must_stop()) return false;
    Arriving next = start(0, fetch);
    for (std::int64_t chunk = 0; chunk < chunks(); ++chunk) {
      Arriving arriving = std::exchange(next, {});
      const bool is_last = chunk + 1 == chunks();
      const bool stops = !is_last && must_stop();
      if (!is_last && !stops) next = start(chunk + 1, fetch);
      comm::wait(arriving.requests);
      if (stops) return false;
      receive(std::move(arriving.chunk));
    }
    return true;
  }

  /// The root tells all others of the team whether the member is written.
  void conclude(bool is_written) const {
    for (int rank = first_rank_; rank < first_rank_ + partition_.ranks(); ++rank)
      if (rank != world_.rank()) send_permission(is_written, rank);
  }

  /// The part of a team's rank that is not the root.
  /// @return  whether the member is written
  bool send(const Fetch& fetch) const {
    std::vector<float> values;
    for (std::int64_t chunk = 0; chunk < chunks(); ++chunk) {
      for (const Piece& piece : pieces(chunk)) {
        if (first_rank_ + piece.rank != world_.rank()) continue;
        values.resize(static_cast<std::size_t>((piece.last - piece.first) * hour_values_));
        fetch(piece.first, piece.last - piece.first, values);
        if (!receive_permission()) return false;
        world_.send(values, 0);
      }
    }
    return receive_permission();
  }

 private:
  struct Arriving {
    Arriving() = default;
    Arriving(Arriving&&) = default;
    Arriving& operator=(Arriving&&) = default;
    ~Arriving() { comm::cancel(requests); }

    std::vector<float> chunk;
    std::vector<MPI_Request> requests;
  };

  std::int64_t chunks() const { return (partition_.hours() + chunk_hours_ - 1) / chunk_hours_; }
  std::vector<Piece> pieces(std::int64_t chunk) const {
    return pieces_of(partition_, chunk * chunk_hours_,
                     std::min((chunk + 1) * chunk_hours_, partition_.hours()));
  }

  Arriving start(std::int64_t chunk, const Fetch& fetch) const {
    Arriving arriving;
    const std::int64_t first = chunk * chunk_hours_;
    const std::int64_t hours = std::min(chunk_hours_, partition_.hours() - first);
    arriving.chunk.resize(static_cast<std::size_t>(hours * hour_values_));
    for (const Piece& piece : pieces(chunk)) {
      const std::span<float> values(arriving.chunk.data() + (piece.first - first) * hour_values_,
                                    static_cast<std::size_t>((piece.last - piece.first) * hour_values_));
      if (first_rank_ + piece.rank == world_.rank())
        fetch(piece.first, piece.last - piece.first, values);
      else {
        arriving.requests.push_back(world_.start_receive(values, first_rank_ + piece.rank));
        send_permission(true, first_rank_ + piece.rank);
      }
    }
    return arriving;
  }

  void send_permission(bool go_on, int rank) const {
    const float permission = go_on ? 1 : 0;
    world_.send({&permission, 1}, rank);
  }
  bool receive_permission() const {
    float permission = 0;
    std::vector<MPI_Request> request{world_.start_receive({&permission, 1}, 0)};
    comm::wait(request);
    return permission != 0;
  }

  const comm::Communicator& world_;
  int first_rank_;
  const trajectory::SlabPartition& partition_;
  std::int64_t chunk_hours_, hour_values_;
};

/// The root's part in the writing of a member.
/// @return  false if it was asked to stop: no file is left then
bool write_member(std::int64_t member, const Gathering& gathering, const Gathering::Fetch& fetch,
                  const MemberWork& work) {
  std::unique_ptr<io::MemberWriter> writer;
  core::BackgroundTasks tasks(kChunksWaiting);  // ends before the writer, which it uses
  // All others wait for these.
  const auto submit = [&](std::function<void()> task) {
    tasks.submit([task = std::move(task)] {
      task();
      core::beat();
    });
  };
  submit([&] { writer = work.writer(member); });
  const auto append = [&](std::vector<float> chunk) {
    submit([&writer, values = std::move(chunk)] { writer->append(values); });
  };
  const bool is_whole = gathering.receive(fetch, append, work.must_stop);
  if (is_whole) {
    submit([&] { writer->commit(); });
    tasks.wait();
    work.written(member);
  }
  gathering.conclude(is_whole);
  return is_whole;
}

}  // namespace

Team make_team(const comm::Communicator& world, std::int64_t ranks_per_member) {
  const std::int64_t size = ranks_per_member == 0 ? world.size() : ranks_per_member;
  world.agree([&] {
    if (world.size() % size != 0)
      throw core::Error(
          fmt::format("ensemble.ranks_per_member: expected a divisor of the number of ranks, {}, found {}",
                      world.size(), size));
  });
  const int index = static_cast<int>(world.rank() / size);
  return {world.split(index), index, static_cast<int>(world.size() / size)};
}

EnsembleResult run_ensemble(const comm::Communicator& world, const Team& team,
                            const trajectory::SlabPartition& partition, const EnsembleOptions& options,
                            const MemberWork& work, at::Tensor& slab) {
  using Clock = std::chrono::steady_clock;
  const auto seconds_since = [](Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  EnsembleResult result;
  const std::int64_t hour_values = c10::multiply_integers(slab.sizes().slice(1));
  const auto members = static_cast<std::int64_t>(options.members.size());
  // Of this team; other teams do not know of it before all agree.
  std::exception_ptr failure;
  bool was_stopped = false;  // while its member was on its way to disk
  const auto agree_on_failure = [&] {
    world.agree([&] {
      if (failure) std::rethrow_exception(failure);
    });
  };
  for (std::int64_t round = 0; round < members && result.is_done; round += team.count) {
    Clock::time_point start = Clock::now();
    const std::int64_t mine = round + team.index;
    bool is_sampled = false;
    try {
      if (mine < members && !was_stopped)
        is_sampled = work.sample(options.members[static_cast<std::size_t>(mine)], slab);
    } catch (const core::CollectiveError&) {
      failure = std::current_exception();
    }
    agree_on_failure();
    const std::vector<double> sampled = world.gather_all(is_sampled ? 1 : 0);
    result.sampling_seconds += seconds_since(start);

    start = Clock::now();
    for (int index = 0; index < team.count && round + index < members; ++index) {
      const int first_rank = index * partition.ranks();
      if (sampled[static_cast<std::size_t>(first_rank)] == 0) {
        result.is_done = false;
        continue;
      }
      const bool is_mine = index == team.index;
      if (!world.is_root() && !is_mine) continue;
      const std::int64_t member = options.members[static_cast<std::size_t>(round + index)];
      const core::Activity activity(fmt::format("output of member {}", member));
      const Gathering gathering(world, first_rank, partition, options.chunk_hours, hour_values);
      const auto fetch = [&](std::int64_t first, std::int64_t count, std::span<float> values) {
        work.physical(slab, first, count, values);
      };
      const bool is_written =
          world.is_root() ? write_member(member, gathering, fetch, work) : gathering.send(fetch);
      if (is_written || !is_mine) continue;
      was_stopped = true;
      try {
        work.keep(member, slab);
      } catch (const core::CollectiveError&) {
        failure = std::current_exception();
      }
    }
    result.writing_seconds += seconds_since(start);
  }
  agree_on_failure();
  if (world.any(was_stopped)) result.is_done = false;
  return result;
}

}  // namespace foehn::ensemble
