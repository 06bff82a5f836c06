#include "foehn/observation/observations.hpp"

#include <ATen/ATen.h>

namespace foehn::observation {

namespace {

/// One observation's values [variable, Y, X], with zeros where they are missing.
at::Tensor zero_where_missing(const ObservationSet& set, std::int64_t observation, const at::Tensor& values) {
  return set.is_missing.defined() ? values.masked_fill(set.is_missing.select(0, observation), 0) : values;
}

}  // namespace

at::Tensor ObservationSet::apply(const at::Tensor& slab, std::int64_t observation) const {
  const Interval& interval = intervals[static_cast<std::size_t>(observation)];
  at::Tensor sum;
  for (std::int64_t hour = interval.first; hour < interval.last; ++hour) {
    const at::Tensor fields = slab.select(0, hour);
    std::vector<at::Tensor> observed;
    for (const std::int64_t variable : variables) observed.push_back(fields.select(0, variable));
    at::Tensor stacked = at::stack(observed);
    if (deviation.defined()) stacked.mul_(deviation_at(observation, hour));
    const at::Tensor means = block_mean.apply(stacked);
    sum = sum.defined() ? sum.add_(means) : means;
  }
  if (interval.hours() > 1) sum.div_(static_cast<double>(interval.hours()));
  return zero_where_missing(*this, observation, sum);
}

void ObservationSet::add_adjoint(const at::Tensor& cotangent, std::int64_t observation,
                                 at::Tensor& slab) const {
  const Interval& interval = intervals[static_cast<std::size_t>(observation)];
  const at::Tensor share = block_mean.adjoint(zero_where_missing(*this, observation, cotangent) /
                                              static_cast<double>(interval.hours()));
  for (std::int64_t hour = interval.first; hour < interval.last; ++hour) {
    at::Tensor fields = slab.select(0, hour);
    const at::Tensor given = deviation.defined() ? share * deviation_at(observation, hour) : share;
    for (std::size_t i = 0; i < variables.size(); ++i)
      fields.select(0, variables[i]).add_(given.select(0, static_cast<std::int64_t>(i)));
  }
}

at::Tensor ObservationSet::self_product(std::int64_t observation) const {
  const Interval& interval = intervals[static_cast<std::size_t>(observation)];
  const auto averaged = static_cast<double>(block_mean.cells() * interval.hours());
  if (!deviation.defined()) return at::scalar_tensor(1 / averaged, at::kDouble);
  at::Tensor sum;
  for (std::int64_t hour = interval.first; hour < interval.last; ++hour) {
    const at::Tensor squares = block_mean.apply(deviation_at(observation, hour).square());
    sum = sum.defined() ? sum.add_(squares) : squares;
  }
  return sum.div_(static_cast<double>(interval.hours()) * averaged);
}

at::Tensor ObservationSet::deviation_at(std::int64_t observation, std::int64_t hour) const {
  if (deviation.size(0) == 1) return deviation.select(0, 0);
  std::int64_t row = hour - intervals[static_cast<std::size_t>(observation)].first;
  for (std::int64_t before = 0; before < observation; ++before)
    row += intervals[static_cast<std::size_t>(before)].hours();
  return deviation.select(0, row);
}

}  // namespace foehn::observation
