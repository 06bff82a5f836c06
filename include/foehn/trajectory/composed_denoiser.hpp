#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "foehn/comm/communicator.hpp"
#include "foehn/comm/row_exchange.hpp"
#include "foehn/diffusion/denoiser.hpp"
#include "foehn/trajectory/slab_partition.hpp"
#include "foehn/trajectory/window_plan.hpp"

namespace foehn::trajectory {

/// Composes a denoiser of windows through time into one of a trajectory that a team of ranks shares.
///
/// A window has one owner, the rank whose slab holds its centre. An evaluation brings each rank the hours
/// that its windows need beyond its slab (from any number of neighbours, since a slab may be shorter than k),
/// evaluates the windows that need none of them meanwhile, then the others, and sends outputs to the owners
/// of their hours. Windows are gathered hour by hour, from slab and halo where they lie, into one batch
/// buffer of a fixed number of slots, the last batch padded: a window's bits depend on neither its slot nor
/// its neighbours, so a hour's estimate is the same on any number of ranks. Source of the composition:
/// Schmidt et al. 2025, Alg. 1; see WindowPlan.
class ComposedDenoiser : public diffusion::Denoiser {
 public:
  /// @param windows    denoiser of windows [window, hour*variable, y, x]; outlives this
  /// @param team       the ranks that share the trajectory; outlives this
  /// @param batch      windows in a call of `windows`, always as many
  ComposedDenoiser(diffusion::Denoiser& windows, const comm::Communicator& team,
                   const SlabPartition& partition, const WindowPlan& plan, std::int64_t batch);

  /// @param noisy  this rank's slab, [hour, variable, y, x], normalised; may have no hours, but has the
  /// others' trailing
  ///               shape
  /// @note Collective over the team: two exchanges, in which a rank without hours or windows takes part.
  at::Tensor noise_estimate(const at::Tensor& noisy, const diffusion::NoiseLevel& level) override;

 private:
  struct Shares;
  ComposedDenoiser(diffusion::Denoiser& windows, const comm::Communicator& team,
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
  void evaluate(const std::vector<Window>& windows, const at::Tensor& noisy, const at::Tensor& halo,
                const diffusion::NoiseLevel& level, at::Tensor& local, at::Tensor& sent);
  void copy_window(const Window& window, const at::Tensor& noisy, const at::Tensor& halo,
                   at::Tensor& slot) const;

  diffusion::Denoiser& windows_;
  Slab slab_;
  std::int64_t window_hours_;
  std::int64_t batch_;
  std::vector<std::int64_t> halo_hours_;     // beyond the slab, rising
  std::int64_t sent_count_;                  // outputs for hours of other ranks
  std::vector<std::int64_t> received_rows_;  // slab rows whose window another rank owns
  std::vector<Window> interior_, border_;    // windows within the slab; windows that need the halo
  comm::RowExchange halo_, outputs_;
};

}  // namespace foehn::trajectory
