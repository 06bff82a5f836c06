#include "observed_set.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>
#include <utility>

namespace foehn::app {

namespace {

constexpr std::int64_t kObservationsAtOnce = 64;  // that the root holds for others

/// Observations [first, last) of a set that a slab holds.
std::pair<std::int64_t, std::int64_t> range_in(const trajectory::Slab& slab, const ObservedSet& set) {
  const auto place = [&](std::int64_t hour) {
    return std::lower_bound(
               set.intervals.begin(), set.intervals.end(), hour,
               [](const observation::Interval& interval, std::int64_t h) { return interval.first < h; }) -
           set.intervals.begin();
  };
  return {place(slab.first), place(slab.last)};
}

/// Hands each rank the values of one set, [observation, variable, Y, X].
/// @param source  null but on the root
at::Tensor scatter_values(const comm::Communicator& world, const ensemble::Team& team,
                          const trajectory::SlabPartition& partition, const ObservedSet& set,
                          const grid::Grid& grid, const ObservationSource* source) {
  const auto [first, last] = range_in(partition.slab(team.ranks.rank()), set);
  const auto span_of = [](at::Tensor& values) {
    return std::span(values.data_ptr<float>(), static_cast<std::size_t>(values.numel()));
  };
  at::Tensor mine = at::empty({last - first, static_cast<std::int64_t>(set.variables.size()),
                               grid.ny() / set.block, grid.nx() / set.block},
                              at::kFloat);
  std::vector<MPI_Request> requests;
  if (!world.is_root()) {
    for (std::int64_t i = 0; i < mine.size(0); i += kObservationsAtOnce) {
      at::Tensor some = mine.narrow(0, i, std::min(kObservationsAtOnce, mine.size(0) - i));
      requests.push_back(world.start_receive(span_of(some), 0));
    }
  } else {
    for (int rank = 0; rank < partition.ranks(); ++rank) {
      const auto [begin, end] = range_in(partition.slab(rank), set);
      for (auto i = begin; i < end; i += kObservationsAtOnce) {
        at::Tensor values = source->read(i, std::min(kObservationsAtOnce, end - i));
        for (int other = 0; other < team.count; ++other) {
          const int to = other * partition.ranks() + rank;
          if (to == 0)
            mine.narrow(0, i, values.size(0)).copy_(values);
          else
            world.send(span_of(values), to);
        }
      }
    }
  }
  comm::wait(requests);
  return mine;
}

/// The deviation of a set's variables at the hours of some intervals (see observation::ObservationSet).
/// @param first, last  of the set's intervals
at::Tensor deviation_of(const ObservedSet& set, std::int64_t first, std::int64_t last, const Period& period,
                        const model::Domain& domain, const at::Device& device) {
  const model::Deviation* deviation = domain.normalisation.deviation();
  if (deviation == nullptr) return {};
  const at::Tensor observed = at::tensor(set.variables, at::kLong);
  const auto at_hour = [&](std::int64_t hour) {
    return deviation->at(period.seconds(hour), period.calendar).index_select(0, observed).to(at::kFloat);
  };
  std::vector<at::Tensor> rows;
  if (deviation->is_constant()) {
    rows.push_back(at_hour(0));
  } else {
    for (auto i = first; i < last; ++i) {
      const observation::Interval& hours = set.intervals[static_cast<std::size_t>(i)];
      for (std::int64_t hour = hours.first; hour < hours.last; ++hour) rows.push_back(at_hour(hour));
    }
  }
  return rows.empty() ? at::Tensor() : at::stack(rows).to(device);
}

}  // namespace

std::string describe(const ObservedSet& set, const std::vector<io::Variable>& variables) {
  const std::int64_t hours = set.intervals.front().hours();
  std::string text = fmt::format("{} {}", set.intervals.size(),
                                 hours == 1 ? "observations" : fmt::format("means over {} steps", hours));
  if (set.variables.size() < variables.size()) {
    std::vector<std::string> names;
    for (const std::int64_t i : set.variables) names.push_back(variables[static_cast<std::size_t>(i)].name);
    text += fmt::format(" of {}", fmt::join(names, ", "));
  }
  return fmt::format("{} every {} steps in blocks of {} x {}", text, set.period, set.block, set.block);
}

std::vector<std::int64_t> slab_borders(const std::vector<ObservedSet>& sets, std::int64_t hours) {
  std::vector<bool> may_cut(static_cast<std::size_t>(hours));
  for (const ObservedSet& set : sets)
    for (std::int64_t hour = set.intervals.front().first % set.period; hour < hours; hour += set.period)
      may_cut[static_cast<std::size_t>(hour)] = true;
  for (const ObservedSet& set : sets)
    for (const observation::Interval& interval : set.intervals)
      std::fill(may_cut.begin() + interval.first + 1, may_cut.begin() + interval.last, false);
  std::vector<std::int64_t> borders;
  for (std::int64_t hour = 0; hour < hours; ++hour)
    if (may_cut[static_cast<std::size_t>(hour)]) borders.push_back(hour);
  return borders;
}

observation::Observations scatter_observations(
    const comm::Communicator& world, const ensemble::Team& team, const trajectory::SlabPartition& partition,
    const std::vector<ObservedSet>& sets, const std::vector<ObservationSource>& sources, const Period& period,
    const model::Domain& domain, const std::vector<double>& physical_std, const at::Device& device) {
  const at::Tensor std = at::tensor(physical_std, at::kDouble) / domain.normalisation.scale();
  const trajectory::Slab slab = partition.slab(team.ranks.rank());
  observation::Observations observations;
  for (std::size_t s = 0; s < sets.size(); ++s) {
    const ObservedSet& observed = sets[s];
    const at::Tensor values = scatter_values(world, team, partition, observed, domain.grid,
                                             world.is_root() ? &sources[s] : nullptr);
    const at::Tensor is_missing = values.isnan();
    const at::Tensor variance =
        std.index_select(0, at::tensor(observed.variables, at::kLong)).square().reshape({-1, 1, 1});
    observation::ObservationSet set{observed.variables,
                                    observation::BlockMean(observed.block),
                                    {},
                                    values.masked_fill(is_missing, 0).to(device),
                                    variance.to(at::kFloat).to(device),
                                    is_missing.any().item<bool>() ? is_missing.to(device) : at::Tensor()};
    const auto [first, last] = range_in(slab, observed);
    set.deviation = deviation_of(observed, first, last, period, domain, device);
    for (auto i = first; i < last; ++i) {
      const observation::Interval& hours = observed.intervals[static_cast<std::size_t>(i)];
      set.intervals.push_back({hours.first - slab.first, hours.last - slab.first});
    }
    observations.push_back(std::move(set));
  }
  return observations;
}

}  // namespace foehn::app
