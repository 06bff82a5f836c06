// What must hold on a GPU, on a device that this machine's memory plays (device/fake_device.hpp): nothing of
// the trajectory passes through the host but halos and scalars, and no more of these for more hours.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <iostream>
#include <memory>
#include <vector>

#include "device/fake_device.hpp"
#include "diffusion/sample_whole.hpp"
#include "foehn/diffusion/guidance.hpp"
#include "foehn/diffusion/sampler.hpp"
#include "foehn/model/score_unet.hpp"
#include "foehn/observation/block_mean_operator.hpp"
#include "foehn/trajectory/composed_denoiser.hpp"
#include "trajectory/surroundings.hpp"

namespace foehn::trajectory::fake_device_mpi_test {
namespace {

using testing::device_tally;
using testing::DeviceTally;
using testing::kFakeDevice;

constexpr std::int64_t kVariables = 2, kNy = 6, kNx = 8, kPeriod = 6, kSteps = 3;

model::ScoreUnetArchitecture architecture() {
  return {.window = 3,
          .variables = kVariables,
          .hidden = {4, 8},
          .blocks = {1, 1},
          .attention = {1},
          .embedding = 8};
}

observation::Observations observations_of(const Slab& mine, std::int64_t hours, const c10::Device& device) {
  const at::TensorOptions tensors = at::TensorOptions(at::kFloat).device(device);
  std::vector<observation::Interval> intervals;
  for (std::int64_t hour = 0; hour < hours; hour += kPeriod)
    if (mine.contains(hour)) intervals.push_back({hour - mine.first, hour + 1 - mine.first});
  const auto count = static_cast<std::int64_t>(intervals.size());
  observation::Observations sets;
  sets.emplace_back(std::make_shared<observation::BlockMeanOperator>(observation::BlockMeanOperator::Layout{
                        {0}, observation::BlockMean(2), intervals, at::full({1, 1, kNy, kNx}, 0.7, tensors)}),
                    at::full({count, 1, kNy / 2, kNx / 2}, 0.3, tensors), at::full({1, 1, 1}, 0.01, tensors));
  return sets;
}

struct Run {
  at::Tensor slab;
  DeviceTally tally;  ///< of all steps
};

/// Samples with a network, composed over the ranks and guided by mmps.
/// @param batch  windows in a call of the network
Run sample_on(const c10::Device& device, std::int64_t hours, std::int64_t batch) {
  const comm::Communicator world = comm::Communicator::world();
  const at::TensorOptions tensors = at::TensorOptions(at::kFloat).device(device);
  model::ScoreUnet network(architecture(), model::random_tensors(architecture(), 3), tensors);
  const SlabPartition partition(hours, world.size(), 0, kPeriod);
  const Slab mine = partition.slab(world.rank());
  const auto transport = comm::make_transport(
      world, device, device.is_cpu() ? comm::TransportKind::mpi : comm::TransportKind::mpi_by_host);
  ComposedDenoiser composed(network, *transport, partition, {hours, 1, 1}, batch);
  const diffusion::Surroundings surroundings =
      surroundings_of(world, mine.first, hours * kVariables * kNy * kNx);
  diffusion::MmpsGuidance guided(
      composed, observations_of(mine, hours, device),
      {.solver = {.steps = 2, .tolerance = {}}, .ordered_sum = surroundings.ordered_sum});
  const at::Tensor slab = at::zeros({mine.size(), kVariables, kNy, kNx}, tensors);
  const DeviceTally before = device_tally();
  sample_whole(guided, {}, {.steps = kSteps}, surroundings, slab);
  return {slab, device_tally() - before};
}

TEST(FakeDevice, ClosesItsMemoryToTheHost) {
  if (comm::Communicator::world().size() > 1)
    GTEST_SKIP() << "a process that is to crash belongs to no others";
  const at::Tensor ones = at::ones({4}, at::TensorOptions(at::kFloat).device(kFakeDevice));
  EXPECT_EQ(ones.sum().item<float>(), 4.0F);
  EXPECT_DEATH(static_cast<float*>(ones.data_ptr())[0] = 2, "");
}

TEST(FakeDevice, RefusesTensorsOfTheHost) {
  const at::Tensor ours = at::ones({4}, at::TensorOptions(at::kFloat).device(kFakeDevice));
  EXPECT_THROW(ours + at::ones({4}), std::exception);
  EXPECT_EQ((ours + at::ones({})).sum().item<float>(), 8.0F);
}

TEST(FakeDevice, CountsWhatItIsAskedFor) {
  const DeviceTally before = device_tally();
  const at::Tensor ours = at::ones({4}).to(kFakeDevice);
  EXPECT_EQ((ours * 2).view({2, 2}).select(0, 1).cpu().sum().item<float>(), 4.0F);
  EXPECT_EQ(device_tally() - before, (DeviceTally{.launches = 1, .uploads = 1, .downloads = 1}));
}

TEST(Step, GivesOnADeviceWhatItGivesOnTheCpu) {
  const at::NoGradGuard no_gradients;
  const std::int64_t hours = 2 * kPeriod * comm::Communicator::world().size();
  const at::Tensor expected = sample_on(c10::kCPU, hours, 4).slab,
                   found = sample_on(kFakeDevice, hours, 4).slab.cpu();
  const double difference = (found - expected).abs().max().item<double>(),
               largest = expected.abs().max().item<double>();
  EXPECT_GT(largest, 0);
  EXPECT_LT(difference, 1e-4 * largest);
}

TEST(Step, TouchesTheHostNoMoreOftenForMoreHours) {
  const at::NoGradGuard no_gradients;
  const comm::Communicator world = comm::Communicator::world();
  // Four observations and more on each rank: they are treated in as many parts.
  const std::int64_t hours = 4 * kPeriod * world.size();
  // A batch holds all windows of a rank: the network is called as often for few hours as for many.
  const DeviceTally few = sample_on(kFakeDevice, hours, 8 * hours).tally,
                    many = sample_on(kFakeDevice, 2 * hours, 8 * hours).tally;
  EXPECT_EQ(many.launches, few.launches);
  EXPECT_EQ(many.uploads, few.uploads);
  EXPECT_EQ(many.downloads, few.downloads);
  if (world.is_root()) std::cout << world.size() << " ranks, " << kSteps << " steps: " << few << std::endl;
}

TEST(Step, WaitsForTheDeviceNoMoreOftenForMoreBatches) {
  const at::NoGradGuard no_gradients;
  const std::int64_t hours = 2 * kPeriod * comm::Communicator::world().size();
  EXPECT_EQ(sample_on(kFakeDevice, hours, 2).tally.downloads,
            sample_on(kFakeDevice, hours, 8 * hours).tally.downloads);
}

}  // namespace
}  // namespace foehn::trajectory::fake_device_mpi_test
