#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>

#include <fstream>
#include <string>

#include "diffusion/at_hour_zero.hpp"
#include "foehn/core/error.hpp"
#include "io/test_files.hpp"
#include "model/reference_network.hpp"
#include "training/toy_fields.hpp"

namespace foehn::training::training_test {
namespace {

using diffusion::at_hour_zero;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(NoiseObjective, HasTheLossOfTheReference) {
  const io::SafetensorsFile file = foehn::testing::reference_file("loss.safetensors");
  const auto tensor = [&](const std::string& name) { return foehn::testing::reference_tensor(file, name); };
  NoiseObjective objective(
      std::unique_ptr<model::ScoreUnet>(new model::ScoreUnet(foehn::testing::reference_network(at::kFloat))));
  std::vector<diffusion::NoiseLevel> levels;
  for (std::int64_t i = 0; i < tensor("t").size(0); ++i)
    levels.push_back(diffusion::VpCosine{}.at(tensor("t")[i].item<double>()));
  const Lesson lesson = objective.lesson(at_hour_zero(tensor("clean")), tensor("eps"), levels, {});
  const at::Tensor loss =
      (objective.network().forward(lesson.inputs, lesson.t) - lesson.targets).square().mean();
  const double expected = tensor("loss").item<double>();
  EXPECT_NEAR(loss.item<double>(), expected, 1e-4 * expected);
}

TEST(CorrectionObjective, HasALossOfOneWhereTheNetworkIsZeroAndThePriorTrue) {
  // White noise of variance 1: windows drawn from this very prior.
  at::Tensor covariance = at::zeros({3, foehn::testing::kToyVariables, foehn::testing::kToyVariables,
                                     foehn::testing::kToyNy, foehn::testing::kToyNx},
                                    at::kDouble);
  for (std::int64_t v = 0; v < foehn::testing::kToyVariables; ++v) covariance[0][v][v].fill_(1);
  auto network = std::make_unique<model::ScoreUnet>(
      foehn::testing::toy_fields_architecture(2),
      initial_tensors(foehn::testing::toy_fields_architecture(2), 1), at::TensorOptions(at::kFloat));
  CorrectionObjective objective(std::make_unique<model::GaussianPreconditioned>(
      model::GaussianPrior(covariance, at::kFloat), std::move(network)));
  at::manual_seed(41);
  const at::Tensor clean = at::randn({40, 6, foehn::testing::kToyNy, foehn::testing::kToyNx}),
                   noise = at::randn_like(clean);
  std::vector<diffusion::NoiseLevel> levels;
  for (int i = 0; i < 40; ++i) levels.push_back(diffusion::VpCosine{}.at((i + 0.5) / 40));
  const Lesson lesson = objective.lesson(at_hour_zero(clean), noise, levels, {});
  const at::NoGradGuard no_gradients;
  const at::Tensor answer = objective.network().forward(lesson.inputs, lesson.t);
  EXPECT_EQ(answer.abs().max().item<float>(), 0);
  EXPECT_NEAR((answer - lesson.targets).square().mean().item<double>(), 1, 0.05);
}

TEST(InitialTensors, AreUniformWithinTheInputsOfAUnit) {
  const auto tensors = initial_tensors(foehn::testing::toy_fields_architecture(), 3);
  const double bound = 1 / std::sqrt(6 * 9.0);  // of a 3 x 3 convolution of 6 channels
  const at::Tensor& weight = tensors.at("unet.heads.0.weight");
  EXPECT_EQ(weight.sizes(), (at::IntArrayRef{4, 6, 3, 3}));
  EXPECT_LE(weight.abs().max().item<double>(), bound);
  EXPECT_GT(weight.abs().max().item<double>(), 0.9 * bound);
  EXPECT_TRUE(at::equal(
      weight, initial_tensors(foehn::testing::toy_fields_architecture(), 3).at("unet.heads.0.weight")));
}

TEST(InitialTensors, OfAGraphTransformerHaveNormsThatNeitherScaleNorShift) {
  model::GraphTransformerArchitecture architecture{
      .window = 3, .variables = 2, .mesh_level = 0, .width = 8, .heads = 2, .layers = 1};
  const auto tensors = initial_tensors(architecture, 3);
  for (const auto& [name, tensor] : tensors) {
    const bool is_zero = (tensor == 0).all().item<bool>(), is_one = (tensor == 1).all().item<bool>();
    const bool of_noise = name.find("norm.s") != std::string::npos;  // scales and shifts
    const bool of_channels = !of_noise && name.find("norm.") != std::string::npos;
    EXPECT_EQ(is_zero, of_noise || (of_channels && name.ends_with(".bias"))) << name;
    EXPECT_EQ(is_one, of_channels && name.ends_with(".weight")) << name;
  }
  architecture.inputs = 2;  // it corrects
  EXPECT_TRUE((initial_tensors(architecture, 3).at("last.weight") == 0).all().item<bool>());
}

TEST(FieldCache, GivesHoursBack) {
  const io::TemporaryFolder folder;
  foehn::testing::write_toy_cache(folder / "cache.nc");
  const FieldCache cache(folder / "cache.nc");
  EXPECT_EQ(cache.hours(), foehn::testing::kToyHours);
  const at::Tensor all = cache.read(0, foehn::testing::kToyHours);
  EXPECT_TRUE(at::equal(cache.read(7, 3), all.narrow(0, 7, 3)));
  EXPECT_FLOAT_EQ(all[0][0][0][1].item<float>(), static_cast<float>(std::sin(0.01) + std::cos(0.7)));
}

TEST(FieldCache, NamesATruncatedFileAndSaysWhatToDo) {
  const io::TemporaryFolder folder;
  foehn::testing::write_toy_cache(folder / "cache.nc");
  std::filesystem::resize_file(folder / "cache.nc", 3000);
  EXPECT_THAT([&] { FieldCache::exists(folder / "cache.nc", "x"); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("cache.nc"), HasSubstr("remove it"))));
  EXPECT_FALSE(FieldCache::exists(folder / "absent.nc", "x"));
}

}  // namespace
}  // namespace foehn::training::training_test
