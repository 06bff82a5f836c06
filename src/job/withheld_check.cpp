#include "withheld_check.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <cstring>
#include <map>
#include <string>

#include "foehn/evaluation/scores.hpp"

namespace foehn::job {

namespace {

std::string bytes_of(const std::vector<double>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(double)};
}

std::vector<double> numbers_of(const std::string& bytes) {
  std::vector<double> numbers(bytes.size() / sizeof(double));
  std::memcpy(numbers.data(), bytes.data(), bytes.size());
  return numbers;
}

std::vector<double> numbers_of(const at::Tensor& tensor) {
  const at::Tensor here = tensor.to(at::kCPU, at::kDouble).contiguous();
  return {here.data_ptr<double>(), here.data_ptr<double>() + here.numel()};
}

/// @param members     their values, [member][value]
/// @param values      observed, NaN where nothing is
/// @param unit        of a normalised value, in that of the variable
WithheldScore score(const std::vector<std::vector<double>>& members, const std::vector<double>& values,
                    const std::vector<double>& variance, double unit) {
  evaluation::EnsembleSums sums(static_cast<std::int64_t>(members.size()));
  double error_variance = 0;
  std::vector<double> errors(members.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) continue;
    for (std::size_t m = 0; m < members.size(); ++m) errors[m] = unit * (members[m][i] - values[i]);
    sums.add(errors);
    error_variance += unit * unit * variance[i];
  }
  const evaluation::EnsembleScores found = evaluation::finish(sums);
  WithheldScore result;
  result.count = sums.ensembles;
  result.rmse = found.mean.rmse;
  result.bias = found.mean.bias;
  result.fair_crps = found.fair_crps;
  const auto count = static_cast<double>(members.size());
  if (found.spread && result.rmse > 0)
    result.spread_skill = std::sqrt((count + 1) / count * *found.spread * *found.spread +
                                    error_variance / static_cast<double>(result.count)) /
                          result.rmse;
  return result;
}

}  // namespace

template <class Of>
std::vector<std::vector<double>> WithheldCheck::gather(Of&& of) const {
  std::vector<std::vector<double>> all;
  for (const observation::SlabObservations& set : observations_) {
    std::string text;
    for (const std::string& part : team_.ranks.gather(bytes_of(numbers_of(of(set))))) text += part;
    all.push_back(numbers_of(text));
  }
  return all;
}

void WithheldCheck::add(std::int64_t member, const at::Tensor& slab) {
  if (observations_.empty()) return;
  auto simulated = gather([&](const observation::SlabObservations& set) { return set.apply(slab); });
  if (!team_.ranks.is_root()) return;
  members_.push_back(member);
  simulated_.push_back(std::move(simulated));
}

std::vector<WithheldScore> WithheldCheck::finish(const comm::Communicator& world) const {
  if (observations_.empty()) return {};
  const auto values = gather([](const observation::SlabObservations& set) {
    return set.is_missing().defined() ? set.values().masked_fill(set.is_missing(), NAN) : set.values();
  });
  const auto variance =
      gather([](const observation::SlabObservations& set) { return set.variance().expand_as(set.values()); });
  std::map<std::int64_t, std::vector<std::vector<double>>> all;  // by member, whoever drew it: [set][value]
  for (std::size_t set = 0; set < observations_.size(); ++set) {
    std::vector<double> mine;  // number and values of each member
    for (std::size_t m = 0; m < members_.size(); ++m) {
      mine.push_back(static_cast<double>(members_[m]));
      mine.insert(mine.end(), simulated_[m][set].begin(), simulated_[m][set].end());
    }
    for (const std::string& part : world.gather(bytes_of(mine))) {
      const std::vector<double> numbers = numbers_of(part);
      const auto length = static_cast<std::ptrdiff_t>(values[set].size() + 1);
      for (auto next = numbers.begin(); next != numbers.end(); next += length)
        all[static_cast<std::int64_t>(*next)].emplace_back(next + 1, next + length);
    }
  }
  std::vector<WithheldScore> scores;
  if (!world.is_root() || all.empty()) return scores;
  for (std::size_t set = 0; set < observations_.size(); ++set) {
    std::vector<std::vector<double>> members;
    for (const auto& [member, of_member] : all) members.push_back(of_member[set]);
    const conditioning::PointPlacement& placement = plan_.withheld[set];
    const double unit =
        domain_.of_observations().normalisation.scale().data_ptr<double>()[placement.variable];
    WithheldScore& found = scores.emplace_back(score(members, values[set], variance[set], unit));
    found.name = placement.name;
    found.variable = placement.variable;
  }
  return scores;
}

}  // namespace foehn::job
