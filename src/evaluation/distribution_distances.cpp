#include "evaluation/distribution_distances.hpp"

#include <cmath>
#include <limits>
#include <utility>

#include "evaluation/bootstrap.hpp"

namespace foehn::evaluation {

double kullback_leibler(const QuantileSketch& trajectory, const QuantileSketch& truth) {
  if (trajectory.count() == 0 || truth.count() == 0) return std::numeric_limits<double>::quiet_NaN();
  constexpr int kBinsOfTruth = 50;
  std::vector<double> borders;
  for (int i = 1; i < kBinsOfTruth; ++i) {
    const double border = truth.quantile(static_cast<double>(i) / kBinsOfTruth);
    if (borders.empty() || border > borders.back()) borders.push_back(border);
  }
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
  const auto projections = packed.first(ProjectedDistributions::kNumbers);
  unpacked.projections.assign(projections.begin(), projections.end());
  packed = packed.subspan(projections.size());
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

void DistributionDistances::add_distances(std::span<const double> packed, TrajectorySummary& summary) const {
  const Unpacked found = unpack(packed);
  add(found.sketches, truth_.sketches, summary);
  summary.add("all_variables", "sliced_wasserstein", "1",
              "sliced Wasserstein distance of standardised tiles of 3 x 3 cells from the truth's",
              ProjectedDistributions::sliced_wasserstein(found.projections, truth_.projections));
}

std::vector<TrajectorySummary> DistributionDistances::resampled(std::span<const double> packed,
                                                                const BootstrapOptions& options) const {
  const std::vector<Distributions> blocks = unpack(packed).blocks;
  std::vector<TrajectorySummary> summaries;
  if (!has_intervals(blocks.size(), options)) return summaries;
  for_each_sample(blocks.size(), options, [&](const std::vector<std::int64_t>& times) {
    add(weighted_sum(blocks, times), weighted_sum(truth_.blocks, times), summaries.emplace_back());
  });
  return summaries;
}

}  // namespace foehn::evaluation
