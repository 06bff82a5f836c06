#include "evaluation/projected_distributions.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <utility>

#include "evaluation/tiles.hpp"
#include "foehn/core/philox.hpp"

namespace foehn::evaluation {
namespace {

/// Bins from -kReach to kReach standard deviations; what lies beyond is in the outermost.
constexpr double kReach = 16, kBinsPerDeviation = 32;
constexpr std::size_t kProjectionBins = ProjectedDistributions::kBins;
/// Those of blocks lie from -8 to 8 standard deviations.
constexpr std::size_t kBinsPerBlockBin = 8;
constexpr std::size_t kFirstOfBlockBins =
    (kProjectionBins - kBinsPerBlockBin * ProjectedDistributions::kBlockBins) / 2;

std::size_t block_bin_of(std::size_t bin) {
  const std::size_t place = bin < kFirstOfBlockBins ? 0 : (bin - kFirstOfBlockBins) / kBinsPerBlockBin;
  return std::min(place, ProjectedDistributions::kBlockBins - 1);
}

std::size_t bin_of(double projection) {
  const double place = (projection + kReach) * kBinsPerDeviation;
  return static_cast<std::size_t>(std::clamp(place, 0.0, static_cast<double>(kProjectionBins - 1)));
}

/// Unit vectors, evenly distributed over all directions.
std::vector<std::vector<double>> draw_directions(std::size_t count, std::size_t dimensions) {
  std::vector<std::vector<double>> directions(count, std::vector<double>(dimensions));
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<double>& direction = directions[i];
    core::fill_normal<double>({0, 0, 0}, static_cast<std::uint32_t>(i), direction);
    const double length =
        std::sqrt(std::inner_product(direction.begin(), direction.end(), direction.begin(), 0.0));
    for (double& component : direction) component /= length;
  }
  return directions;
}

/// Wasserstein-1 distance of two histograms, in bins, each distribution linear within bins.
double distance_of(std::span<const double> one, std::span<const double> other) {
  const double count = std::accumulate(one.begin(), one.end(), 0.0);
  const double other_count = std::accumulate(other.begin(), other.end(), 0.0);
  if (count == 0 || other_count == 0) return std::numeric_limits<double>::quiet_NaN();
  double mine = 0, others = 0, before = 0, sum = 0;
  for (std::size_t bin = 0; bin < one.size(); ++bin) {
    mine += one[bin];
    others += other[bin];
    const double after = mine / count - others / other_count;
    const double a = std::abs(before), b = std::abs(after);
    if (a + b > 0) sum += (before * after < 0 ? (a * a + b * b) / (a + b) : a + b) / 2;
    before = after;
  }
  return sum;
}

/// Mean over directions of the distances of two sets of histograms, in bins.
double mean_distance(std::span<const double> one, std::span<const double> other, std::size_t bins) {
  double sum = 0;
  for (std::size_t first = 0; first < one.size(); first += bins)
    sum += distance_of(one.subspan(first, bins), other.subspan(first, bins));
  return sum * static_cast<double>(bins) / static_cast<double>(one.size());
}

}  // namespace

ProjectedDistributions::ProjectedDistributions(const Sources& sources, const LocalClimate& climate)
    : sources_(sources),
      climate_(climate),
      tiles_(spread_tiles(sources.grid(), sources.variables().size())),
      every_(sources.step_hours() > 0 ? std::max<std::int64_t>(1, std::llround(3 / sources.step_hours()))
                                      : 1),
      counts_(kNumbers, 0),
      counts_before_(kBlockNumbers, 0) {
  if (!tiles_.empty()) directions_ = draw_directions(kDirections, tiles_.front().size());
}

void ProjectedDistributions::add(std::int64_t hour, std::span<const double> fields) {
  if ((hour - sources_.first_hour) % every_ != 0) return;
  std::vector<double> vector;
  for (const auto& tile : tiles_) {
    vector.clear();
    for (const std::size_t place : tile) {
      const double deviation = climate_.deviation[place];
      vector.push_back(deviation > 0 ? (fields[place] - climate_.mean[place]) / deviation : 0);
    }
    if (std::any_of(vector.begin(), vector.end(), [](double value) { return std::isnan(value); })) continue;
    for (std::size_t i = 0; i < kDirections; ++i) {
      const double projection = std::inner_product(vector.begin(), vector.end(), directions_[i].begin(), 0.0);
      ++counts_[i * kProjectionBins + bin_of(projection)];
    }
  }
}

void ProjectedDistributions::end_block() {
  std::vector<double> counts(kBlockNumbers, 0);
  for (std::size_t i = 0; i < kBlockDirections; ++i)
    for (std::size_t bin = 0; bin < kProjectionBins; ++bin)
      counts[i * kBlockBins + block_bin_of(bin)] += counts_[i * kProjectionBins + bin];
  std::vector<double>& block = blocks_.emplace_back(kBlockNumbers);
  std::transform(counts.begin(), counts.end(), counts_before_.begin(), block.begin(), std::minus<>());
  counts_before_ = std::move(counts);
}

double ProjectedDistributions::sliced_wasserstein(std::span<const double> one,
                                                  std::span<const double> other) {
  return mean_distance(one, other, kProjectionBins) / kBinsPerDeviation;
}

double ProjectedDistributions::sliced_wasserstein_of_blocks(std::span<const double> one,
                                                            std::span<const double> other) {
  return mean_distance(one, other, kBlockBins) * kBinsPerBlockBin / kBinsPerDeviation;
}

}  // namespace foehn::evaluation
