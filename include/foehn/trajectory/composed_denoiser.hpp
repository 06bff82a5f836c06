#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "foehn/comm/communicator.hpp"
#include "foehn/comm/row_exchange.hpp"
#include "foehn/diffusion/trajectory_denoiser.hpp"
#include "foehn/diffusion/window_denoiser.hpp"
#include "foehn/trajectory/slab_partition.hpp"
#include "foehn/trajectory/window_plan.hpp"

namespace foehn::trajectory {

/// Composes a denoiser of windows through time into one of a trajectory that a team of ranks shares. An hour
/// may have any shape that the denoiser of windows takes: [variable, y, x], or [variable, cell].
///
/// A window has one owner, the rank whose slab holds its centre. An evaluation brings each rank the hours
/// that its windows need beyond its slab (from any number of neighbours, since a slab may be shorter than k),
/// evaluates full batches of windows that need none of them meanwhile, then the others, and sends outputs to
/// the owners of their hours. Windows are gathered hour by hour, from slab and halo where they lie, into one
/// batch buffer of a fixed number of slots, the last batch padded: a window's bits depend on neither its slot
/// nor its neighbours, so an hour's estimate is the same on any number of ranks. Source of the composition:
/// Schmidt et al. 2025, Alg. 1; see WindowPlan.
class ComposedDenoiser : public diffusion::DifferentiableTrajectoryDenoiser {
 public:
  /// @param windows    outlives this
  /// @param team       the ranks that share the trajectory; outlives this
  /// @param batch      windows in a call of `windows`; always as many where it needs full batches,
  ///                   else at most as many
  ComposedDenoiser(diffusion::WindowDenoiser& windows, const comm::Communicator& team,
                   const SlabPartition& partition, const WindowPlan& plan, std::int64_t batch);
  ComposedDenoiser(const ComposedDenoiser&) = delete;
  ComposedDenoiser& operator=(const ComposedDenoiser&) = delete;

  /// Of this rank so far: windows evaluated, and differentiated (which costs about two evaluations), and what
  /// exchanges cost.
  struct Work {
    std::int64_t evaluated = 0;
    std::int64_t differentiated = 0;
    comm::Traffic traffic = {};

    Work& operator+=(const Work& other) {
      evaluated += other.evaluated;
      differentiated += other.differentiated;
      traffic += other.traffic;
      return *this;
    }
  };
  Work work() const;

  /// @note Collective over the team: two exchanges, in which a rank without hours or windows takes part.
  at::Tensor noise_estimate(const at::Tensor& noisy, const diffusion::NoiseLevel& level) override;

  /// Each window's vector-Jacobian product is evaluated once, by its owner; the owners of its hours add the
  /// windows' gradients in the order of centres, so that the bits are the same on any number of ranks. A
  /// window none of whose outputs has a cotangent is left out. Beside a batch, the gradients of windows that
  /// reach beyond the slab are held, 2k at most for slabs of k hours or more.
  /// @note Collective over the team: three exchanges.
  at::Tensor noise_vjp(const at::Tensor& noisy, const diffusion::NoiseLevel& level,
                       const at::Tensor& cotangent) override;

 private:
  struct Shares;
  ComposedDenoiser(diffusion::WindowDenoiser& windows, const comm::Communicator& team,
                   const SlabPartition& partition, const WindowPlan& plan, std::int64_t batch,
                   const Shares& shares);

  /// A window of this rank and what becomes of its outputs.
  struct Window {
    struct Output {
      std::int64_t offset;  // hour of the window
      std::int64_t row;     // in this rank's slab, or among the outputs it sends
      bool is_local;
    };
    std::int64_t first_hour = 0;
    std::vector<Output> outputs;
  };
  /// What the windows of one evaluation are filled from.
  struct Inputs;
  /// What the vector-Jacobian products of one evaluation start from.
  struct Cotangents;
  void evaluate(const std::vector<const Window*>& windows, const Inputs& inputs, at::Tensor& local,
                at::Tensor& sent);
  void copy_window(const Window& window, const Inputs& inputs, at::Tensor& slot) const;
  /// The windows from `first` on that make a batch, in slots of `room`, which has those of a whole one. Slots
  /// without a window of their own repeat the last one, its hour included.
  diffusion::Windows batch_of(const std::vector<const Window*>& windows, std::int64_t first,
                              const Inputs& inputs, const at::Tensor& room) const;
  /// Calls `use(index, gradient)` for every window that has a cotangent, in order; gradient
  /// [hour*variable, ...].
  void differentiate(const std::vector<Window>& windows, const Inputs& inputs, const Cotangents& cotangents,
                     const std::function<void(std::size_t, const at::Tensor&)>& use);
  void add_own_hours(const Window& window, const at::Tensor& gradient, at::Tensor& sum) const;

  diffusion::WindowDenoiser& windows_;
  Slab slab_;
  std::int64_t window_hours_;
  std::int64_t batch_;
  std::vector<std::int64_t> halo_hours_;     // beyond the slab, rising
  std::int64_t sent_count_;                  // outputs for hours of other ranks
  std::vector<std::int64_t> received_rows_;  // slab rows whose window another rank owns
  std::vector<Window> interior_, border_;    // windows within the slab; windows that need the halo
  std::vector<const Window*> early_, late_;  // evaluated while the halo is on its way, and after it came
  std::size_t border_before_ = 0;            // border windows whose centre precedes the interior's
  std::vector<std::int64_t> border_rows_;  // rows of border windows, [window, hour], for hours of other ranks
  struct ForeignRow {
    std::int64_t row;  // in the slab
    bool is_before;    // its window's centre precedes the slab
  };
  std::vector<ForeignRow> foreign_rows_;  // of other ranks' windows, in the order of centres
  comm::RowExchange halo_, outputs_, gradients_;
  std::int64_t evaluated_ = 0, differentiated_ = 0;
};

}  // namespace foehn::trajectory
