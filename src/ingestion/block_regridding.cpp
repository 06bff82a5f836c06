#include "foehn/ingestion/block_regridding.hpp"

#include <cmath>
#include <limits>
#include <map>

namespace foehn::ingestion {

namespace {

/// Weights sum to 1 except for rounding, by which nothing must seem to be missing.
constexpr double kRounding = 1e-9;

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

/// Whether too little of a block is present.
/// @param valid  part of its weight that is there
bool is_missing(double valid, double most_missing) {
  return 1 - valid > most_missing + kRounding || valid <= kRounding;
}

void count_one(MissingBlocks& missing, std::int64_t block, std::int64_t source_cell, double valid) {
  if (missing.count == 0) missing = {0, block, source_cell, 1 - valid};
  ++missing.count;
}

}  // namespace

BlockRegridding::BlockRegridding(const grid::RegriddingWeights& fine, const grid::Grid& fine_grid,
                                 std::int64_t block, std::span<const double> angles)
    : region_(fine.used_source()) {
  const std::int64_t nx = fine_grid.nx(), width = region_.x1 - region_.x0;
  is_used_.resize(static_cast<std::size_t>(region_.cells()), 0);
  const double part = 1.0 / static_cast<double>(block * block);
  for (std::int64_t y0 = 0; y0 < fine_grid.ny(); y0 += block) {
    for (std::int64_t x0 = 0; x0 < nx; x0 += block) {
      std::map<std::int64_t, Link>
          sums;  // in order of source cell: one order of summation, whatever the weights'
      for (std::int64_t i = 0; i < block * block; ++i) {
        const auto cell = static_cast<std::size_t>((y0 + i / block) * nx + x0 + i % block);
        for (auto k = static_cast<std::size_t>(fine.first_link[cell]);
             k < static_cast<std::size_t>(fine.first_link[cell + 1]); ++k) {
          const std::int64_t y = fine.source_cell[k] / fine.source_nx - region_.y0;
          const std::int64_t x = fine.source_cell[k] % fine.source_nx - region_.x0;
          Link& link = sums[y * width + x];
          link.weight += part * fine.weight[k];
          link.cosine += part * fine.weight[k] * std::cos(angles[cell]);
          link.sine += part * fine.weight[k] * std::sin(angles[cell]);
        }
      }
      for (auto& [source_cell, link] : sums) {
        link.source_cell = source_cell;
        is_used_[static_cast<std::size_t>(source_cell)] = 1;
        links_.push_back(link);
      }
      first_link_.push_back(static_cast<std::int64_t>(links_.size()));
    }
  }
}

std::span<const BlockRegridding::Link> BlockRegridding::links(std::int64_t block) const {
  const auto first = static_cast<std::size_t>(first_link_[static_cast<std::size_t>(block)]);
  const auto last = static_cast<std::size_t>(first_link_[static_cast<std::size_t>(block) + 1]);
  return std::span(links_).subspan(first, last - first);
}

MissingBlocks BlockRegridding::apply(std::span<const float> source, double most_missing,
                                     std::span<float> means) const {
  MissingBlocks missing;
  for (std::int64_t block = 0; block < blocks(); ++block) {
    double sum = 0, valid = 0;
    std::int64_t first_missing = -1;
    for (const Link& link : links(block)) {
      const float value = source[static_cast<std::size_t>(link.source_cell)];
      if (std::isfinite(value)) {
        sum += link.weight * static_cast<double>(value);
        valid += link.weight;
      } else if (first_missing < 0) {
        first_missing = link.source_cell;
      }
    }
    float& mean = means[static_cast<std::size_t>(block)];
    if (first_missing >= 0 && is_missing(valid, most_missing)) {
      count_one(missing, block, first_missing, valid);
      mean = kNaN;
    } else {
      mean = static_cast<float>(sum / valid);
    }
  }
  return missing;
}

BlockRegridding::TurnedSum BlockRegridding::turned_sum(std::span<const float> source,
                                                       std::int64_t block) const {
  TurnedSum sum;
  for (const Link& link : links(block)) {
    const auto value = static_cast<double>(source[static_cast<std::size_t>(link.source_cell)]);
    if (std::isfinite(value)) {
      sum.cosine += link.cosine * value;
      sum.sine += link.sine * value;
      sum.valid += link.weight;
    } else if (sum.first_missing < 0) {
      sum.first_missing = link.source_cell;
    }
  }
  return sum;
}

MissingWinds apply_to_winds(const BlockRegridding& of_eastward, std::span<const float> eastward,
                            const BlockRegridding& of_northward, std::span<const float> northward,
                            double most_missing, std::span<float> u, std::span<float> v) {
  MissingWinds missing;
  for (std::int64_t block = 0; block < of_eastward.blocks(); ++block) {
    const auto east = of_eastward.turned_sum(eastward, block),
               north = of_northward.turned_sum(northward, block);
    const auto lacks = [&](const BlockRegridding::TurnedSum& sum) {
      return sum.first_missing >= 0 && is_missing(sum.valid, most_missing);
    };
    const auto at = static_cast<std::size_t>(block);
    if (lacks(east) || lacks(north)) {
      const BlockRegridding::TurnedSum& lacking = lacks(east) ? east : north;
      if (missing.blocks.count == 0) missing.is_northward = !lacks(east);
      count_one(missing.blocks, block, lacking.first_missing, lacking.valid);
      u[at] = v[at] = kNaN;
    } else {
      u[at] = static_cast<float>(east.cosine / east.valid + north.sine / north.valid);
      v[at] = static_cast<float>(north.cosine / north.valid - east.sine / east.valid);
    }
  }
  return missing;
}

}  // namespace foehn::ingestion
