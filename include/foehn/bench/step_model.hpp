#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace foehn::bench {

/// Passes of a denoiser over a trajectory, in each of which a rank calls it on batches of its windows.
struct Passes {
  double per_step = 0;
  std::int64_t every = 1;       ///< one window for so many hours
  std::int64_t batch = 1;       ///< windows in a call, at most
  std::int64_t border = 0;      ///< windows that are called apart where a slab has neighbours
  bool is_padded = true;        ///< a call with fewer windows takes as long
  double seconds_per_call = 0;  ///< of a full batch

  /// @param hours          of a rank's slab
  /// @param has_neighbours  are there other ranks?
  double seconds(std::int64_t hours, bool has_neighbours) const;
};

/// What ranks do in a step of `foehn sample`, as measured.
struct StepParts {
  std::int64_t period = 1;  ///< slabs are cut at multiples of so many hours
  std::vector<Passes> passes = {};
  double fixed_seconds = 0;  ///< outside the denoisers: of a step,
  double hour_seconds = 0;   ///< and of each hour of a slab
  double messages = 0;       ///< that a rank waits for, one after another, if it has neighbours
  double bytes = 0;          ///< that a rank between two others sends
  double end_bytes = 0;      ///< that a rank with one neighbour sends at most
  double sums = 0;           ///< over all ranks
};

/// What travels between ranks, as measured.
struct LinkSpeed {
  double message_seconds = 0;  ///< of a message without content
  double bytes_per_second = 1;
  double sum_seconds = 0;       ///< of a sum over two ranks, and as much again for each doubling
  double sum_hour_seconds = 0;  ///< of it, for each hour of the trajectory
};

/// Seconds of a step, of the rank with most hours.
struct StepCost {
  double denoisers = 0, outside = 0;
  double exchanges = 0;  ///< of rows (halos, gradients), as if no work hid any of it, and sums

  double total() const { return denoisers + outside + exchanges; }
  double exchanged_share() const { return exchanges / total(); }
};

/// @param hours  of the trajectory
StepCost predict(const StepParts& parts, const LinkSpeed& link, std::int64_t hours, std::int64_t ranks);

/// The fewest ranks on which exchanges take a share of a step; nothing if they do so on none up to `most`.
std::optional<std::int64_t> ranks_of_share(const StepParts& parts, const LinkSpeed& link, std::int64_t hours,
                                           double share, std::int64_t most);

}  // namespace foehn::bench
