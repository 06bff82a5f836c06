#include "evaluation/distribution_distances.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "evaluation/bootstrap.hpp"

namespace foehn::evaluation {

double kullback_leibler(const QuantileSketch& trajectory, const QuantileSketch& truth) {
  if (trajectory.count() == 0 || truth.count() == 0) return std::numeric_limits<double>::quiet_NaN();
  constexpr int kBinsOfTruth = 50;
  std::vector<double> levels;
  for (int i = 1; i < kBinsOfTruth; ++i) levels.push_back(static_cast<double>(i) / kBinsOfTruth);
  std::vector<double> borders = truth.quantiles(levels);
  borders.erase(std::unique(borders.begin(), borders.end()), borders.end());
  const auto bins = static_cast<double>(borders.size() + 1);
  const auto all = static_cast<double>(trajectory.count()), all_true = static_cast<double>(truth.count());
  double before = 0, before_true = 0, sum = 0;
  const auto add_bin = [&](double until, double until_true) {
    const double q = (until - before + 0.5) / (all + 0.5 * bins);
    const double p = (until_true - before_true + 0.5) / (all_true + 0.5 * bins);
    sum += p * std::log(p / q);
    before = until;
    before_true = until_true;
  };
  for (const double border : borders) add_bin(trajectory.below(border), truth.below(border));
  add_bin(all, all_true);
  return sum;
}

DistributionDistances::DistributionDistances(std::vector<ComparedVariable> variables)
    : variables_(std::move(variables)) {}

std::vector<double> DistributionDistances::pack(const std::vector<const QuantileSketch*>& sketches,
                                                const ProjectedDistributions& projections,
                                                const std::vector<Distributions>& blocks) {
  std::vector<double> packed;
  for (const QuantileSketch* sketch : sketches) sketch->append_to(packed);
  packed.insert(packed.end(), projections.counts().begin(), projections.counts().end());
  packed.push_back(static_cast<double>(projections.blocks().size()));
  for (const std::vector<double>& block : projections.blocks())
    packed.insert(packed.end(), block.begin(), block.end());
  for (const Distributions& block : blocks)
    for (const QuantileSketch& sketch : block) sketch.append_to(packed);
  return packed;
}

DistributionDistances::Unpacked DistributionDistances::unpack(std::span<const double> packed) const {
  Unpacked unpacked;
  const auto take = [&](Distributions& sketches, int steps) {
    for (const ComparedVariable& variable : variables_)
      packed = sketches.emplace_back(variable.centre, steps).add_packed(packed);
  };
  take(unpacked.sketches, QuantileSketch::kSteps);
  const auto take_numbers = [&](std::vector<double>& numbers, std::size_t count) {
    numbers.assign(packed.begin(), packed.begin() + static_cast<std::ptrdiff_t>(count));
    packed = packed.subspan(count);
  };
  take_numbers(unpacked.projections, ProjectedDistributions::kNumbers);
  unpacked.projection_blocks.resize(static_cast<std::size_t>(packed.front()));
  packed = packed.subspan(1);
  for (auto& block : unpacked.projection_blocks) take_numbers(block, ProjectedDistributions::kBlockNumbers);
  while (!packed.empty()) take(unpacked.blocks.emplace_back(), kBlockSteps);
  return unpacked;
}

void DistributionDistances::set_truth(std::span<const double> packed) {
  truth_ = unpack(packed);
}

void DistributionDistances::add(const Distributions& found, const Distributions& truth,
                                TrajectorySummary& summary) const {
  for (std::size_t place = 0; place < variables_.size(); ++place) {
    const auto& [name, units, centre] = variables_[place];
    summary.add(name, "wasserstein_1", units, "Wasserstein-1 distance from the truth's values",
                found[place].wasserstein_1(truth[place]));
    summary.add(name, "kullback_leibler", "1", "Kullback-Leibler divergence from the truth's values",
                kullback_leibler(found[place], truth[place]));
  }
}

void DistributionDistances::add_sliced(double distance, TrajectorySummary& summary) {
  summary.add("all_variables", "sliced_wasserstein", "1",
              "sliced Wasserstein distance of standardised tiles of 3 x 3 cells from the truth's", distance);
}

void DistributionDistances::add_distances(std::span<const double> packed, TrajectorySummary& summary) const {
  const Unpacked found = unpack(packed);
  add(found.sketches, truth_.sketches, summary);
  add_sliced(ProjectedDistributions::sliced_wasserstein(found.projections, truth_.projections), summary);
}

std::vector<TrajectorySummary> DistributionDistances::resampled(std::span<const double> packed,
                                                                const BootstrapOptions& options) const {
  const Unpacked found = unpack(packed);
  std::vector<TrajectorySummary> summaries;
  if (!has_intervals(found.blocks.size(), options)) return summaries;
  const BlockDistributions blocks(found.blocks), truth(truth_.blocks);
  for_each_sample(found.blocks.size(), options, [&](const std::vector<std::int64_t>& times) {
    TrajectorySummary& summary = summaries.emplace_back();
    add(blocks.weighted_sum(times), truth.weighted_sum(times), summary);
    add_sliced(
        ProjectedDistributions::sliced_wasserstein_of_blocks(weighted_sum(found.projection_blocks, times),
                                                             weighted_sum(truth_.projection_blocks, times)),
        summary);
  });
  return summaries;
}

}  // namespace foehn::evaluation
