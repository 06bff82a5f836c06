#include "foehn/ingestion/block_regridding.hpp"

#include <cmath>
#include <map>

namespace foehn::ingestion {

namespace {

/// Weights sum to 1 but for rounding, which must not make nothing missing a little.
constexpr double kRounding = 1e-9;

}  // namespace

BlockRegridding::BlockRegridding(const grid::RegriddingWeights& fine, const grid::Grid& fine_grid,
                                 std::int64_t block, std::span<const double> angles)
    : region_(fine.used_source()) {
  const std::int64_t nx = fine_grid.nx(), width = region_.x1 - region_.x0;
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

std::optional<MissingBlock> BlockRegridding::apply(std::span<const float> source, double most_missing,
                                                   std::span<float> means) const {
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
    if (first_missing >= 0 && (1 - valid > most_missing + kRounding || valid <= kRounding))
      return MissingBlock{block, first_missing, 1 - valid};
    means[static_cast<std::size_t>(block)] = static_cast<float>(sum / valid);
  }
  return std::nullopt;
}

std::optional<MissingBlock> BlockRegridding::apply_to_winds(std::span<const float> eastward,
                                                            std::span<const float> northward,
                                                            double most_missing, std::span<float> u,
                                                            std::span<float> v) const {
  for (std::int64_t block = 0; block < blocks(); ++block) {
    double along = 0, across = 0, valid = 0;
    std::int64_t first_missing = -1;
    for (const Link& link : links(block)) {
      const auto cell = static_cast<std::size_t>(link.source_cell);
      const auto east = static_cast<double>(eastward[cell]), north = static_cast<double>(northward[cell]);
      if (std::isfinite(east) && std::isfinite(north)) {
        along += link.cosine * east + link.sine * north;
        across += link.cosine * north - link.sine * east;
        valid += link.weight;
      } else if (first_missing < 0) {
        first_missing = link.source_cell;
      }
    }
    if (first_missing >= 0 && (1 - valid > most_missing + kRounding || valid <= kRounding))
      return MissingBlock{block, first_missing, 1 - valid};
    u[static_cast<std::size_t>(block)] = static_cast<float>(along / valid);
    v[static_cast<std::size_t>(block)] = static_cast<float>(across / valid);
  }
  return std::nullopt;
}

}  // namespace foehn::ingestion
