#include "foehn/model/score_unet.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <gmock/gmock.h>
#include <torch/csrc/autograd/autograd.h>

#include "diffusion/at_hour_zero.hpp"
#include "foehn/core/error.hpp"
#include "reference_network.hpp"

namespace foehn::model::score_unet_test {
namespace {

using diffusion::at_hour_zero;
using foehn::testing::largest_difference;
using foehn::testing::reference_file;
using foehn::testing::reference_network;
using foehn::testing::reference_tensor;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

const diffusion::NoiseLevel kLevel = diffusion::VpCosine{}.at(0.4);

/// Every kind of layer, attention at an even and an odd number of cells; not two levels of one width.
ScoreUnetArchitecture small() {
  return {.window = 3,
          .variables = 2,
          .hidden = {8, 12, 20},
          .blocks = {1, 2, 1},
          .attention = {1, 2},
          .embedding = 24};
}

ScoreUnetArchitecture full() {
  return {.window = 13,
          .variables = 4,
          .hidden = {128, 128, 256, 384, 512},
          .blocks = {3, 3, 3, 3, 3},
          .attention = {4},
          .embedding = 512};
}

ScoreUnet small_network(const at::TensorOptions& options) {
  return ScoreUnet(small(), random_tensors(small(), 3), options);
}

TEST(ScoreUnet, EstimatesNoiseAsTheReferenceDoes) {
  const io::SafetensorsFile file = reference_file("unet_eval.safetensors");
  const at::Tensor x = reference_tensor(file, "x"), t = reference_tensor(file, "t");
  ScoreUnet network = reference_network(at::kFloat), precise = reference_network(at::kDouble);
  const auto estimate = [&](ScoreUnet& of, const at::Tensor& windows) {
    std::vector<at::Tensor> eps;
    for (std::int64_t i = 0; i < t.size(0); ++i)
      eps.push_back(of.noise_estimate(at_hour_zero(windows.narrow(0, i, 1)), {t[i].item<double>(), 0, 0}));
    return at::cat(eps);
  };
  EXPECT_LT(largest_difference("eps, float32", estimate(network, x), reference_tensor(file, "eps")), 1e-4);
  const at::Tensor expected = reference_tensor(file, "eps_f64");
  EXPECT_LT(largest_difference("eps, float64", estimate(precise, x.to(at::kDouble)), expected), 1e-11);
  const at::NoGradGuard no_gradients;
  EXPECT_LT(largest_difference("eps of a batch with a time each, float64",
                               precise.forward(x.to(at::kDouble), t), expected),
            1e-11);
}

TEST(ScoreUnet, HasTheLossAndTheGradientsOfTheReference) {
  const io::SafetensorsFile file = reference_file("loss.safetensors");
  const at::Tensor t = reference_tensor(file, "t"), eps = reference_tensor(file, "eps");
  std::vector<at::Tensor> noisy;
  for (std::int64_t i = 0; i < t.size(0); ++i) {
    const diffusion::NoiseLevel level = diffusion::VpCosine{}.at(t[i].item<double>());
    noisy.push_back(level.mu * reference_tensor(file, "clean")[i] + level.sigma * eps[i]);
  }
  const ScoreUnet network = reference_network(at::kFloat);
  std::vector<std::string> names;
  std::vector<at::Tensor> parameters;
  for (const auto& [name, view] : file.tensors()) {
    if (!name.starts_with("grad.")) continue;
    names.push_back(name);
    parameters.push_back(network.tensors().at(name.substr(5)).requires_grad_());
  }
  ASSERT_FALSE(names.empty());
  const at::Tensor loss = (network.forward(at::stack(noisy), t) - eps).square().mean();
  const double expected_loss = reference_tensor(file, "loss").item<double>();
  EXPECT_LT(largest_difference("loss", loss.detach(), at::scalar_tensor(expected_loss)),
            1e-4 * expected_loss);
  const auto gradients = torch::autograd::grad({loss}, parameters);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const at::Tensor expected = reference_tensor(file, names[i]);
    EXPECT_LT(largest_difference(names[i], gradients[i], expected),
              1e-4 * expected.abs().max().item<double>());
  }
}

TEST(ScoreUnet, RoundsInBf16OnlyTheFactorsOfItsProducts) {
  at::manual_seed(33);
  const auto tensors = random_tensors(small(), 3);
  ScoreUnet exact(small(), tensors, at::kFloat), rounded(small(), tensors, at::kFloat, Precision::bf16);
  const at::Tensor x = at::randn({2, 6, 12, 20}), cotangent = at::randn_like(x);
  const auto relative = [](const at::Tensor& found, const at::Tensor& expected) {
    return ((found - expected).square().mean() / expected.square().mean()).sqrt().item<double>();
  };
  const at::Tensor eps = exact.noise_estimate(at_hour_zero(x), kLevel),
                   eps_rounded = rounded.noise_estimate(at_hour_zero(x), kLevel);
  EXPECT_EQ(eps_rounded.scalar_type(), at::kFloat);
  EXPECT_GT(relative(eps_rounded, eps), 0);  // else it was not bf16
  EXPECT_LT(relative(eps_rounded, eps), 5e-3);
  const at::Tensor product = exact.noise_vjp(at_hour_zero(x), kLevel, cotangent),
                   product_rounded = rounded.noise_vjp(at_hour_zero(x), kLevel, cotangent);
  EXPECT_GT(relative(product_rounded, product), 0);
  EXPECT_LT(relative(product_rounded, product), 5e-3);

  // Fields are not rounded: a change that bf16 could not tell is seen.
  const at::Tensor nearly = x * (1 + 1e-4);
  const double sees = relative(rounded.noise_estimate(at_hour_zero(nearly), kLevel), eps_rounded);
  EXPECT_GT(sees, 1e-6);
  // Weights that are rounded for one evaluation, as in training, are those that are kept rounded.
  const at::NoGradGuard no_gradients;
  EXPECT_TRUE(
      at::equal(exact.forward(x, at::full({1}, kLevel.t, at::kDouble), {}, Precision::bf16).narrow(0, 0, 1),
                rounded.forward(x, at::full({1}, kLevel.t, at::kDouble)).narrow(0, 0, 1)));
}

TEST(ScoreUnet, FollowsTheNoiseLevelFromCallToCall) {
  at::manual_seed(34);
  ScoreUnet network = small_network(at::kFloat);
  const at::Tensor x = at::randn({1, 6, 12, 20});
  const diffusion::NoiseLevel other = diffusion::VpCosine{}.at(0.7);
  const at::Tensor first = network.noise_estimate(at_hour_zero(x), kLevel),
                   second = network.noise_estimate(at_hour_zero(x), other);
  EXPECT_FALSE(at::equal(first, second));
  EXPECT_TRUE(at::equal(network.noise_estimate(at_hour_zero(x), kLevel), first));
  ScoreUnet fresh = small_network(at::kFloat);
  EXPECT_TRUE(at::equal(fresh.noise_estimate(at_hour_zero(x), other), second));
}

TEST(Precision, Tf32IsRefusedOnTheCpu) {
  EXPECT_THAT([] { check_precision(Precision::tf32, at::kCPU); },
              ThrowsMessage<core::UsageError>(
                  AllOf(HasSubstr("run.precision: tf32"), HasSubstr("expected fp32 or bf16"))));
  EXPECT_NO_THROW(check_precision(Precision::bf16, at::kCPU));
  EXPECT_NO_THROW(check_precision(Precision::tf32, at::kCUDA));
}

TEST(ScoreUnet, KeepsNoAutogradStateInInference) {
  ScoreUnet network = small_network(at::kFloat);
  for (const auto& [name, tensor] : network.tensors()) tensor.requires_grad_();
  const at::Tensor x = at::randn({1, 6, 12, 20}).requires_grad_();
  EXPECT_FALSE(network.noise_estimate(at_hour_zero(x), kLevel).requires_grad());
  EXPECT_FALSE(network.noise_vjp(at_hour_zero(x), kLevel, x.detach()).requires_grad());
  EXPECT_FALSE(x.grad().defined());
}

TEST(ScoreUnet, GivesAWindowTheSameBitsInAnySlotAndBatch) {
  const int threads = at::get_num_threads();
  at::manual_seed(32);
  // The deepest level has 3 x 5 cells of 20 channels: vectorised loops have tails at every level.
  const at::Tensor windows = at::randn({5, 6, 12, 20}), cotangents = at::randn({5, 6, 12, 20});
  for (const auto& [some, precision] :
       {std::pair(1, Precision::fp32), {2, Precision::fp32}, {1, Precision::bf16}, {2, Precision::bf16}}) {
    at::set_num_threads(some);
    ScoreUnet network(small(), random_tensors(small(), 3), at::kFloat, precision);
    const at::Tensor eps = network.noise_estimate(at_hour_zero(windows), kLevel);
    const at::Tensor product = network.noise_vjp(at_hour_zero(windows), kLevel, cotangents);
    for (std::int64_t shift = 1; shift < 5; ++shift) {
      EXPECT_TRUE(
          at::equal(network.noise_estimate(at_hour_zero(windows.roll(shift, 0)), kLevel), eps.roll(shift, 0)))
          << some << " threads, shift " << shift;
      EXPECT_TRUE(at::equal(
          network.noise_vjp(at_hour_zero(windows.roll(shift, 0)), kLevel, cotangents.roll(shift, 0)),
          product.roll(shift, 0)))
          << some << " threads, shift " << shift;
    }
    for (std::int64_t i = 0; i < 5; ++i) {
      const at::Tensor alone = windows.narrow(0, i, 1).clone(), seed = cotangents.narrow(0, i, 1).clone();
      EXPECT_TRUE(at::equal(network.noise_estimate(at_hour_zero(alone), kLevel)[0], eps[i]))
          << some << " threads, window " << i;
      EXPECT_TRUE(at::equal(network.noise_vjp(at_hour_zero(alone), kLevel, seed)[0], product[i]))
          << some << " threads, window " << i;
    }
  }
  at::set_num_threads(threads);
}

TEST(ScoreUnet, OfClimate2WeatherHasItsSizeAndCost) {
  EXPECT_EQ(parameter_count(full()), 72'102'964);
  EXPECT_NEAR(static_cast<double>(window_flops(full(), 128, 128)), 116.0e9, 0.05e9);
  EXPECT_EQ(full().channels(), 52);
  EXPECT_EQ(full().side_multiple(), 16);
}

TEST(WindowFlops, AreThoseCountedByHand) {
  // 4 x 6 cells, then 2 x 3 with attention; widths 3 and 5; one block a level and way; embedding 7.
  const ScoreUnetArchitecture tiny{1, 2, {3, 5}, {1, 1}, {1}, 7};
  const std::int64_t embedding = 32 * 7 + 7 * 7;
  const std::int64_t ends = 2 * 9 * (2 * 3) * 24, between = 9 * (3 * 5) * (6 + 24);
  const std::int64_t fine = 2 * (7 * 3 + 2 * 9 * 3 * 3 * 24);
  const std::int64_t coarse = 2 * (7 * 5 + 2 * 9 * 5 * 5 * 6 + 4 * 5 * 5 * 6 + 2 * 6 * 6 * 5);
  EXPECT_EQ(window_flops(tiny, 4, 6), 2 * (embedding + ends + between + fine + coarse));
}

TEST(ScoreUnet, RefusesWindowsThatDoNotFit) {
  ScoreUnet network = small_network(at::kFloat);
  const auto estimate = [&](at::IntArrayRef shape) {
    network.noise_estimate(at_hour_zero(at::zeros(shape)), kLevel);
  };
  EXPECT_NO_THROW(estimate({2, 6, 4, 8}));
  EXPECT_THAT(
      [&] {
        estimate({2, 5, 4, 8});
      },
      ThrowsMessage<core::Error>(AllOf(HasSubstr("6 channels"), HasSubstr("[2, 5, 4, 8]"))));
  EXPECT_THAT([&] { estimate({2, 6, 6, 8}); }, ThrowsMessage<core::Error>(HasSubstr("multiples of 4")));
  EXPECT_THROW(network.noise_vjp(at_hour_zero(at::zeros({6, 4, 8})), kLevel, at::zeros({6, 4, 8})),
               core::Error);
  EXPECT_THAT(
      [&] {
        network.noise_vjp(at_hour_zero(at::zeros({2, 6, 4, 8})), kLevel, at::zeros({1, 6, 4, 8}));
      },
      ThrowsMessage<core::Error>(AllOf(HasSubstr("cotangent"), HasSubstr("[1, 6, 4, 8]"))));
}

TEST(ScoreUnet, NamesEveryTensorThatDoesNotFit) {
  auto tensors = random_tensors(small(), 3);
  tensors.erase("map_layer1.bias");
  tensors["unet.tails.0.2.weight"] = at::zeros({12, 20, 1, 1});
  tensors["unet.heads.3.0.weight"] = at::zeros({4});
  EXPECT_THAT([&] { ScoreUnet(small(), tensors, at::kFloat); },
              ThrowsMessage<core::Error>(
                  AllOf(HasSubstr("'map_layer1.bias' is missing, expected [24]"),
                        HasSubstr("'unet.tails.0.2.weight': expected [12, 20, 3, 3], found [12, 20, 1, 1]"),
                        HasSubstr("'unet.heads.3.0.weight' [4] does not belong to the network"))));
}

TEST(CheckArchitecture, RefusesWhatNoNetworkCanHave) {
  const auto message = [](auto change) {
    ScoreUnetArchitecture architecture = small();
    change(architecture);
    try {
      check_architecture(architecture);
    } catch (const core::Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(message([](auto&) {}), "no error");
  EXPECT_THAT(message([](auto& a) { a.window = 4; }), HasSubstr("odd"));
  EXPECT_THAT(message([](auto& a) { a.variables = 0; }), HasSubstr("variables"));
  EXPECT_THAT(message([](auto& a) { a.hidden.clear(); }), HasSubstr("levels"));
  EXPECT_THAT(message([](auto& a) { a.hidden[1] = 1; }), HasSubstr("hidden"));
  EXPECT_THAT(message([](auto& a) { a.blocks.pop_back(); }), AllOf(HasSubstr("blocks"), HasSubstr("3")));
  EXPECT_THAT(message([](auto& a) { a.blocks[0] = 1'000'000'000; }), HasSubstr("blocks"));
  EXPECT_THAT(message([](auto& a) { a.attention = {3}; }),
              AllOf(HasSubstr("attention"), HasSubstr("found 3")));
  EXPECT_THAT(message([](auto& a) { a.embedding = -1; }), HasSubstr("embedding"));
}

}  // namespace
}  // namespace foehn::model::score_unet_test
