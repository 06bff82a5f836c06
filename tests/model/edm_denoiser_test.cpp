#include "foehn/model/edm_denoiser.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cmath>

#include "diffusion/at_hour_zero.hpp"
#include "foehn/core/error.hpp"
#include "foehn/model/prior_bundle.hpp"
#include "foehn/model/score_unet.hpp"
#include "io/test_files.hpp"
#include "model/two_variables.hpp"

namespace foehn::model::edm_denoiser_test {
namespace {

using diffusion::at_hour_zero;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

const ScoreUnetArchitecture kArchitecture{
    .window = 3, .variables = 2, .hidden = {4, 6}, .blocks = {1, 1}, .attention = {1}, .embedding = 8};

TEST(EdmDenoiser, IsThePreconditioningByHand) {
  const auto tensors = random_tensors(kArchitecture, 5);
  const at::TensorOptions exact(at::kDouble);
  const double s = 0.7, sigma = 3.2;
  EdmDenoiser denoiser(std::make_unique<ScoreUnet>(kArchitecture, tensors, exact), s);
  ScoreUnet network(kArchitecture, tensors, exact);
  at::manual_seed(3);
  const at::Tensor x = sigma * at::randn({2, 6, 4, 6}, at::kDouble);

  const double sum = sigma * sigma + s * s, c_skip = s * s / sum, c_out = sigma * s / std::sqrt(sum),
               c_in = 1 / std::sqrt(sum), c_noise = std::log(sigma) / 4;
  const at::Tensor clean =
      c_skip * x + c_out * network.forward(c_in * x, at::full({1}, c_noise, at::kDouble));
  const diffusion::NoiseLevel level = diffusion::Edm{}.at_log_ratio(-std::log(sigma));
  EXPECT_TRUE(at::allclose(x - sigma * denoiser.noise_estimate(at_hour_zero(x), level), clean, 1e-10, 1e-10));
}

class EdmBundle : public ::testing::Test {
 protected:
  static Domain domain() {
    return two_variables(anomalies_of_two_variables(), at::randn({2, 9}, at::kDouble));
  }
  void save() {
    NetworkPrior prior;
    prior.architecture = kArchitecture;
    prior.tensors = random_tensors(kArchitecture, 5);
    save_network_prior(folder_ / "prior", domain(), prior,
                       diffusion::Edm{.sigma_min = 0.03, .sigma_max = 1e5, .sigma_data = 0.7});
  }
  const io::TemporaryFolder folder_;
};

TEST_F(EdmBundle, ComesBackAsItWasSaved) {
  save();
  const PriorBundle prior = load_prior(folder_ / "prior", at::kDouble);
  ASSERT_NE(prior.description.schedule.edm(), nullptr);
  EXPECT_EQ(prior.description.schedule.edm()->sigma_min, 0.03);
  EXPECT_EQ(prior.description.schedule.edm()->sigma_max, 1e5);
  const auto* denoiser = dynamic_cast<EdmDenoiser*>(prior.denoiser.get());
  ASSERT_NE(denoiser, nullptr);
  EXPECT_EQ(denoiser->sigma_data(), 0.7);
  EXPECT_EQ(prior.gaussian, nullptr);
}

TEST_F(EdmBundle, GivesItsNetworkToStartFrom) {
  save();
  const NetworkBundle found = load_network(folder_ / "prior");
  EXPECT_EQ(*found.description.network, NetworkArchitecture(kArchitecture));
  for (const auto& [name, tensor] : random_tensors(kArchitecture, 5))
    EXPECT_TRUE(at::equal(found.tensors.at(name), tensor)) << name;
  save_gaussian_prior(folder_ / "gaussian", domain(), at::ones({1, 2, 2, 4, 6}, at::kDouble), {});
  EXPECT_THAT([&] { load_network(folder_ / "gaussian"); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("with a network"), HasSubstr("'gaussian'"))));
}

}  // namespace
}  // namespace foehn::model::edm_denoiser_test
