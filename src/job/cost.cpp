#include "cost.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <numeric>

namespace foehn::job {

namespace {

double sum_over(const comm::Communicator& world, double mine) {
  const std::vector<double> all = world.gather_all(mine);
  return std::accumulate(all.begin(), all.end(), 0.0);
}

std::int64_t sum_over(const comm::Communicator& world, std::int64_t mine) {
  return static_cast<std::int64_t>(sum_over(world, static_cast<double>(mine)));
}

}  // namespace

SolveSummary summarise(const comm::Communicator& world, const ensemble::Team& team,
                       const std::vector<diffusion::SolveReport>& reports) {
  SolveSummary summary;
  for (const diffusion::SolveReport& report : reports) {
    // Every member goes through the same levels, falling in t.
    auto place = std::lower_bound(summary.levels.begin(), summary.levels.end(), report.level.t,
                                  [](const SolveSummary::Level& level, double t) { return level.t > t; });
    if (place == summary.levels.end() || place->t != report.level.t)
      place = summary.levels.insert(place, {.t = report.level.t});
    ++place->solves;
    place->steps += report.steps;
    place->products += report.products;
    place->fallbacks += report.is_indefinite ? 1 : 0;
    place->mean_residual += (report.residual - place->mean_residual) / static_cast<double>(place->solves);
    place->largest_residual = std::max(place->largest_residual, report.residual);
  }
  // One rank speaks for its team.
  SolveSummary::Level all;
  if (team.ranks.is_root()) {
    for (const SolveSummary::Level& level : summary.levels) {
      all.solves += level.solves;
      all.fallbacks += level.fallbacks;
      all.largest_residual = std::max(all.largest_residual, level.largest_residual);
    }
  }
  summary.count = sum_over(world, all.solves);
  summary.fallbacks = sum_over(world, all.fallbacks);
  const std::vector<double> residuals = world.gather_all(all.largest_residual);
  summary.largest_residual = *std::max_element(residuals.begin(), residuals.end());
  return summary;
}

trajectory::ComposedDenoiser::Work total_work(const comm::Communicator& world,
                                              const trajectory::ComposedDenoiser::Work& mine) {
  return {sum_over(world, mine.evaluated),
          sum_over(world, mine.differentiated),
          {sum_over(world, mine.traffic.sent_bytes), sum_over(world, mine.traffic.waiting_seconds)}};
}

std::map<std::string, int> count_ranks(const comm::Communicator& world, const std::string& mine) {
  std::map<std::string, int> counts;
  for (const std::string& name : world.gather(mine)) ++counts[name];
  return counts;
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

}  // namespace foehn::job
