#include "foehn/conditioning/scatter.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <utility>

#include "conditioning/observations_in.hpp"
#include "foehn/observation/block_mean_operator.hpp"

namespace foehn::conditioning {

namespace {

constexpr std::int64_t kObservationsAtOnce = 64;  // that the root holds for others

using Read = std::function<at::Tensor(std::int64_t first, std::int64_t count)>;

/// Reads for ranks that wait for what is read: after a failure they still get something, so that they can all
/// agree that it failed.
class Source {
 public:
  /// @param read  observations [first, first + count); called on the root alone
  Source(const Read& read, std::vector<std::int64_t> shape) : read_(read), shape_(std::move(shape)) {}

  /// Observations [first, first + count), or anything of their shape once one could not be read.
  at::Tensor read(std::int64_t first, std::int64_t count) {
    if (!failure_) {
      try {
        return read_(first, count);
      } catch (...) {
        failure_ = std::current_exception();
      }
    }
    std::vector<std::int64_t> sizes = shape_;
    sizes.insert(sizes.begin(), count);
    return at::zeros(sizes, at::kFloat);
  }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  const Read& read_;
  std::vector<std::int64_t> shape_;  // of an observation
  std::exception_ptr failure_;
};

/// Which observations each rank of a team gets, [first, last).
using Ranges = std::vector<std::pair<std::int64_t, std::int64_t>>;

/// Hands each rank the values of its range, [observation, variable, Y, X].
/// @param shape  of an observation
/// @param read   of the root
at::Tensor scatter_values(const comm::Communicator& world, const Ranges& ranges,
                          const std::vector<std::int64_t>& shape, const Read& read) {
  const int team = static_cast<int>(ranges.size());
  const auto [first, last] = ranges[static_cast<std::size_t>(world.rank() % team)];
  const auto span_of = [](at::Tensor& values) {
    return std::span(values.data_ptr<float>(), static_cast<std::size_t>(values.numel()));
  };
  at::Tensor mine = at::empty({last - first, shape[0], shape[1], shape[2]}, at::kFloat);
  Source source(read, shape);
  std::vector<MPI_Request> requests;
  if (!world.is_root()) {
    for (std::int64_t i = 0; i < mine.size(0); i += kObservationsAtOnce) {
      at::Tensor some = mine.narrow(0, i, std::min(kObservationsAtOnce, mine.size(0) - i));
      requests.push_back(world.start_receive(span_of(some), 0));
    }
  } else {
    for (int rank = 0; rank < team; ++rank) {
      const auto [begin, end] = ranges[static_cast<std::size_t>(rank)];
      for (auto i = begin; i < end; i += kObservationsAtOnce) {
        at::Tensor values = source.read(i, std::min(kObservationsAtOnce, end - i));
        for (int to = rank; to < world.size(); to += team) {
          if (to == 0)
            mine.narrow(0, i - begin, values.size(0)).copy_(values);
          else
            world.send(span_of(values), to);
        }
      }
    }
  }
  comm::wait(requests);
  world.agree([&] { source.rethrow(); });
  return mine;
}

/// Likewise of a series.
/// @param series  null but on the root
at::Tensor scatter_series(const comm::Communicator& world, const Ranges& ranges, const Placement& placement,
                          const grid::Grid& grid, const CheckedSeries* series) {
  return scatter_values(
      world, ranges,
      {static_cast<std::int64_t>(placement.variables.size()), grid.ny() / placement.block,
       grid.nx() / placement.block},
      [series](std::int64_t first, std::int64_t count) { return series->read(first, count); });
}

/// The deviation of the observed variables at the hours of some intervals (see
/// observation::BlockMeanOperator).
/// @param first, last  of the placement's intervals
at::Tensor deviation_of(const Placement& placement, std::int64_t first, std::int64_t last,
                        const Period& period, const model::Domain& domain, const at::Device& device) {
  const model::Deviation* deviation = domain.normalisation.deviation();
  if (deviation == nullptr) return {};
  const at::Tensor observed = at::tensor(placement.variables, at::kLong);
  const auto at_hour = [&](std::int64_t hour) {
    return deviation->at(period.seconds(hour), period.calendar).index_select(0, observed).to(at::kFloat);
  };
  std::vector<at::Tensor> rows;
  if (deviation->is_constant()) {
    rows.push_back(at_hour(0));
  } else {
    for (auto i = first; i < last; ++i) {
      const observation::Interval& hours = placement.intervals[static_cast<std::size_t>(i)];
      for (std::int64_t hour = hours.first; hour < hours.last; ++hour) rows.push_back(at_hour(hour));
    }
  }
  return rows.empty() ? at::Tensor() : at::stack(rows).to(device);
}

Ranges observations_of_slabs(const trajectory::SlabPartition& partition, const Placement& placement) {
  Ranges ranges;
  for (int rank = 0; rank < partition.ranks(); ++rank)
    ranges.push_back(observations_in(partition.slab(rank), placement.intervals));
  return ranges;
}

/// From the last snapshot at or before a slab's hours, and `reach` more, to the first at or after them.
Ranges snapshots_about_slabs(const trajectory::SlabPartition& partition, const Placement& placement,
                             std::int64_t reach) {
  const auto place_of = [&](std::int64_t hour) {
    return observations_in({hour, hour}, placement.intervals).first;
  };
  const auto count = static_cast<std::int64_t>(placement.intervals.size());
  Ranges ranges;
  for (int rank = 0; rank < partition.ranks(); ++rank) {
    const trajectory::Slab slab = partition.slab(rank);
    if (slab.size() == 0) {
      ranges.emplace_back(0, 0);
      continue;
    }
    const std::int64_t first = std::max<std::int64_t>(slab.first - reach, 0),
                       last = std::min(slab.last + reach, partition.hours()) - 1;
    ranges.emplace_back(std::max<std::int64_t>(place_of(first + 1) - 1, 0),
                        std::min(place_of(last) + 1, count));
  }
  return ranges;
}

/// The hours of some of the snapshots of a placement, [first, last).
std::vector<std::int64_t> hours_of(const Placement& placement, std::int64_t first, std::int64_t last) {
  std::vector<std::int64_t> hours;
  for (auto i = first; i < last; ++i) hours.push_back(placement.intervals[static_cast<std::size_t>(i)].first);
  return hours;
}

/// How the observations of a slab arise from its fields.
std::shared_ptr<const observation::Operator> make_operator(const Placement& placement,
                                                           const trajectory::Slab& slab, const Period& period,
                                                           const model::Domain& domain,
                                                           const at::Device& device) {
  const auto [first, last] = observations_in(slab, placement.intervals);
  observation::BlockMeanOperator::Layout layout{placement.variables,
                                                observation::BlockMean(placement.block),
                                                {},
                                                deviation_of(placement, first, last, period, domain, device)};
  for (auto i = first; i < last; ++i) {
    const observation::Interval& hours = placement.intervals[static_cast<std::size_t>(i)];
    layout.intervals.push_back({hours.first - slab.first, hours.last - slab.first});
  }
  return std::make_shared<observation::BlockMeanOperator>(std::move(layout));
}

}  // namespace

std::pair<std::int64_t, std::int64_t> observations_in(const trajectory::Slab& slab,
                                                      const std::vector<observation::Interval>& intervals) {
  const auto place_of = [&](std::int64_t hour) {
    return std::lower_bound(
               intervals.begin(), intervals.end(), hour,
               [](const observation::Interval& interval, std::int64_t h) { return interval.first < h; }) -
           intervals.begin();
  };
  return {place_of(slab.first), place_of(slab.last)};
}

std::vector<observation::Observations> scatter_observations(
    const comm::Communicator& world, const trajectory::SlabPartition& partition,
    const std::vector<Placement>& placements, const std::vector<const CheckedObservations*>& all,
    const Period& period, const model::Domain& domain, const std::vector<double>& physical_std,
    const at::Device& device) {
  std::vector<observation::Observations> observations(all.size());
  if (placements.empty()) return observations;
  const model::Domain seen = domain.of_observations();
  const at::Tensor std = at::tensor(physical_std, at::kDouble) / seen.normalisation.scale();
  const trajectory::Slab slab = partition.slab(world.rank() % partition.ranks());
  for (std::size_t i = 0; i < placements.size(); ++i) {
    const Placement& placement = placements[i];
    const Ranges ranges = observations_of_slabs(partition, placement);
    const auto model = make_operator(placement, slab, period, seen, device);
    const at::Tensor variance = std.index_select(0, at::tensor(placement.variables, at::kLong))
                                    .square()
                                    .reshape({-1, 1, 1})
                                    .to(at::kFloat)
                                    .to(device);
    for (std::size_t source = 0; source < all.size(); ++source) {
      const CheckedSeries* const series = all[source] != nullptr ? &all[source]->series[i] : nullptr;
      const at::Tensor values = scatter_series(world, ranges, placement, domain.grid, series);
      observations[source].emplace_back(model, values.to(device), variance);
    }
  }
  return observations;
}

model::CoarseSnapshots scatter_coarse(const comm::Communicator& world,
                                      const trajectory::SlabPartition& partition,
                                      const std::vector<Placement>& placements,
                                      const CheckedObservations* all, const model::Domain& domain,
                                      std::int64_t reach, const at::Device& device) {
  const Placement& first = placements.front();
  const Ranges ranges = snapshots_about_slabs(partition, first, reach);
  const auto [begin, end] = ranges[static_cast<std::size_t>(world.rank() % partition.ranks())];
  model::CoarseSnapshots snapshots{first.block, hours_of(first, begin, end), {}};
  at::Tensor values = at::empty({end - begin, static_cast<std::int64_t>(domain.variables.size()),
                                 domain.grid.ny() / first.block, domain.grid.nx() / first.block},
                                at::kFloat);
  for (std::size_t i = 0; i < placements.size(); ++i)
    values.index_copy_(1, at::tensor(placements[i].variables, at::kLong),
                       scatter_series(world, ranges, placements[i], domain.grid,
                                      all != nullptr ? &all->series[i] : nullptr));
  snapshots.values = values.to(device);
  return snapshots;
}

model::CoarseSnapshots scatter_coarse(const comm::Communicator& world,
                                      const trajectory::SlabPartition& partition, const Placement& placement,
                                      const at::Tensor* all, std::shared_ptr<const model::CoarseCells> cells,
                                      const model::Domain& domain, std::int64_t reach,
                                      const at::Device& device) {
  const Ranges ranges = snapshots_about_slabs(partition, placement, reach);
  const auto [begin, end] = ranges[static_cast<std::size_t>(world.rank() % partition.ranks())];
  const at::Tensor values = scatter_values(
      world, ranges, {static_cast<std::int64_t>(domain.variables.size()), 1, cells->grid().cells()},
      [all](std::int64_t first, std::int64_t count) { return all->narrow(0, first, count); });
  return {1, hours_of(placement, begin, end), values.to(device), std::move(cells)};
}

}  // namespace foehn::conditioning
