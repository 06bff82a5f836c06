// What a step costs outside the network: LibTorch's operators are counted, each of which is one kernel or
// more on a GPU. Their number must not grow with the hours of the trajectory.
#include <ATen/ATen.h>
#include <ATen/record_function.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "diffusion/sample_whole.hpp"
#include "foehn/diffusion/guidance.hpp"
#include "foehn/diffusion/sampler.hpp"
#include "foehn/observation/block_mean_operator.hpp"
#include "foehn/trajectory/composed_denoiser.hpp"
#include "trajectory/surroundings.hpp"

namespace foehn::trajectory::step_cost_mpi_test {
namespace {

constexpr std::int64_t kVariables = 2, kNy = 6, kNx = 9, kPeriod = 6, kMarkovOrder = 2;

/// How often each operator was asked for.
using Operators = std::map<std::string, std::int64_t>;
Operators operators;
bool counts = false;

std::int64_t total(const Operators& counted) {
  return std::accumulate(counted.begin(), counted.end(), std::int64_t{0},
                         [](std::int64_t sum, const auto& one) { return sum + one.second; });
}

/// While it lives, LibTorch's operators are counted, but for those of a network.
class Counting {
 public:
  Counting() {
    operators.clear();
    counts = true;
  }
  ~Counting() {
    counts = false;
    at::removeCallback(handle_);
  }
  Counting(const Counting&) = delete;
  Counting& operator=(const Counting&) = delete;

 private:
  static std::unique_ptr<at::ObserverContext> count(const at::RecordFunction& function) {
    // Of zeros, many or few, it depends on their number whether this one is called as well.
    if (counts && function.name() != std::string_view("aten::fill_")) ++operators[function.name()];
    return nullptr;
  }
  at::CallbackHandle handle_ =
      at::addGlobalCallback(at::RecordFunctionCallback(&count).scopes({at::RecordScope::FUNCTION}));
};

/// A network whose own operators are not counted, nor how often it is called.
class Network : public diffusion::WindowDenoiser {
 public:
  at::Tensor noise_estimate(const diffusion::Windows& noisy, const diffusion::NoiseLevel&) override {
    return uncounted(noisy.fields);
  }
  at::Tensor noise_vjp(const diffusion::Windows&, const diffusion::NoiseLevel&,
                       const at::Tensor& cotangent) override {
    return uncounted(cotangent);
  }

 private:
  /// Each cell by another factor, so that a solver needs several products.
  static at::Tensor uncounted(const at::Tensor& fields) {
    counts = false;
    at::Tensor result = fields * at::linspace(0.1, 0.9, kNy * kNx).reshape({kNy, kNx});
    counts = true;
    return result;
  }
};

observation::Observations observations_of(const Slab& mine, std::int64_t hours) {
  observation::Observations sets;
  for (const std::int64_t covered : {std::int64_t{1}, kPeriod}) {
    std::vector<observation::Interval> intervals;
    for (std::int64_t hour = 0; hour < hours; hour += kPeriod)
      if (mine.contains(hour)) intervals.push_back({hour - mine.first, hour + covered - mine.first});
    const auto count = static_cast<std::int64_t>(intervals.size());
    sets.emplace_back(
        std::make_shared<observation::BlockMeanOperator>(observation::BlockMeanOperator::Layout{
            {covered == 1 ? 0 : 1}, observation::BlockMean(3), intervals, at::full({1, 1, kNy, kNx}, 0.7)}),
        at::full({count, 1, kNy / 3, kNx / 3}, 0.3, at::kFloat), at::full({1, 1, 1}, 0.01, at::kFloat));
  }
  return sets;
}

/// Operators outside the network in three steps.
/// @param batch  windows in a call of the network
Operators count_operators(const comm::Communicator& world, std::int64_t hours, std::int64_t batch,
                          std::int64_t solver_steps) {
  const SlabPartition partition(hours, world.size(), 0, kPeriod);
  const Slab mine = partition.slab(world.rank());
  Network network;
  const auto transport = comm::make_transport(world);
  ComposedDenoiser composed(network, *transport, partition, {hours, kMarkovOrder, 1}, batch);
  const diffusion::Surroundings surroundings =
      surroundings_of(world, mine.first, hours * kVariables * kNy * kNx);
  diffusion::MmpsGuidance guided(
      composed, observations_of(mine, hours),
      {.solver = {.steps = solver_steps, .tolerance = {}}, .ordered_sum = surroundings.ordered_sum});
  const at::Tensor slab = at::empty({mine.size(), kVariables, kNy, kNx});
  const Counting counting;
  sample_whole(guided, {}, {.steps = 3}, surroundings, slab);
  return operators;
}

TEST(Step, TakesAsManyOperatorsOutsideTheNetworkForAnyNumberOfHours) {
  const comm::Communicator world = comm::Communicator::world();
  const at::NoGradGuard no_gradients;
  // Sixteen observations and more on each rank: they are treated in as many parts.
  const std::int64_t hours = 16 * kPeriod * world.size();
  for (const std::int64_t solver_steps : {2, 5}) {
    const Operators few = count_operators(world, hours, 8 * hours, solver_steps),
                    many = count_operators(world, 4 * hours, 8 * hours, solver_steps);
    EXPECT_GT(total(few), 0);
    EXPECT_EQ(many, few) << solver_steps << " products a step";
  }
}

TEST(Step, TakesAFewOperatorsMoreForEachCallOfTheNetwork) {
  const comm::Communicator world = comm::Communicator::world();
  const at::NoGradGuard no_gradients;
  const std::int64_t hours = 16 * kPeriod * world.size(), windows = 16 * kPeriod;
  const std::int64_t once = total(count_operators(world, hours, 8 * hours, 2)),
                     often = total(count_operators(world, hours, 8, 2));
  // Three steps of an estimate and two products, of which each calls the network at most as often as this.
  const std::int64_t calls = 3 * 3 * (windows / 8 + 2);
  EXPECT_LE(often - once, 60 * calls);
}

}  // namespace
}  // namespace foehn::trajectory::step_cost_mpi_test
