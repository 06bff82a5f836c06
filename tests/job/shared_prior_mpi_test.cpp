// A prior that only the root can read.
#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <memory>

#include "app/toy_prior.hpp"
#include "diffusion/at_hour_zero.hpp"
#include "foehn/core/error.hpp"
#include "foehn/job/shared_prior.hpp"

namespace foehn::job::shared_prior_mpi_test {
namespace {

/// A folder of the root's; the other ranks have the same name for another place.
class SharedPrior : public ::testing::TestWithParam<void (*)(const std::filesystem::path&)> {
 protected:
  SharedPrior() {
    if (world_.is_root()) GetParam()(folder_);
  }
  ~SharedPrior() override { std::filesystem::remove_all(folder_); }

  comm::Communicator world_ = comm::Communicator::world();
  std::filesystem::path folder_ =
      std::filesystem::path(::testing::TempDir()) / "foehn_shared_prior" / std::to_string(world_.rank());
};

TEST_P(SharedPrior, IsTheRootsOnEveryRank) {
  const auto options = at::TensorOptions(at::kFloat);
  std::optional<model::PriorFiles> files = open_prior(world_, folder_);
  EXPECT_EQ(files.has_value(), world_.is_root());
  const model::PriorBundle prior = load_prior(world_, std::move(files), options);
  prior.set_clock({});
  const auto give_coarse = [](const model::PriorBundle& to) {
    if (to.conditional != nullptr)
      to.set_coarse(std::make_shared<model::CoarseFields>(
          model::interpolate({2, {0, 3}, at::ones({2, 2, 4, 6})}, 0, 3, {})));
  };
  give_coarse(prior);
  at::manual_seed(3);
  const at::Tensor windows = at::randn({2, 6, 8, 12}, at::kFloat);
  const diffusion::NoiseLevel level = prior.description.schedule.at(0.5);
  const at::Tensor estimate = prior.denoiser->noise_estimate(diffusion::at_hour_zero(windows), level);
  const auto sum = estimate.sum().item<double>();
  for (const double other : world_.gather_all(sum)) EXPECT_EQ(other, sum);
  const model::Domain expected = foehn::testing::toy_domain();
  EXPECT_EQ(prior.description.domain.variables, expected.variables);
  EXPECT_FALSE(grid::difference(prior.description.domain.grid, expected.grid));
  EXPECT_TRUE(at::equal(prior.description.domain.quantiles, expected.quantiles));
  if (!world_.is_root()) return;
  const model::PriorBundle here = model::load_prior(folder_, options);
  here.set_clock({});
  give_coarse(here);
  EXPECT_TRUE(at::equal(here.denoiser->noise_estimate(diffusion::at_hour_zero(windows), level), estimate));
  EXPECT_EQ(here.description.digest, model::prior_digest(folder_));
  EXPECT_EQ(here.description.digest, prior.description.digest);
}

INSTANTIATE_TEST_SUITE_P(Kinds, SharedPrior,
                         ::testing::Values(&foehn::testing::write_gaussian_prior,
                                           &foehn::testing::write_score_prior,
                                           &foehn::testing::write_edm_prior,
                                           static_cast<void (*)(const std::filesystem::path&)>(
                                               &foehn::testing::write_conditional_prior)));

TEST(SharedPriorOf, AScoreUnetHasTheGaussianPartThatItIsLentOnEveryRank) {
  const comm::Communicator world = comm::Communicator::world();
  const std::filesystem::path folder =
      std::filesystem::path(::testing::TempDir()) / "foehn_lent_part" / std::to_string(world.rank());
  if (world.is_root()) {
    foehn::testing::write_score_prior(folder / "network");
    foehn::testing::write_gaussian_prior(folder / "gaussian");
  }
  const auto options = at::TensorOptions(at::kFloat);
  const model::PriorBundle prior =
      load_prior(world, open_prior(world, folder / "network", folder / "gaussian"), options);
  EXPECT_EQ(prior.description.gaussian_order, 1);
  at::manual_seed(4);
  const at::Tensor windows = at::randn({2, 6, 8, 12}, at::kFloat);
  const diffusion::NoiseLevel level = prior.description.schedule.at(0.5);
  const at::Tensor estimate = prior.gaussian->noise_estimate(diffusion::at_hour_zero(windows), level);
  const auto sum = estimate.sum().item<double>();
  for (const double other : world.gather_all(sum)) EXPECT_EQ(other, sum);
  if (!world.is_root()) return;
  EXPECT_NE(prior.description.digest, model::prior_digest(folder / "network"));
  // The toy priors normalise alike, so that the part is the Gaussian prior as it is.
  EXPECT_TRUE(at::equal(model::load_prior(folder / "gaussian", options)
                            .denoiser->noise_estimate(diffusion::at_hour_zero(windows), level),
                        estimate));
  std::filesystem::remove_all(folder);
}

TEST(SharedPriorOf, NoFolderIsRefusedOnEveryRank) {
  const comm::Communicator world = comm::Communicator::world();
  EXPECT_THAT([&] { open_prior(world, "nowhere"); },
              ::testing::ThrowsMessage<core::CollectiveError>(::testing::HasSubstr("nowhere")));
}

}  // namespace
}  // namespace foehn::job::shared_prior_mpi_test
