#include "evaluation/distribution_distances.hpp"

#include <cmath>
#include <limits>
#include <utility>

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
                                                const ProjectedDistributions& projections) {
  std::vector<double> packed;
  for (const QuantileSketch* sketch : sketches) sketch->append_to(packed);
  packed.insert(packed.end(), projections.counts().begin(), projections.counts().end());
  return packed;
}

DistributionDistances::Unpacked DistributionDistances::unpack(std::span<const double> packed) const {
  Unpacked unpacked;
  for (const ComparedVariable& variable : variables_)
    packed = unpacked.sketches.emplace_back(variable.centre).add_packed(packed);
  unpacked.projections.assign(packed.begin(), packed.end());
  return unpacked;
}

void DistributionDistances::set_truth(std::span<const double> packed) {
  truth_ = unpack(packed);
}

void DistributionDistances::add_distances(std::span<const double> packed, TrajectorySummary& summary) const {
  const Unpacked found = unpack(packed);
  for (std::size_t place = 0; place < variables_.size(); ++place) {
    const auto& [name, units, centre] = variables_[place];
    summary.add(name, "wasserstein_1", units, "Wasserstein-1 distance from the truth's values",
                found.sketches[place].wasserstein_1(truth_.sketches[place]));
    summary.add(name, "kullback_leibler", "1", "Kullback-Leibler divergence from the truth's values",
                kullback_leibler(found.sketches[place], truth_.sketches[place]));
  }
  summary.add("all_variables", "sliced_wasserstein", "1",
              "sliced Wasserstein distance of standardised tiles of 3 x 3 cells from the truth's",
              ProjectedDistributions::sliced_wasserstein(found.projections, truth_.projections));
}

}  // namespace foehn::evaluation
