#include "foehn/model/coarse_fields.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "foehn/core/error.hpp"
#include "foehn/observation/block_mean.hpp"

namespace foehn::model {

namespace {

constexpr std::int64_t kMostPointsOfRow = 1 << 20;

/// Points between two values each: (1 - part) * lower + part * upper.
struct Places {
  std::vector<std::int64_t> lower, upper;
  std::vector<float> part;

  void add(std::int64_t below, std::int64_t above, double between) {
    lower.push_back(below);
    upper.push_back(above);
    part.push_back(static_cast<float>(between));
  }
  at::Tensor values(const at::Tensor& from, std::int64_t dimension) const {
    const at::Device device = from.device();
    const auto taken = [&](const std::vector<std::int64_t>& places) {
      return from.index_select(dimension, at::tensor(places, at::kLong).to(device));
    };
    std::vector<std::int64_t> shape(static_cast<std::size_t>(from.dim()), 1);
    shape[static_cast<std::size_t>(dimension)] = static_cast<std::int64_t>(part.size());
    const at::Tensor weight = at::tensor(part, at::kFloat).to(device, from.scalar_type()).reshape(shape);
    return taken(lower).mul_(1 - weight).add_(taken(upper).mul_(weight));
  }
};

/// The centres of cells along an axis, on the lines through those of the two nearest blocks.
Places cells_of(std::int64_t blocks, std::int64_t block) {
  Places places;
  for (std::int64_t cell = 0; cell < blocks * block; ++cell) {
    const double at = (static_cast<double>(cell) + 0.5) / static_cast<double>(block) - 0.5;
    const auto below = std::clamp<std::int64_t>(static_cast<std::int64_t>(std::floor(at)), 0,
                                                std::max<std::int64_t>(blocks - 2, 0));
    places.add(below, std::min(below + 1, blocks - 1), blocks == 1 ? 0 : at - static_cast<double>(below));
  }
  return places;
}

/// What the centres of blocks along an axis must be given for the means over blocks to be what is wanted:
/// the inverse of interpolation to cells and averaging, [block, block], float64. Its rows sum to 1, and its
/// eigenvalues lie between 1 and 2.
at::Tensor centres_of_means(std::int64_t blocks, std::int64_t block) {
  const at::Tensor centres = at::eye(blocks, at::kDouble);
  const at::Tensor cells = cells_of(blocks, block).values(centres, 0);
  return at::linalg_inv(cells.reshape({blocks, block, blocks}).mean(1));
}

void check_rising(const char* name, const std::vector<std::int64_t>& values) {
  const bool rises = std::adjacent_find(values.begin(), values.end(), std::greater_equal<>()) == values.end();
  if (values.empty() || values.front() < 1 || !rises)
    throw core::Error(
        fmt::format("{}: expected positive numbers that rise, found [{}]", name, fmt::join(values, ", ")));
}

}  // namespace

void check_form(const CoarseForm& form, const grid::Grid& grid, std::size_t variables) {
  check_rising("blocks", form.blocks);
  check_rising("every", form.every);
  for (const std::int64_t block : form.blocks)
    if (grid.ny() % block != 0 || grid.nx() % block != 0)
      throw core::Error(fmt::format("blocks: {0} x {0} cells do not divide a grid of {1} x {2}", block,
                                    grid.ny(), grid.nx()));
  if (form.is_of_cells() && form.blocks != std::vector<std::int64_t>{1})
    throw core::Error(
        fmt::format("blocks: expected 1 beside row_sizes, found {}", fmt::join(form.blocks, ", ")));
  for (const std::int64_t points : form.row_sizes)
    if (points < 1 || points > kMostPointsOfRow)
      throw core::Error(
          fmt::format("row_sizes: expected 1 to {} points, found {}", kMostPointsOfRow, points));
  const auto cells = std::accumulate(form.row_sizes.begin(), form.row_sizes.end(), std::int64_t{0});
  if (form.is_of_cells() && cells >= grid.cells())
    throw core::Error(fmt::format("row_sizes: expected fewer than the {} cells of the prior's grid, found {}",
                                  grid.cells(), cells));
  const bool is_positive =
      std::ranges::all_of(form.scale, [](double scale) { return std::isfinite(scale) && scale > 0; });
  if (form.scale.size() != variables || !is_positive)
    throw core::Error(fmt::format("scale: expected a positive number per variable, {}, found [{}]", variables,
                                  fmt::join(form.scale, ", ")));
}

std::shared_ptr<const CoarseCells> make_coarse_cells(const CoarseForm& form, const grid::Grid& grid) {
  return form.is_of_cells() ? std::make_shared<const CoarseCells>(form.row_sizes, grid) : nullptr;
}

at::Tensor coarse_means(const at::Tensor& fields, std::int64_t block, const CoarseCells* cells) {
  return cells != nullptr ? cells->means(fields) : observation::BlockMean(block).apply(fields);
}

DeviationOfHour deviation_of_hours(const Normalisation& normalisation, const Clock& clock) {
  const Deviation* deviation = normalisation.deviation();
  if (deviation == nullptr) return {};
  return [kept = *deviation, clock](std::int64_t hour) {
    return kept.at(clock.first_seconds + hour * clock.step_seconds, clock.calendar);
  };
}

TransformedSnapshots::TransformedSnapshots(Normalisation normalisation, const Clock& clock)
    : normalisation_(std::move(normalisation)), clock_(clock) {
  const observation::Transforms& transforms = normalisation_.transforms();
  for (std::size_t i = 0; i < transforms.size(); ++i)
    if (!transforms[i].is_none()) variables_.push_back(static_cast<std::int64_t>(i));
}

at::Tensor TransformedSnapshots::offset_at(std::int64_t hour) const {
  return normalisation_.offset(clock_.first_seconds + hour * clock_.step_seconds, clock_.calendar);
}

at::Tensor TransformedSnapshots::value_of(std::int64_t variable, const at::Tensor& means,
                                          const at::Tensor& offset, std::int64_t block) const {
  const at::Tensor transformed =
      normalisation_.transforms()[static_cast<std::size_t>(variable)].apply(means.cpu());
  return (transformed - observation::BlockMean(block).apply(offset[variable])) /
         normalisation_.scale()[variable];
}

void TransformedSnapshots::replace_means(const at::Tensor& fields, std::int64_t hour, std::int64_t block,
                                         at::Tensor& means) const {
  if (variables_.empty()) return;
  const at::Tensor physical = normalisation_.physical(
      fields.cpu(), clock_.first_seconds + hour * clock_.step_seconds, clock_.calendar);
  const at::Tensor offset = offset_at(hour);
  for (const std::int64_t variable : variables_)
    means[variable].copy_(
        value_of(variable, observation::BlockMean(block).apply(physical[variable]), offset, block));
}

void TransformedSnapshots::replace_observed(const at::Tensor& scale, CoarseSnapshots& snapshots) const {
  if (variables_.empty()) return;
  for (std::size_t i = 0; i < snapshots.hours.size(); ++i) {
    const at::Tensor offset = offset_at(snapshots.hours[i]);
    at::Tensor values = snapshots.values[static_cast<std::int64_t>(i)];
    for (const std::int64_t variable : variables_)
      values[variable].copy_(value_of(variable, values[variable].cpu().to(at::kDouble) * scale[variable],
                                      offset, snapshots.block));
  }
}

at::Tensor to_centres(const at::Tensor& means, std::int64_t block) {
  if (block == 1) return means.clone();
  const auto along = [&](std::int64_t dimension) {
    return centres_of_means(means.size(dimension), block).to(means.device());
  };
  const at::Tensor rows = along(-2), columns = along(-1).t();
  at::Tensor centres = at::empty_like(means);
  // One snapshot at a time: how a product rounds depends on its size.
  for (std::int64_t i = 0; i < means.size(0); ++i)
    centres.select(0, i).copy_(at::matmul(rows, at::matmul(means.select(0, i).to(at::kDouble), columns)));
  return centres;
}

at::Tensor to_cells(const at::Tensor& centres, std::int64_t block) {
  if (block == 1) return centres.clone();
  const at::Tensor rows = cells_of(centres.size(-2), block).values(centres, centres.dim() - 2);
  return cells_of(centres.size(-1), block).values(rows, centres.dim() - 1);
}

CoarseFields interpolate(const CoarseSnapshots& snapshots, std::int64_t first_hour, std::int64_t hours,
                         const DeviationOfHour& deviation) {
  const std::vector<std::int64_t>& known = snapshots.hours;
  Places places;
  std::vector<float> gaps;
  for (std::int64_t hour = first_hour; hour < first_hour + hours; ++hour) {
    const auto next = std::lower_bound(known.begin(), known.end(), hour);
    if (next == known.end() || (next == known.begin() && *next != hour))
      throw core::Error(fmt::format("coarse fields: hour {} lies outside of those known, {} to {}", hour,
                                    known.front(), known.back()));
    const auto last = *next == hour ? next : next - 1;
    const std::int64_t since = hour - *last, until = *next - hour;
    places.add(last - known.begin(), next - known.begin(),
               since == 0 ? 0 : static_cast<double>(since) / static_cast<double>(since + until));
    gaps.push_back(static_cast<float>(since));
    gaps.push_back(static_cast<float>(until));
  }
  const CoarseCells* const cells = snapshots.cells.get();
  const at::Tensor centres =
      cells != nullptr ? snapshots.values : to_centres(snapshots.values, snapshots.block);
  const at::Tensor of_hours = places.values(centres, 0);
  CoarseFields found{
      first_hour, cells != nullptr ? cells->to_cells(of_hours) : to_cells(of_hours, snapshots.block),
      at::tensor(gaps, at::kFloat).reshape({hours, 2}).to(snapshots.values.device()), snapshots.block};
  if (deviation)
    for (std::int64_t i = 0; i < hours; ++i)
      found.fields.select(0, i).div_(
          deviation(first_hour + i).to(found.fields.device(), found.fields.scalar_type()));
  return found;
}

}  // namespace foehn::model
