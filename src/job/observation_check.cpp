#include "observation_check.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

namespace foehn::job {
namespace {

constexpr std::size_t kSums = 3;  // per set and variable

struct Sums {
  double count = 0, sum = 0, squares = 0;
  void add(const Sums& others) {
    count += others.count;
    sum += others.sum;
    squares += others.squares;
  }
  double rms() const { return std::sqrt(squares / count); }
  double mean() const { return sum / count; }
};

/// Count, sum and squares of one variable's distances, observation by observation of the slab.
struct PerObservation {
  std::vector<double> counts, sums, squares;
};

/// @return  one per variable of the set
std::vector<PerObservation> distances(const observation::SlabObservations& observations,
                                      std::size_t variables, const at::Tensor& slab) {
  std::vector<PerObservation> all(variables);
  // Both are zero where a value is missing.
  const at::Tensor distances =
      ((observations.apply(slab) - observations.values()) / observations.variance().sqrt())
          .to(at::kCPU, at::kDouble);
  const at::Tensor is_missing =
      observations.is_missing().defined() ? observations.is_missing().to(at::kCPU) : at::Tensor();
  for (std::int64_t i = 0; i < observations.size(); ++i)
    for (std::size_t variable = 0; variable < variables; ++variable) {
      const auto place = static_cast<std::int64_t>(variable);
      const at::Tensor of_variable = distances[i][place];
      const std::int64_t gaps = is_missing.defined() ? is_missing[i][place].sum().item<std::int64_t>() : 0;
      all[variable].counts.push_back(static_cast<double>(of_variable.numel() - gaps));
      all[variable].sums.push_back(of_variable.sum().item<double>());
      all[variable].squares.push_back(of_variable.square().sum().item<double>());
    }
  return all;
}

}  // namespace

std::vector<std::int64_t> ObservationCheck::variables_of(std::size_t set) const {
  const std::size_t coarse = plan_.observations.size();
  return set < coarse ? plan_.observations[set].variables
                      : std::vector<std::int64_t>{plan_.points[set - coarse].variable};
}

void ObservationCheck::add(std::int64_t member, const at::Tensor& slab) {
  std::vector<double> numbers{static_cast<double>(member)};
  const observation::Observations& mine = observations_[plan_.driver_of(member)];
  for (std::size_t set = 0; set < mine.size(); ++set)
    for (const PerObservation& found : distances(mine[set], variables_of(set).size(), slab))
      for (const std::vector<double>* each : {&found.counts, &found.sums, &found.squares})
        numbers.push_back(team_.ranks.ordered_sum(*each));
  if (team_.ranks.is_root()) members_.push_back(std::move(numbers));
}

void ObservationCheck::finish(const comm::Communicator& world, SelfCheck& check) const {
  std::string mine;
  for (const auto& numbers : members_)
    mine.append(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(double));
  std::string text;
  for (const std::string& each : world.gather(mine)) text += each;
  if (!world.is_root()) return;

  std::size_t length = 1;
  for (std::size_t set = 0; set < sets(); ++set) length += kSums * variables_of(set).size();
  std::vector<std::vector<double>> all(text.size() / (length * sizeof(double)), std::vector<double>(length));
  const char* next = text.data();
  for (auto& numbers : all) {
    std::memcpy(numbers.data(), next, length * sizeof(double));
    next += length * sizeof(double);
  }
  std::sort(all.begin(), all.end());  // by member, whoever drew it
  std::vector<Sums> of_variables(variables_);
  std::size_t place = 1;
  for (std::size_t set = 0; set < sets(); ++set)
    for (const std::int64_t variable : variables_of(set)) {
      Sums sums;
      for (const auto& numbers : all) sums.add({numbers[place], numbers[place + 1], numbers[place + 2]});
      of_variables[static_cast<std::size_t>(variable)].add(sums);
      place += kSums;
      if (set < plan_.observations.size() || sums.count == 0) continue;
      const conditioning::PointPlacement& placement = plan_.points[set - plan_.observations.size()];
      check.points.push_back({placement.name, placement.variable, placement.count, sums.rms(), sums.mean()});
    }
  for (std::size_t variable = 0; variable < variables_; ++variable) {
    if (of_variables[variable].count == 0) continue;
    check.variables[variable].distance_rms = of_variables[variable].rms();
    check.variables[variable].distance_mean = of_variables[variable].mean();
  }
}

}  // namespace foehn::job
