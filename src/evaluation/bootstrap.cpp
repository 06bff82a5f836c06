#include "evaluation/bootstrap.hpp"

#include <algorithm>
#include <cmath>

#include "foehn/core/philox.hpp"

namespace foehn::evaluation {
namespace {

/// A number below `count`, uniform but for less than count / 2^32.
std::size_t draw(std::uint64_t seed, std::int64_t replicate, std::size_t place, std::size_t count) {
  const std::array<std::uint32_t, 4> words =
      core::philox4x32({static_cast<std::uint32_t>(place), static_cast<std::uint32_t>(replicate), 0, 0},
                       {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
  return static_cast<std::size_t>((std::uint64_t{words[0]} * count) >> 32);
}

double quantile_of_sorted(const std::vector<double>& sorted, double level) {
  const double place = level * static_cast<double>(sorted.size() - 1);
  const auto lower = static_cast<std::size_t>(place);
  const std::size_t upper = std::min(lower + 1, sorted.size() - 1);
  return std::lerp(sorted[lower], sorted[upper], place - static_cast<double>(lower));
}

}  // namespace

std::vector<std::int64_t> draws(const BootstrapOptions& options, std::int64_t replicate, std::size_t blocks) {
  std::vector<std::int64_t> times(blocks, 0);
  for (std::size_t place = 0; place < blocks; ++place)
    ++times[draw(static_cast<std::uint64_t>(options.seed), replicate, place, blocks)];
  return times;
}

std::vector<double> weighted_sum(const std::vector<std::vector<double>>& blocks,
                                 const std::vector<std::int64_t>& times) {
  std::vector<double> sums(blocks.front().size(), 0.0);
  for (std::size_t block = 0; block < blocks.size(); ++block) {
    if (times[block] == 0) continue;
    const auto weight = static_cast<double>(times[block]);
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += weight * blocks[block][i];
  }
  return sums;
}

void for_each_sample(std::size_t blocks, const BootstrapOptions& options,
                     const std::function<void(const std::vector<std::int64_t>&)>& use) {
  use(std::vector<std::int64_t>(blocks, 1));
  for (std::int64_t replicate = 0; replicate < options.replicates; ++replicate)
    use(draws(options, replicate, blocks));
}

void bootstrap(const std::vector<std::vector<double>>& blocks, const BootstrapOptions& options,
               const std::function<void(const std::vector<double>&)>& evaluate) {
  if (blocks.empty()) return;
  for (std::int64_t replicate = 0; replicate < options.replicates; ++replicate)
    evaluate(weighted_sum(blocks, draws(options, replicate, blocks.size())));
}

Interval central_interval(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {quantile_of_sorted(values, 0.025), quantile_of_sorted(values, 0.975)};
}

std::optional<Interval> interval_of_replicates(const std::vector<double>& replicates) {
  std::vector<double> defined;
  for (const double value : replicates)
    if (std::isfinite(value)) defined.push_back(value);
  if (defined.empty() || 10 * defined.size() < 9 * replicates.size()) return std::nullopt;
  return central_interval(std::move(defined));
}

}  // namespace foehn::evaluation
