#include "foehn/observation/block_mean_operator.hpp"

#include <ATen/ATen.h>

#include <utility>

namespace foehn::observation {

BlockMeanOperator::BlockMeanOperator(Layout layout) : layout_(std::move(layout)) {
  std::int64_t row = 0;
  for (const Interval& hours : layout_.intervals) {
    deviation_rows_.push_back(row);
    row += hours.hours();
  }
}

at::Tensor BlockMeanOperator::apply(const at::Tensor& slab, std::int64_t observation) const {
  const Interval& hours = interval(observation);
  at::Tensor sum;
  for (std::int64_t hour = hours.first; hour < hours.last; ++hour) {
    const at::Tensor fields = slab.select(0, hour);
    std::vector<at::Tensor> observed;
    for (const std::int64_t variable : layout_.variables) observed.push_back(fields.select(0, variable));
    at::Tensor stacked = at::stack(observed);
    if (layout_.deviation.defined()) stacked.mul_(deviation_at(observation, hour));
    const at::Tensor means = layout_.block_mean.apply(stacked);
    sum = sum.defined() ? sum.add_(means) : means;
  }
  if (hours.hours() > 1) sum.div_(static_cast<double>(hours.hours()));
  return sum;
}

void BlockMeanOperator::add_adjoint(const at::Tensor& cotangent, std::int64_t observation,
                                    at::Tensor& slab) const {
  const Interval& hours = interval(observation);
  const at::Tensor share = layout_.block_mean.adjoint(cotangent / static_cast<double>(hours.hours()));
  for (std::int64_t hour = hours.first; hour < hours.last; ++hour) {
    at::Tensor fields = slab.select(0, hour);
    const at::Tensor given = layout_.deviation.defined() ? share * deviation_at(observation, hour) : share;
    for (std::size_t i = 0; i < layout_.variables.size(); ++i)
      fields.select(0, layout_.variables[i]).add_(given.select(0, static_cast<std::int64_t>(i)));
  }
}

at::Tensor BlockMeanOperator::self_product(std::int64_t observation) const {
  const Interval& hours = interval(observation);
  const auto averaged = static_cast<double>(layout_.block_mean.cells() * hours.hours());
  if (!layout_.deviation.defined()) return at::scalar_tensor(1 / averaged, at::kDouble);
  at::Tensor sum;
  for (std::int64_t hour = hours.first; hour < hours.last; ++hour) {
    const at::Tensor squares = layout_.block_mean.apply(deviation_at(observation, hour).square());
    sum = sum.defined() ? sum.add_(squares) : squares;
  }
  return sum.div_(static_cast<double>(hours.hours()) * averaged);
}

at::Tensor BlockMeanOperator::deviation_at(std::int64_t observation, std::int64_t hour) const {
  if (layout_.deviation.size(0) == 1) return layout_.deviation.select(0, 0);
  return layout_.deviation.select(
      0, deviation_rows_[static_cast<std::size_t>(observation)] + hour - interval(observation).first);
}

}  // namespace foehn::observation
