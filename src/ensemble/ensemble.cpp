#include "foehn/ensemble/ensemble.hpp"

#include <chrono>
#include <exception>
#include <optional>

#include "foehn/core/error.hpp"

namespace foehn::ensemble {

namespace {

/// The rounds of an ensemble.
class Rounds {
 public:
  Rounds(const comm::Communicator& world, const Team& team, const std::vector<std::int64_t>& members,
         const MemberWork& work, Output& output, at::Tensor& slab)
      : world_(world), team_(team), members_(members), work_(work), output_(output), slab_(slab) {}

  EnsembleResult run() {
    for (std::size_t first = 0; first < members_.size() && result_.is_done; first += teams()) {
      const Output::Round drawn = draw(first);
      conclude();
      output_.begin(drawn, slab_, first + teams() < members_.size());
    }
    conclude();
    result_.output = output_.cost();
    return result_;
  }

 private:
  std::size_t teams() const { return static_cast<std::size_t>(team_.count); }

  /// Runs a team's part of the work; other teams do not know of its failure before all agree.
  template <class Work>
  void agree_after(Work&& work) const {
    std::exception_ptr failure;
    try {
      work();
    } catch (const core::CollectiveError&) {
      failure = std::current_exception();
    }
    world_.agree([&] {
      if (failure) std::rethrow_exception(failure);
    });
  }

  /// Draws a member for each team.
  Output::Round draw(std::size_t first) {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point start = Clock::now();
    const std::size_t mine = first + static_cast<std::size_t>(team_.index);
    bool is_drawn = false;
    agree_after([&] {
      if (mine < members_.size()) is_drawn = work_.sample(members_[mine], slab_);
    });
    const std::vector<double> drawn = world_.gather_all(is_drawn ? 1 : 0);
    Output::Round round(teams());
    for (std::size_t team = 0; team < teams() && first + team < members_.size(); ++team) {
      const std::size_t a_rank = team * static_cast<std::size_t>(team_.ranks.size());
      if (drawn[a_rank] != 0)
        round[team] = members_[first + team];
      else
        result_.is_done = false;
    }
    result_.sampling_seconds += std::chrono::duration<double>(Clock::now() - start).count();
    return round;
  }

  /// Sees the round before to its end.
  void conclude() {
    const std::optional<std::int64_t> given_up = output_.finish();
    agree_after([&] {
      if (given_up) work_.keep(*given_up, output_.slab());
    });
    if (world_.any(given_up.has_value())) result_.is_done = false;
  }

  const comm::Communicator& world_;
  const Team& team_;
  const std::vector<std::int64_t>& members_;
  const MemberWork& work_;
  Output& output_;
  at::Tensor& slab_;
  EnsembleResult result_;
};

}  // namespace

EnsembleResult run_ensemble(const comm::Communicator& world, const Team& team,
                            const std::vector<std::int64_t>& members, const MemberWork& work, Output& output,
                            at::Tensor& slab) {
  try {
    return Rounds(world, team, members, work, output, slab).run();
  } catch (const core::CollectiveError&) {  // of the world, so that all ranks are here
    output.abandon();
    throw;
  }
}

}  // namespace foehn::ensemble
