// Composition over every transport: what one rank computes alone has the same bits however its rows travel.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "comm/transports.hpp"
#include "diffusion/sample_whole.hpp"
#include "foehn/diffusion/noise.hpp"
#include "foehn/diffusion/sampler.hpp"
#include "foehn/trajectory/composed_by_noise.hpp"

namespace foehn::trajectory::transports_mpi_test {
namespace {

constexpr std::int64_t kHours = 23, kMarkovOrder = 3, kPeriod = 6;

/// A denoiser whose derivative is neither constant nor symmetric: channels wave with their successors.
class Waves : public diffusion::WindowDenoiser {
 public:
  at::Tensor noise_estimate(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level) override {
    return at::sin(noisy.fields) * at::roll(noisy.fields, 1, 1) + level.sigma * noisy.fields;
  }
  at::Tensor noise_vjp(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level,
                       const at::Tensor& cotangent) override {
    const at::Tensor& x = noisy.fields;
    return at::cos(x) * at::roll(x, 1, 1) * cotangent + at::roll(at::sin(x) * cotangent, -1, 1) +
           level.sigma * cotangent;
  }
};

class CompositionOver : public comm::OverEveryTransport {
 protected:
  at::Tensor noise_of(const Slab& hours, std::uint32_t draw) const {
    at::Tensor slab = at::empty({hours.size(), 2, 5, 7});
    diffusion::fill_noise({.seed = 31, .draw = draw}, hours.first, slab);
    return slab.to(device_);
  }

  /// An estimate, products of two sets of hours, and a short sample.
  std::vector<at::Tensor> computed_over(comm::Transport& transport) {
    const comm::Communicator& team = transport.ranks();
    const SlabPartition partition(kHours, team.size(), 0, kPeriod);
    const Slab mine = partition.slab(team.rank());
    const WindowPlan narrow(kHours, kMarkovOrder, 1), wide(kHours, kMarkovOrder, 3);
    Waves waves;
    ComposedByNoise composed(waves, transport, partition, narrow, wide, 4);
    const diffusion::NoiseLevel level = diffusion::VpCosine{}.at(0.4);
    const at::Tensor noisy = noise_of(mine, 0), cotangent = noise_of(mine, 1);
    std::vector<at::Tensor> found{composed.noise_estimate(noisy, level),
                                  composed.noise_vjp(noisy, level, cotangent)};
    at::Tensor sparse = cotangent.clone();  // most rows of gradients are zeros, which are not sent
    for (std::int64_t hour = mine.first; hour < mine.last; ++hour)
      if (hour % kPeriod != 0) sparse[hour - mine.first].zero_();
    found.push_back(composed.noise_vjp(noisy, level, sparse));
    diffusion::Surroundings surroundings;
    surroundings.fill_noise = [&](at::Tensor& slab, std::uint32_t draw) {
      slab.copy_(noise_of(mine, 2 + draw));
    };
    surroundings.ordered_sum = [&](std::span<const double> sums) { return team.ordered_sum(sums); };
    surroundings.trajectory_values = kHours * 2 * 5 * 7;
    surroundings.pass_done = [](const diffusion::SamplerState&) { return true; };
    const at::Tensor slab = at::empty_like(noisy);
    sample_whole(composed, {}, {.steps = 4, .corrections = 1}, surroundings, slab);
    found.push_back(slab);
    return found;
  }
};

TEST_P(CompositionOver, HasTheBitsOfOneRank) {
  const at::NoGradGuard no_gradients;
  const comm::Communicator alone = world_.split(world_.rank());
  const auto in_itself = comm::make_transport(alone, device_);
  const std::vector<at::Tensor> expected = computed_over(*in_itself), found = computed_over(*transport_);
  const Slab mine = SlabPartition(kHours, world_.size(), 0, kPeriod).slab(world_.rank());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_TRUE(at::isfinite(expected[i]).all().item<bool>()) << i;
    EXPECT_TRUE(at::equal(found[i], expected[i].narrow(0, mine.first, mine.size()))) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Here, CompositionOver, ::testing::ValuesIn(comm::transports_here()),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace foehn::trajectory::transports_mpi_test
