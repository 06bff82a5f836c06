#include "foehn/evaluation/verify.hpp"

#include <fmt/format.h>

#include <cmath>

#include "evaluation/block_sums.hpp"
#include "evaluation/cell_sums.hpp"
#include "evaluation/event.hpp"
#include "evaluation/finish.hpp"
#include "evaluation/intervals.hpp"
#include "evaluation/overall_scores.hpp"
#include "evaluation/point_series.hpp"
#include "evaluation/share_out.hpp"
#include "evaluation/trajectory_statistics.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/progress.hpp"

namespace foehn::evaluation {
namespace {

/// What was compared.
Results describe(const Sources& sources, const VerifyOptions& options) {
  Results results;
  results.variables = sources.variables();
  results.grid = sources.grid();
  if (const auto block = sources.blocks.block())
    results.block = *block;
  else
    results.native_grid = sources.blocks.grid();
  results.members = static_cast<std::int64_t>(sources.members.size());
  results.has_reference = sources.reference.has_value();
  results.hours = sources.hours;
  results.first_time = sources.time_text(sources.first_hour);
  results.last_time = sources.time_text(sources.first_hour + sources.hours - 1);
  results.step_hours = sources.step_hours();
  results.period = sources.period;
  results.observation_std = options.observation_std;
  results.has_climatology = static_cast<bool>(options.climatology);
  return results;
}

/// What is left out, and why: scores that need rows and columns on a list of cells, spectra, interpolation.
std::vector<std::string> not_scored(const Sources& sources, const SpatialSpectrum& spectrum) {
  std::vector<std::string> reasons;
  if (sources.grid().unstructured)
    reasons.emplace_back(
        "not for lists of cells: structural similarity, energy and variogram scores, sliced Wasserstein "
        "distance, "
        "divergence and curl of the wind, geostrophic consistency, storms and their tracks");
  if (!spectrum.obstacle().empty())
    reasons.push_back("not for these cells: spectra, since " + spectrum.obstacle());
  if (!sources.blocks.can_interpolate())
    reasons.emplace_back("not for these observations: interpolation, since their cells lie in no rows");
  return reasons;
}

/// Everything that a block gives, one after the other.
std::vector<double> pack_block(const BlockResult& block) {
  const std::size_t means = block.means.empty() ? 0 : block.means.size() * block.means.front().size();
  std::vector<double> packed;
  packed.reserve(count_numbers(block.sums) + count_numbers(block.cells) + means);  // many, of large grids
  append_packed(packed, block.sums);
  append_packed(packed, block.cells);
  for (const auto& hour : block.means) packed.insert(packed.end(), hour.begin(), hour.end());
  return packed;
}

/// What all blocks of hours give, on the root.
struct AllBlocks {
  BlockSums sums;
  CellSums cells;
  HourlyMeans means;
  std::vector<std::vector<double>> sums_by_block;
};

/// @param per_hour  how many means an hour has
void take_means(HourlyMeans& means, std::span<const double> packed, std::size_t per_hour) {
  for (std::size_t first = 0; first < packed.size(); first += per_hour) {
    const auto hour = packed.subspan(first, per_hour);
    means.emplace_back(hour.begin(), hour.end());
  }
}

/// Goes through all hours, members beside each other.
AllBlocks score_blocks(const Sources& sources, const VerifyOptions& options, const SpatialSpectrum& spectrum,
                       const std::optional<LocalClimate>& climate, const std::vector<TimeBlock>& blocks,
                       const Ranks& ranks) {
  const std::size_t variables = sources.variables().size();
  AllBlocks all{
      no_sums(variables, static_cast<std::int64_t>(sources.members.size()), sources.period, spectrum.size()),
      CellSums(variables * static_cast<std::size_t>(sources.blocks.fine_cells())),
      {},
      {}};
  const std::size_t numbers_of_sums = count_numbers(all.sums);
  const std::size_t numbers_of_cells = count_numbers(all.cells);
  const auto block_of = [&](std::int64_t item) { return blocks[static_cast<std::size_t>(item)]; };
  core::Progress progress("evaluating", sources.hours, "hours", options.show_progress && ranks.is_root());
  share_out(
      ranks, static_cast<std::int64_t>(blocks.size()),
      [&](std::int64_t item) {
        return pack_block(block_sums(sources, options, spectrum, climate, block_of(item)));
      },
      [&](std::int64_t item, std::span<const double> packed) {
        const auto of_sums = packed.first(numbers_of_sums);
        add_packed(all.sums, of_sums);
        all.sums_by_block.emplace_back(of_sums.begin(), of_sums.end());
        add_packed(all.cells, packed.subspan(numbers_of_sums, numbers_of_cells));
        take_means(all.means, packed.subspan(numbers_of_sums + numbers_of_cells), variables + 1);
        progress.advance(block_of(item).hours());
      });
  return all;
}

/// Takes what blocks give into the results, but for the event. @return  means of the hours
HourlyMeans finish_blocks(Results& results, const SpatialSpectrum& spectrum, const AllBlocks& all,
                          const BootstrapOptions& bootstrap) {
  Finished finished = finish(results, spectrum, all.sums);
  results.scores = std::move(finished.variables);
  results.joint = std::move(finished.joint);
  results.overall = overall_scores(results, results.scores, results.joint);
  add_intervals(results, spectrum, all.sums_by_block, bootstrap);
  results.cells = cell_scores(results, all.cells);
  return all.means;
}

}  // namespace

void check_observation_std(const std::vector<double>& deviations,
                           const std::vector<io::Variable>& variables) {
  if (deviations.empty()) return;
  if (deviations.size() != variables.size()) {
    throw core::Error(fmt::format("{} standard deviations of the observation error for {} variables",
                                  deviations.size(), variables.size()));
  }
  for (std::size_t variable = 0; variable < variables.size(); ++variable) {
    if (!(deviations[variable] > 0) || !std::isfinite(deviations[variable])) {
      throw core::Error(
          fmt::format("standard deviation of the observation error of {}: {} {}, expected a positive number",
                      variables[variable].name, deviations[variable], variables[variable].units));
    }
  }
}

Results verify(const Sources& sources, const VerifyOptions& options, const Ranks& ranks) {
  ranks.agree([&] { check_observation_std(options.observation_std, sources.variables()); });
  const SpatialSpectrum spectrum(sources.grid());
  const std::vector<TimeBlock> blocks = time_blocks(sources);
  Results results = describe(sources, options);
  results.not_scored = not_scored(sources, spectrum);
  results.blocks = static_cast<std::int64_t>(blocks.size());
  const std::optional<LocalClimate> climate = local_climate(sources, options.values_in_memory, ranks);
  HourlyMeans means;
  {
    const AllBlocks all = score_blocks(sources, options, spectrum, climate, blocks, ranks);
    ranks.agree([&] {
      if (ranks.is_root()) means = finish_blocks(results, spectrum, all, options.bootstrap);
    });
  }
  // One trajectory is read at a time from here on.
  for (const auto& member : sources.members) member.rest();
  results.trajectories = trajectory_statistics(sources, options, climate, ranks);
  const std::vector<OverallScore> of_trajectories = overall_scores(results.trajectories);
  results.overall.insert(results.overall.end(), of_trajectories.begin(), of_trajectories.end());
  ranks.agree([&] {
    if (!ranks.is_root()) return;
    results.event = find_event(sources, means);
    results.series = point_series(sources, strongest_hour(sources, means), options.values_in_memory);
  });
  return results;
}

}  // namespace foehn::evaluation
