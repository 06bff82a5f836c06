#include "foehn/diffusion/window_denoiser.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <gmock/gmock.h>

#include <cmath>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "foehn/core/error.hpp"
#include "foehn/model/conditional_residual.hpp"
#include "foehn/model/edm_denoiser.hpp"
#include "foehn/model/gaussian_preconditioned.hpp"
#include "foehn/model/gaussian_prior.hpp"
#include "foehn/model/graph_transformer.hpp"
#include "foehn/model/score_unet.hpp"
#include "model/decaying_covariance.hpp"

namespace foehn::model::window_denoiser_test {
namespace {

constexpr std::int64_t kHours = 3, kVariables = 2, kNy = 4, kNx = 12;

at::Tensor lag_covariance() {
  return decaying_covariance(kHours, kVariables, kNy, kNx);
}

/// Of every kind of layer, with attention at an even and an odd number of cells.
std::unique_ptr<ScoreUnet> network(std::int64_t inputs, at::ScalarType type, bool dates = false,
                                   std::int64_t extra_inputs = 0) {
  const ScoreUnetArchitecture architecture{.window = kHours,
                                           .variables = kVariables,
                                           .hidden = {4, 6, 8},
                                           .blocks = {1, 2, 1},
                                           .attention = {1, 2},
                                           .embedding = 8,
                                           .inputs = inputs,
                                           .extra_inputs = extra_inputs,
                                           .dates = dates};
  auto made =
      std::make_unique<ScoreUnet>(architecture, random_tensors(architecture, 3), at::TensorOptions(type));
  if (dates) made->set_clock({});
  return made;
}

/// Of the form adm, with attention of one head, that knows dates and two static fields.
std::unique_ptr<ScoreUnet> adm_network(at::ScalarType type) {
  ScoreUnetArchitecture architecture = network(1, type, true)->architecture();
  architecture.form = NetworkForm::adm;
  architecture.static_fields = {"orography", "mask"};
  auto made =
      std::make_unique<ScoreUnet>(architecture, random_tensors(architecture, 3), at::TensorOptions(type));
  made->set_clock({});
  at::manual_seed(14);
  made->set_static_fields(at::randn({2, kNy, kNx}));
  return made;
}

/// On a grid of the globe.
std::unique_ptr<GraphTransformer> graph_network(at::ScalarType type) {
  const GraphTransformerArchitecture architecture{.window = kHours,
                                                  .variables = kVariables,
                                                  .mesh_level = 0,
                                                  .width = 12,
                                                  .heads = 3,
                                                  .layers = 2,
                                                  .dates = true};
  std::vector<mesh::Point> cells;
  for (int y = 0; y < kNy; ++y)
    for (int x = 0; x < kNx; ++x) cells.push_back(mesh::on_sphere(67.5 - 45 * y, 360.0 / kNx * x));
  auto made = std::make_unique<GraphTransformer>(
      architecture, random_tensors(expected_tensors(architecture), 3),
      std::make_shared<const mesh::Graph>(mesh::make_graph(cells, 0)), at::TensorOptions(type));
  made->set_clock({});
  return made;
}

/// Given other coarse fields in each hour, of all windows that begin before hour 3.
std::unique_ptr<diffusion::WindowDenoiser> conditional(at::ScalarType type) {
  auto made = std::make_unique<ConditionalResidual>(
      network(2, type, false, ConditionalResidual::extra_inputs(kHours)), 0.7,
      CoarseForm{{2, 4}, {3, 6}, {1.5, 0.8}});
  at::manual_seed(12);
  made->set_coarse(std::make_shared<CoarseFields>(
      interpolate({2, {0, 3, 5}, at::randn({3, kVariables, kNy / 2, kNx / 2})}, 0, kHours + 2, {})));
  return made;
}

/// What a denoiser of windows must hold, whatever the kind of prior: a new kind is one more line here.
struct Subject {
  std::string name;
  std::function<std::unique_ptr<diffusion::WindowDenoiser>(at::ScalarType)> make;
};

void PrintTo(const Subject& subject, std::ostream* out) {
  *out << subject.name;
}

const Subject kSubjects[] = {
    {"Gaussian", [](auto type) { return std::make_unique<GaussianPrior>(lag_covariance(), type, false); }},
    {"GaussianInBatches",
     [](auto type) { return std::make_unique<GaussianPrior>(lag_covariance(), type, true); }},
    {"ScoreUnet", [](auto type) { return network(1, type); }},
    {"ScoreUnetThatKnowsDates", [](auto type) { return network(1, type, true); }},
    {"EdmDenoiser", [](auto type) { return std::make_unique<EdmDenoiser>(network(1, type), 0.7); }},
    {"GaussianPreconditioned",
     [](auto type) {
       return std::make_unique<GaussianPreconditioned>(GaussianPrior(lag_covariance(), type),
                                                       network(2, type));
     }},
    {"ConditionalResidual", [](auto type) { return conditional(type); }},
    {"Adm", [](auto type) { return adm_network(type); }},
    {"GraphTransformer", [](auto type) { return std::make_unique<EdmDenoiser>(graph_network(type), 0.7); }},
};

class EachWindowDenoiser : public ::testing::TestWithParam<Subject> {
 protected:
  EachWindowDenoiser() { at::manual_seed(31); }
  /// Windows that begin at hours of their own, in [0, count).
  static diffusion::Windows windows(const at::Tensor& fields) {
    std::vector<std::int64_t> first_hours(static_cast<std::size_t>(fields.size(0)));
    for (std::size_t i = 0; i < first_hours.size(); ++i) first_hours[i] = static_cast<std::int64_t>(i);
    return {fields, first_hours};
  }
  static at::Tensor random(std::int64_t count, at::ScalarType type) {
    return at::randn({count, kHours * kVariables, kNy, kNx}, type);
  }
  static diffusion::Windows reversed(const diffusion::Windows& some) {
    return {some.fields.flip(0), {some.first_hours.rbegin(), some.first_hours.rend()}};
  }

  const diffusion::NoiseLevel level_ = diffusion::VpCosine{}.at(0.4);
};

TEST_P(EachWindowDenoiser, HasTheProductOfItsJacobianThatFiniteDifferencesGive) {
  const auto denoiser = GetParam().make(at::kDouble);
  const at::Tensor x = random(2, at::kDouble), direction = at::randn_like(x), cotangent = at::randn_like(x);
  const double step = 1e-5;
  const at::Tensor difference = (denoiser->noise_estimate(windows(x + step * direction), level_) -
                                 denoiser->noise_estimate(windows(x - step * direction), level_)) /
                                (2 * step);
  const double expected = (difference * cotangent).sum().item<double>();
  const at::NoGradGuard as_callers_have_it;
  const at::Tensor product = denoiser->noise_vjp(windows(x), level_, cotangent);
  EXPECT_NEAR((product * direction).sum().item<double>(), expected, 1e-7 * std::abs(expected));
}

TEST_P(EachWindowDenoiser, GivesAWindowTheSameBitsInAnySlot) {
  const auto denoiser = GetParam().make(at::kFloat);
  const diffusion::Windows some = windows(random(3, at::kFloat));
  const at::Tensor cotangent = at::randn_like(some.fields);
  EXPECT_TRUE(at::equal(denoiser->noise_estimate(reversed(some), level_),
                        denoiser->noise_estimate(some, level_).flip(0)));
  EXPECT_TRUE(at::equal(denoiser->noise_vjp(reversed(some), level_, cotangent.flip(0)),
                        denoiser->noise_vjp(some, level_, cotangent).flip(0)));
}

/// Those that may be on the schedule edm.
class EachEdmDenoiser : public EachWindowDenoiser {};

/// At noise of 1e5 float32 leaves an error of 6e-3 to x_hat, and none of its derivative.
TEST_P(EachEdmDenoiser, IsPreciseWhereNoiseIsHighForFieldsInFloat64) {
  const auto exact = GetParam().make(at::kDouble), denoiser = GetParam().make(at::kFloat);
  const diffusion::NoiseLevel high = diffusion::Edm{}.at(std::log(1e5) / 4);
  const at::Tensor x = high.sigma * random(2, at::kDouble), cotangent = random(2, at::kDouble);
  const auto clean = [&](diffusion::WindowDenoiser& of) {
    return x - high.sigma * of.noise_estimate(windows(x), high);
  };
  const auto covariance = [&](diffusion::WindowDenoiser& of) {
    return (cotangent - high.sigma * of.noise_vjp(windows(x), high, cotangent)) * (high.sigma * high.sigma);
  };
  // What float64 itself leaves out here is 1e-16 sigma^2 of values about 1 large.
  const at::Tensor product = covariance(*exact);
  EXPECT_LT((clean(*denoiser) - clean(*exact)).abs().max().item<double>(), 1e-6);
  EXPECT_LT((covariance(*denoiser) - product).norm().item<double>(), 1e-3 * product.norm().item<double>());
}

class EachBatchFreeDenoiser : public EachWindowDenoiser {};

TEST_P(EachBatchFreeDenoiser, GivesAWindowTheSameBitsInAnyBatch) {
  const auto denoiser = GetParam().make(at::kFloat);
  EXPECT_FALSE(denoiser->needs_full_batches());
  const at::Tensor x = random(3, at::kFloat), cotangent = at::randn_like(x);
  const at::Tensor estimate = denoiser->noise_estimate(windows(x), level_);
  const at::Tensor product = denoiser->noise_vjp(windows(x), level_, cotangent);
  for (std::int64_t i = 0; i < 3; ++i) {
    const diffusion::Windows alone{x.narrow(0, i, 1).clone(), {i}};
    EXPECT_TRUE(at::equal(denoiser->noise_estimate(alone, level_)[0], estimate[i]));
    EXPECT_TRUE(
        at::equal(denoiser->noise_vjp(alone, level_, cotangent.narrow(0, i, 1).clone())[0], product[i]));
  }
}

TEST_P(EachWindowDenoiser, GivesTensorsOfTheCallersOwn) {
  const auto denoiser = GetParam().make(at::kFloat);
  const at::Tensor x = random(2, at::kFloat), before = x.clone();
  at::Tensor estimate = denoiser->noise_estimate(windows(x), level_);
  const at::Tensor kept = estimate.clone();
  at::Tensor product = denoiser->noise_vjp(windows(x), level_, before);
  EXPECT_EQ(estimate.sizes(), x.sizes());
  EXPECT_EQ(estimate.scalar_type(), at::kFloat);
  EXPECT_FALSE(estimate.requires_grad());
  EXPECT_FALSE(product.requires_grad());
  estimate.zero_();
  product.zero_();
  EXPECT_TRUE(at::equal(x, before));
  EXPECT_TRUE(at::equal(denoiser->noise_estimate(windows(x), level_), kept));
}

const auto kName = [](const ::testing::TestParamInfo<Subject>& instance) { return instance.param.name; };
INSTANTIATE_TEST_SUITE_P(Kinds, EachWindowDenoiser, ::testing::ValuesIn(kSubjects), kName);
INSTANTIATE_TEST_SUITE_P(Kinds, EachEdmDenoiser,
                         ::testing::Values(kSubjects[0], kSubjects[1], kSubjects[4], kSubjects[5],
                                           kSubjects[6], kSubjects[8]),
                         kName);
INSTANTIATE_TEST_SUITE_P(Kinds, EachBatchFreeDenoiser,
                         ::testing::Values(kSubjects[0], kSubjects[2], kSubjects[3], kSubjects[4],
                                           kSubjects[5], kSubjects[6], kSubjects[7], kSubjects[8]),
                         kName);

TEST(ConditionalResidual, MovesWithItsCoarseFields) {
  const auto denoiser_given = [](double offset) {
    auto made = std::make_unique<ConditionalResidual>(
        network(2, at::kDouble, false, ConditionalResidual::extra_inputs(kHours)), 0.7,
        CoarseForm{{2}, {6}, {1e9, 1e9}});  // so large that the network does not see them
    made->set_coarse(std::make_shared<CoarseFields>(
        interpolate({2, {0, 6}, at::full({2, kVariables, kNy / 2, kNx / 2}, offset)}, 0, 7, {})));
    return made;
  };
  at::manual_seed(5);
  const at::Tensor x = at::randn({1, kHours * kVariables, kNy, kNx}, at::kDouble);
  const diffusion::NoiseLevel level = diffusion::Edm{}.at(-0.2);
  const at::Tensor expected = denoiser_given(0)->noise_estimate({x, {2}}, level);
  EXPECT_TRUE(at::allclose(denoiser_given(3)->noise_estimate({x + 3, {2}}, level), expected, 1e-6, 1e-6));
}

TEST(ConditionalResidual, SaysWhichCoarseFieldsItMisses) {
  ConditionalResidual denoiser(network(2, at::kFloat, false, ConditionalResidual::extra_inputs(kHours)), 1,
                               CoarseForm{{2}, {6}, {1, 1}});
  const diffusion::Windows windows{at::zeros({1, kHours * kVariables, kNy, kNx}), {4}};
  EXPECT_THAT([&] { denoiser.noise_estimate(windows, diffusion::Edm{}.at(0)); },
              ::testing::ThrowsMessage<core::Error>(::testing::HasSubstr("was not told")));
  denoiser.set_coarse(std::make_shared<CoarseFields>(
      interpolate({2, {0, 6}, at::zeros({2, kVariables, kNy / 2, kNx / 2})}, 0, 6, {})));
  EXPECT_THAT([&] { denoiser.noise_estimate(windows, diffusion::Edm{}.at(0)); },
              ::testing::ThrowsMessage<core::Error>(
                  ::testing::AllOf(::testing::HasSubstr("hours 4 to 6"), ::testing::HasSubstr("0 to 5"))));
}

}  // namespace
}  // namespace foehn::model::window_denoiser_test
