#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "foehn/comm/row_exchange.hpp"
#include "foehn/comm/transport.hpp"
#include "foehn/device/ordered_addition.hpp"
#include "foehn/device/row_index.hpp"
#include "foehn/diffusion/trajectory_denoiser.hpp"
#include "foehn/diffusion/window_denoiser.hpp"
#include "foehn/trajectory/slab_partition.hpp"
#include "foehn/trajectory/window_batches.hpp"
#include "foehn/trajectory/window_plan.hpp"

namespace foehn::trajectory {

/// Composes a denoiser of windows through time into one of a trajectory that a team of ranks shares. An hour
/// may have any shape that the denoiser of windows takes: [variable, y, x], or [variable, cell].
///
/// A window has one owner, the rank whose slab holds its centre. An evaluation brings each rank the hours
/// that its windows need beyond its slab (from any number of neighbours, since a slab may be shorter than k),
/// evaluates full batches of windows that need none of them meanwhile, then the others, and sends outputs to
/// the owners of their hours. The windows of a batch are gathered at once, from slab and halo where they lie,
/// into one buffer of a fixed number of slots, the last batch padded: a window's bits depend on neither its
/// slot nor its neighbours, so an hour's estimate is the same on any number of ranks. Source of the
/// composition: Schmidt et al. 2025, Alg. 1; see WindowPlan.
class ComposedDenoiser : public diffusion::DifferentiableTrajectoryDenoiser {
 public:
  /// @param windows    outlives this
  /// @param transport  between the team's ranks, which share the trajectory; outlives this
  /// @param batch      windows in a call of `windows`; always as many where it needs full batches,
  ///                   else at most as many
  ComposedDenoiser(diffusion::WindowDenoiser& windows, comm::Transport& transport,
                   const SlabPartition& partition, const WindowPlan& plan, std::int64_t batch);
  ~ComposedDenoiser() override;
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
  ///
  /// The halo is fetched with the estimate at `noisy`, and again only if `noisy` is another tensor or has
  /// been changed since, by operations of LibTorch; a linear denoiser needs none.
  /// @note Collective over the team: at most three exchanges. All ranks change their slabs between the same
  /// calls.
  at::Tensor noise_vjp(const at::Tensor& noisy, const diffusion::NoiseLevel& level,
                       const at::Tensor& cotangent) override;

 private:
  struct Shares;
  ComposedDenoiser(diffusion::WindowDenoiser& windows, comm::Transport& transport,
                   const SlabPartition& partition, const WindowPlan& plan, std::int64_t batch,
                   const Shares& shares);

  /// What windows are filled from.
  struct Inputs;
  /// The vector-Jacobian products that cotangents ask for.
  struct Products;
  /// The halo of a slab that has been evaluated.
  struct KnownHalo;

  void plan_additions(std::int64_t markov_order, const std::vector<std::int64_t>& foreign_gradients);
  at::Tensor room_for_batch(const at::Tensor& slab) const;
  /// A batch's hours, [row, variable, ...].
  at::Tensor in_hours(const at::Tensor& windows) const;
  diffusion::Windows fill(const Batch& batch, const Inputs& inputs, const at::Tensor& room) const;
  void evaluate(const std::vector<Batch>& batches, const Inputs& inputs, at::Tensor& local, at::Tensor& sent);
  const Products& products_for(const std::vector<bool>& local, const std::vector<bool>& received);
  /// Calls `use(i, gradients)` for every batch i, in order; gradients [row, variable, ...].
  void differentiate(const std::vector<Batch>& batches, const Inputs& inputs, const at::Tensor& cotangent,
                     const at::Tensor& received,
                     const std::function<void(std::size_t, const at::Tensor&)>& use);
  bool knows_halo_of(const at::Tensor& noisy) const;

  diffusion::WindowDenoiser& windows_;
  std::int64_t batch_;
  Surrounds surrounds_;
  std::int64_t sent_count_;                // outputs for hours of other ranks
  device::RowIndex received_rows_;         // slab rows whose window another rank owns
  std::vector<Window> interior_, border_;  // windows within the slab; windows that need the halo
  std::vector<Batch> early_, late_;        // evaluated while the halo is on its way, and after it came
  // Gradients are added in the order of centres: of other ranks' windows before the slab, of border windows
  // before the interior's, of the interior, and then of the others likewise.
  device::OrderedAddition foreign_before_, border_before_, border_after_, foreign_after_;
  device::RowIndex border_rows_;  // rows of border windows, [window, hour], for hours of other ranks
  comm::RowExchange halo_, outputs_, gradients_;
  std::unique_ptr<KnownHalo> known_halo_;
  std::unique_ptr<Products> products_;  // of the latest cotangents
  std::int64_t evaluated_ = 0, differentiated_ = 0;
};

}  // namespace foehn::trajectory
