#include "observation_check.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

namespace foehn::job {
namespace {

constexpr std::size_t kSums = 3;  // per variable

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

void ObservationCheck::add(std::int64_t member, const at::Tensor& slab) {
  std::vector<double> numbers(1 + kSums * variables_, 0);
  numbers[0] = static_cast<double>(member);
  for (std::size_t set = 0; set < observations_.size(); ++set) {
    const std::vector<std::int64_t>& variables = plan_.observations[set].variables;
    const std::vector<PerObservation> found = distances(observations_[set], variables.size(), slab);
    for (std::size_t i = 0; i < variables.size(); ++i) {
      const std::size_t first = 1 + kSums * static_cast<std::size_t>(variables[i]);
      numbers[first] = team_.ranks.ordered_sum(found[i].counts);
      numbers[first + 1] = team_.ranks.ordered_sum(found[i].sums);
      numbers[first + 2] = team_.ranks.ordered_sum(found[i].squares);
    }
  }
  if (team_.ranks.is_root()) members_.push_back(std::move(numbers));
}

void ObservationCheck::finish(const comm::Communicator& world, std::vector<VariableCheck>& checks) const {
  std::string mine;
  for (const auto& numbers : members_)
    mine.append(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(double));
  std::string text;
  for (const std::string& each : world.gather(mine)) text += each;
  if (!world.is_root()) return;

  const std::size_t length = 1 + kSums * variables_;
  std::vector<std::vector<double>> all(text.size() / (length * sizeof(double)), std::vector<double>(length));
  const char* next = text.data();
  for (auto& numbers : all) {
    std::memcpy(numbers.data(), next, length * sizeof(double));
    next += length * sizeof(double);
  }
  std::sort(all.begin(), all.end());  // by member, whoever drew it
  for (std::size_t variable = 0; variable < variables_; ++variable) {
    double count = 0, sum = 0, squares = 0;
    for (const auto& numbers : all) {
      count += numbers[1 + kSums * variable];
      sum += numbers[2 + kSums * variable];
      squares += numbers[3 + kSums * variable];
    }
    if (count == 0) continue;
    checks[variable].distance_rms = std::sqrt(squares / count);
    checks[variable].distance_mean = sum / count;
  }
}

}  // namespace foehn::job
