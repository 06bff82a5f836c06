// Networks of the form adm, static fields and dropout.
#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cmath>

#include "diffusion/at_hour_zero.hpp"
#include "foehn/core/error.hpp"
#include "foehn/model/score_unet.hpp"

namespace foehn::model::network_forms_test {
namespace {

using diffusion::at_hour_zero;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

const diffusion::NoiseLevel kOfForms = diffusion::VpCosine{}.at(0.4);

ScoreUnetArchitecture small_adm() {
  return {.window = 3,
          .variables = 2,
          .hidden = {8, 12, 128},
          .blocks = {1, 2, 1},
          .attention = {1},
          .embedding = 16,
          .form = NetworkForm::adm};
}

TEST(Adm, HasAsManyParametersAsThePublishedNetwork) {
  // IPSL-AID (arXiv 2604.03275): 128 channels times 1, 2, 3, 4, two blocks, embedding 512, labels of season
  // and hour; 12 channels in (noisy and coarse fields of 4 variables, latitude, longitude, orography, mask),
  // 4 out.
  const ScoreUnetArchitecture published{.window = 1,
                                        .variables = 4,
                                        .hidden = {128, 256, 384, 512},
                                        .blocks = {2, 2, 2, 2},
                                        .attention = {},
                                        .embedding = 512,
                                        .inputs = 2,
                                        .dates = true,
                                        .static_fields = {"latitude", "longitude", "orography", "mask"},
                                        .form = NetworkForm::adm};
  EXPECT_EQ(published.input_channels(), 12);
  EXPECT_EQ(published.given_channels(), 8);
  EXPECT_EQ(parameter_count(published), 92'140'548);
}

/// A network of one level without blocks of its own, whose convolutions see their own cell alone, by hand.
TEST(Adm, IsWhatItsEquationsSay) {
  const ScoreUnetArchitecture architecture{.window = 1,
                                           .variables = 1,
                                           .hidden = {4},
                                           .blocks = {0},
                                           .attention = {},
                                           .embedding = 6,
                                           .form = NetworkForm::adm};
  auto tensors = random_tensors(architecture, 5);
  for (auto& [name, tensor] : tensors) {
    tensor = tensor.to(at::kDouble);
    if (tensor.dim() != 4) continue;
    const at::Tensor middle = tensor.select(3, 1).select(2, 1).clone();
    tensor.zero_().select(3, 1).select(2, 1).copy_(middle);
  }
  const auto of = [&](const std::string& name) { return tensors.at(name); };
  const auto linear = [&](const std::string& name, const at::Tensor& x) {
    return at::linear(x, of(name + ".weight"), of(name + ".bias"));
  };
  at::manual_seed(6);
  const at::Tensor x = at::randn({1, 1, 3, 5}, at::kDouble);
  const double t = 0.3;
  const at::Tensor angles = t * at::pow(10000.0, at::tensor({0.0, -0.5}, at::kDouble));
  const at::Tensor e = at::silu(
      linear("embed.1", at::silu(linear("embed.0", at::cat({angles.cos(), angles.sin()}).unsqueeze(0)))));
  // Cells are rows here: [cell, channel].
  const auto conv = [&](const std::string& name, const at::Tensor& cells) {
    return at::linear(cells, of(name + ".weight").select(3, 1).select(2, 1), of(name + ".bias"));
  };
  const auto pointwise = [&](const std::string& name, const at::Tensor& cells) {
    return at::linear(cells, of(name + ".weight").squeeze(2), of(name + ".bias"));
  };
  const auto norm = [&](const std::string& name, const at::Tensor& cells) {
    const std::int64_t groups = cells.size(1) / 4;
    const at::Tensor parts = cells.reshape({cells.size(0), groups, 4});
    const at::Tensor centred = parts - parts.mean(at::IntArrayRef{0, 2}, true);
    const at::Tensor sizes = (centred.square().mean(at::IntArrayRef{0, 2}, true) + 1e-5).sqrt();
    return (centred / sizes).reshape(cells.sizes()) * of(name + ".weight") + of(name + ".bias");
  };
  const auto block = [&](const std::string& name, const at::Tensor& cells) {
    const at::Tensor term = linear(name + ".affine", e);
    const at::Tensor entered =
        norm(name + ".norm1", conv(name + ".conv0", at::silu(norm(name + ".norm0", cells))));
    const at::Tensor added =
        conv(name + ".conv1", at::silu(entered * (1 + term.narrow(1, 0, 4)) + term.narrow(1, 4, 4)));
    return added + (tensors.contains(name + ".skip.weight") ? pointwise(name + ".skip", cells) : cells);
  };
  const at::Tensor entered = conv("enter", x.reshape({15, 1}));
  at::Tensor cells = block("middle.0", entered);
  const at::Tensor qkv = pointwise("middle.0.attention.qkv", norm("middle.0.attention.norm", cells));
  const at::Tensor weights =
      at::softmax(at::mm(qkv.narrow(1, 0, 4), qkv.narrow(1, 4, 4).t()) / std::sqrt(4.0), 1);
  cells = cells + pointwise("middle.0.attention.out", at::mm(weights, qkv.narrow(1, 8, 4)));
  cells = block("middle.1", cells);
  cells = block("up.0.0", at::cat({cells, entered}, 1));
  const at::Tensor expected = conv("leave.conv", at::silu(norm("leave.norm", cells))).reshape({1, 1, 3, 5});
  ScoreUnet network(architecture, tensors, at::kDouble);
  EXPECT_TRUE(at::allclose(network.noise_estimate(at_hour_zero(x), {t, 0, 0}), expected, 1e-10, 1e-12));
}

TEST(Adm, CountsItsOperations) {
  // One level of 4 channels, 12 cells: what the hand-written network above multiplies.
  const ScoreUnetArchitecture architecture{.window = 1,
                                           .variables = 1,
                                           .hidden = {4},
                                           .blocks = {0},
                                           .attention = {},
                                           .embedding = 6,
                                           .form = NetworkForm::adm};
  const std::int64_t cells = 12, embedding = 4 * 6 + 6 * 6, affine = 3 * 8 * 6;
  const std::int64_t convolutions = 9 * (4 + 2 * 16 + 2 * 16 + 8 * 4 + 16 + 4), skip = 8 * 4;
  const std::int64_t attention = 4 * 16 * cells + 2 * cells * cells * 4;
  EXPECT_EQ(window_flops(architecture, 3, 4),
            2 * (embedding + affine + (convolutions + skip) * cells + attention));
}

TEST(Adm, RoundsInBf16OnlyTheFactorsOfItsProducts) {
  at::manual_seed(33);
  const auto tensors = random_tensors(small_adm(), 3);
  ScoreUnet exact(small_adm(), tensors, at::kFloat),
      rounded(small_adm(), tensors, at::kFloat, Precision::bf16);
  const at::Tensor x = at::randn({1, 6, 12, 20});
  const at::Tensor eps = exact.noise_estimate(at_hour_zero(x), kOfForms);
  const at::Tensor difference = rounded.noise_estimate(at_hour_zero(x), kOfForms) - eps;
  const double relative = (difference.square().mean() / eps.square().mean()).sqrt().item<double>();
  EXPECT_GT(relative, 0);
  EXPECT_LT(relative, 2e-2);
}

TEST(Adm, OfWidthsThatItCannotHaveIsRefused) {
  ScoreUnetArchitecture odd = small_adm();
  odd.hidden[0] = 7;
  EXPECT_THAT([&] { check_architecture(odd); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("even number"), HasSubstr("found 7"))));
  ScoreUnetArchitecture heads = small_adm();
  heads.hidden[2] = 100;
  EXPECT_THAT([&] { check_architecture(heads); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("multiple of 64"), HasSubstr("level 2"))));
}

class StaticFields : public ::testing::TestWithParam<NetworkForm> {
 protected:
  ScoreUnetArchitecture architecture() const {
    ScoreUnetArchitecture some = small_adm();
    some.form = GetParam();
    some.static_fields = {"orography", "mask"};
    return some;
  }
};

TEST_P(StaticFields, AreTheLastInputsOfEveryWindow) {
  const auto tensors = random_tensors(architecture(), 3);
  ScoreUnet network(architecture(), tensors, at::kDouble);
  ScoreUnetArchitecture plain = architecture();
  plain.static_fields = {};
  plain.extra_inputs = 2;
  ScoreUnet given(plain, tensors, at::kDouble);
  at::manual_seed(4);
  const at::Tensor x = at::randn({2, 6, 8, 12}, at::kDouble), fields = at::randn({2, 8, 12}, at::kDouble);
  network.set_static_fields(fields);
  const at::Tensor both = at::cat({x, fields.expand({2, 2, 8, 12})}, 1);
  EXPECT_TRUE(at::equal(network.noise_estimate(at_hour_zero(x), kOfForms),
                        given.noise_estimate(at_hour_zero(both), kOfForms)));
  const at::Tensor t = at::full({1}, 0.2, at::kDouble);
  EXPECT_TRUE(at::equal(network.forward(x, t), given.forward(both, t)));
}

TEST_P(StaticFields, MustBeToldAndAsManyAsItKnows) {
  ScoreUnet network(architecture(), random_tensors(architecture(), 3), at::kFloat);
  EXPECT_THAT(
      [&] {
        network.noise_estimate(at_hour_zero(at::zeros({1, 6, 8, 12})), kOfForms);
      },
      ThrowsMessage<core::Error>(HasSubstr("it was not told these")));
  EXPECT_THAT(
      [&] {
        network.set_static_fields(at::zeros({1, 8, 12}));
      },
      ThrowsMessage<core::Error>(AllOf(HasSubstr("expected 2 (orography, mask)"), HasSubstr("[1, 8, 12]"))));
}

const auto kFormName = [](const ::testing::TestParamInfo<NetworkForm>& instance) {
  return core::name_of(instance.param);
};
INSTANTIATE_TEST_SUITE_P(Forms, StaticFields,
                         ::testing::Values(NetworkForm::climate2weather, NetworkForm::adm), kFormName);

class DropoutOf : public StaticFields {};

TEST_P(DropoutOf, DependsOnTheSeedOfAWindowAlone) {
  ScoreUnetArchitecture some = architecture();
  some.static_fields = {};
  ScoreUnet network(some, random_tensors(some, 3), at::kFloat);
  at::manual_seed(4);
  const at::Tensor x = at::randn({2, 6, 8, 12}), t = at::full({1}, 0.2, at::kDouble);
  const auto answer = [&](const at::Tensor& windows, const Dropout& dropout) {
    return network.forward(windows, t, {}, Precision::fp32, &dropout);
  };
  const at::Tensor both = answer(x, {0.3, {7, 8}});
  EXPECT_TRUE(at::allclose(answer(x.narrow(0, 1, 1), {0.3, {8}}), both.narrow(0, 1, 1), 1e-4, 1e-5));
  EXPECT_FALSE(at::allclose(answer(x, {0.3, {7, 9}})[1], both[1], 1e-2, 1e-2));
  EXPECT_TRUE(at::equal(answer(x, {0, {7, 8}}), network.forward(x, t)));
}

INSTANTIATE_TEST_SUITE_P(Forms, DropoutOf, ::testing::Values(NetworkForm::climate2weather, NetworkForm::adm),
                         kFormName);

}  // namespace
}  // namespace foehn::model::network_forms_test
