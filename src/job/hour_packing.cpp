#include "hour_packing.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <utility>

namespace foehn::job {

HourPacking::HourPacking(const Plan& plan, const model::Domain& domain)
    : plan_(plan),
      domain_(domain),
      variables_(domain.variables.size()),
      cells_(static_cast<std::size_t>(domain.grid.cells())) {
  const at::Tensor ends = domain.quantiles.to(at::kDouble);
  for (std::int64_t variable = 0; variable < ends.size(0); ++variable) {
    lowest_.push_back(ends[variable][0].item<double>());
    highest_.push_back(ends[variable][-1].item<double>());
  }
  if (plan.output.has_geographic_winds) turn_winds_ = io::WindTurning::of(domain.variables, domain.grid);
}

std::vector<float> HourPacking::physical(const ensemble::HeldHours& hours, std::int64_t hour) const {
  std::vector<float> values(variables_ * cells_);
  const at::Tensor fields = hours.at(hour);
  at::from_blob(values.data(), fields.sizes(), at::kFloat)
      .copy_(domain_.physical(fields, plan_.period.seconds(hour), plan_.period.calendar));
  return values;
}

std::vector<HourFacts> HourPacking::facts_of(std::span<const float> fields,
                                             std::span<const float> before) const {
  std::vector<HourFacts> all(variables_);
  for (std::size_t variable = 0; variable < variables_; ++variable) {
    HourFacts& facts = all[variable];
    const std::size_t first = variable * cells_;
    const auto [lowest, highest] = std::ranges::minmax(fields.subspan(first, cells_));
    facts.lowest = lowest;
    facts.highest = highest;
    for (std::size_t cell = first; cell < first + cells_; ++cell) {
      const auto value = static_cast<double>(fields[cell]);
      if (value < lowest_[variable] || value > highest_[variable]) ++facts.beyond;
      if (before.empty()) continue;
      const double change = value - static_cast<double>(before[cell]);
      facts.sum += change;
      facts.squares += change * change;
    }
    for (std::size_t point = 0; point < HourFacts::kPoints; ++point)
      facts.points[point] = fields[first + point * cells_ / HourFacts::kPoints];
  }
  return all;
}

PackedHours HourPacking::pack(const ensemble::HeldHours& hours, const io::ChunkSpan& span) const {
  const at::NoGradGuard no_gradients;  // which each thread needs for itself
  PackedHours packed;
  std::vector<core::PagedVector<float>> values(variables_);  // [variable][hour, cell]
  for (auto& of_one : values) of_one.reserve(static_cast<std::size_t>(span.size()) * cells_);
  std::vector<float> before;
  if (span.first > 0) before = physical(hours, span.first - 1);
  for (std::int64_t hour = span.first; hour < span.last; ++hour) {
    std::vector<float> fields = physical(hours, hour);
    const std::vector<HourFacts> facts = facts_of(fields, before);
    packed.facts.insert(packed.facts.end(), facts.begin(), facts.end());
    before = fields;
    if (turn_winds_) (*turn_winds_)(fields);
    for (std::size_t variable = 0; variable < variables_; ++variable) {
      const auto first = fields.begin() + static_cast<std::ptrdiff_t>(variable * cells_);
      values[variable].insert(values[variable].end(), first, first + static_cast<std::ptrdiff_t>(cells_));
    }
  }
  const io::ChunkEncoding encoding{.chunk_steps = plan_.output.chunk_hours,
                                   .cells = static_cast<std::int64_t>(cells_),
                                   .deflate = static_cast<int>(plan_.output.compression),
                                   .significant_digits = plan_.output.significant_digits};
  for (const core::PagedVector<float>& of_one : values)
    packed.chunks.push_back(io::encode_chunk(of_one, encoding));
  return packed;
}

}  // namespace foehn::job
