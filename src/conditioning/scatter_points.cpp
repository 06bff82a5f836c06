#include "foehn/conditioning/scatter_points.hpp"

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "conditioning/observations_in.hpp"
#include "foehn/observation/sparse_operator.hpp"

namespace foehn::conditioning {

namespace {

std::span<float> span_of(const at::Tensor& values) {
  return {values.data_ptr<float>(), static_cast<std::size_t>(values.numel())};
}

/// Numbers of cells travel in two parts, since float32 holds all whole numbers only up to 2^24.
constexpr std::int64_t kCellsOfPart = std::int64_t{1} << 20;

/// @return  [2, ...], float32; undefined of an undefined tensor
at::Tensor split(const at::Tensor& cells) {
  if (!cells.defined()) return cells;
  return at::stack({at::div(cells, kCellsOfPart, "floor"), at::remainder(cells, kCellsOfPart)})
      .to(at::kFloat);
}

at::Tensor joined(const at::Tensor& parts) {
  const at::Tensor whole = parts.to(at::kLong);
  return whole.select(0, 0) * kCellsOfPart + whole.select(0, 1);
}

/// Hands each rank its part of a tensor: those observations that its slab holds, or all where the tensor is
/// the same for all observations.
class Scatter {
 public:
  Scatter(const comm::Communicator& world, const trajectory::SlabPartition& partition,
          const PointPlacement& placement)
      : world_(world), partition_(partition), placement_(placement) {}

  /// @param whole      float32, of the root
  /// @param dimension  that of observations
  at::Tensor operator()(const at::Tensor& whole, std::int64_t dimension) const {
    std::vector<std::int64_t> sizes;
    if (world_.is_root()) sizes = whole.sizes().vec();
    world_.broadcast(sizes);
    if (world_.is_root()) {
      for (int rank = 1; rank < world_.size(); ++rank) {
        const at::Tensor part = part_of(whole, dimension, rank);
        if (part.numel() > 0) world_.send(span_of(part), rank);
      }
      return part_of(whole, dimension, 0);
    }
    std::int64_t& observations = sizes[static_cast<std::size_t>(dimension)];
    if (!is_shared(observations)) observations = count_of(range_of(world_.rank()));
    at::Tensor mine = at::empty(sizes, at::kFloat);
    std::vector<MPI_Request> requests;
    if (mine.numel() > 0) requests.push_back(world_.start_receive(span_of(mine), 0));
    comm::wait(requests);
    return mine;
  }

 private:
  /// @param observations  that a tensor says it holds
  bool is_shared(std::int64_t observations) const {
    return observations == 1 && placement_.intervals.size() > 1;
  }
  using Range = std::pair<std::int64_t, std::int64_t>;  // [first, last)
  static std::int64_t count_of(const Range& range) { return range.second - range.first; }
  Range range_of(int rank) const {
    return observations_in(partition_.slab(rank % partition_.ranks()), placement_.intervals);
  }
  at::Tensor part_of(const at::Tensor& whole, std::int64_t dimension, int rank) const {
    if (is_shared(whole.size(dimension))) return whole.contiguous();
    const Range range = range_of(rank);
    return whole.narrow(dimension, range.first, count_of(range)).contiguous();
  }

  const comm::Communicator& world_;
  const trajectory::SlabPartition& partition_;
  const PointPlacement& placement_;
};

/// How the errors of a set are correlated, which every rank knows of the whole set.
/// @param set  of the root; anything on the others
std::shared_ptr<const observation::CorrelatedErrors> share_errors(
    const comm::Communicator& world, const PointPlacement& placement, const PointSet& set,
    const std::pair<std::int64_t, std::int64_t>& mine, const observation::Gather& gather) {
  observation::CorrelatedErrors::Layout layout;
  for (const observation::Interval& hours : placement.intervals) layout.hours.push_back(hours.first);
  std::vector<double> numbers;
  if (world.is_root()) {
    layout.stations = set.stations;
    const at::Tensor variance = set.variance.to(at::kDouble).contiguous();
    layout.variance.assign(variance.data_ptr<double>(), variance.data_ptr<double>() + variance.numel());
    numbers = {set.bias_variance, set.correlation_steps};
  }
  world.broadcast(layout.stations);
  world.broadcast(layout.variance);
  world.broadcast(numbers);
  layout.bias_variance = numbers[0];
  layout.correlation_hours = numbers[1];
  layout.first = mine.first;
  layout.count = mine.second - mine.first;
  return std::make_shared<observation::CorrelatedErrors>(std::move(layout), gather);
}

}  // namespace

observation::Observations scatter_points(const comm::Communicator& world,
                                         const trajectory::SlabPartition& partition,
                                         const std::vector<PointPlacement>& placements,
                                         const std::vector<PointSet>* sets, const observation::Gather& gather,
                                         const at::Device& device) {
  const trajectory::Slab slab = partition.slab(world.rank() % partition.ranks());
  observation::Observations observations;
  for (std::size_t i = 0; i < placements.size(); ++i) {
    const PointPlacement& placement = placements[i];
    const Scatter scatter(world, partition, placement);
    const PointSet none, &set = sets != nullptr ? (*sets)[i] : none;
    const at::Tensor cells = joined(scatter(split(set.cells), 2));
    const at::Tensor weights = scatter(set.weights, 2), values = scatter(set.values, 0),
                     variance = scatter(set.variance, 0);
    observation::SparseOperator::Layout layout{
        {placement.variable}, {}, cells.to(device), weights.to(device)};
    const auto [first, last] = observations_in(slab, placement.intervals);
    for (auto o = first; o < last; ++o) {
      const observation::Interval& hours = placement.intervals[static_cast<std::size_t>(o)];
      layout.intervals.push_back({hours.first - slab.first, hours.last - slab.first});
    }
    std::vector<double> bias_variance{set.bias_variance};
    world.broadcast(bias_variance);
    const at::Tensor total = variance + bias_variance[0];
    const bool needs_chains = gather && placement.has_correlated_errors();
    const auto errors = needs_chains ? share_errors(world, placement, set, {first, last}, gather) : nullptr;
    observations.emplace_back(std::make_shared<observation::SparseOperator>(std::move(layout)),
                              values.to(device), total.to(device), errors);
  }
  return observations;
}

}  // namespace foehn::conditioning
