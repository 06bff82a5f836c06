// What a network that is given coarse fields is trained on, and for.
#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cmath>
#include <memory>
#include <set>
#include <utility>

#include "foehn/grid/reduced_gaussian.hpp"
#include "foehn/model/conditional_residual.hpp"
#include "foehn/model/network_architecture.hpp"
#include "foehn/observation/block_mean.hpp"
#include "foehn/training/objective.hpp"
#include "training/toy_fields.hpp"

namespace foehn::training::conditional_training_test {
namespace {

using foehn::testing::kToyNx;
using foehn::testing::kToyNy;
using foehn::testing::kToyVariables;

constexpr std::int64_t kWindow = 3, kReach = 5;

model::ScoreUnetArchitecture conditional_architecture() {
  auto architecture = foehn::testing::toy_fields_architecture(2);
  architecture.extra_inputs = model::ConditionalResidual::extra_inputs(architecture.window);
  return architecture;
}

std::unique_ptr<model::ConditionalResidual> toy_conditional(at::ScalarType type) {
  const auto architecture = conditional_architecture();
  return std::make_unique<model::ConditionalResidual>(
      std::make_unique<model::ScoreUnet>(architecture, model::random_tensors(architecture, 5),
                                         at::TensorOptions(type)),
      0.8, model::CoarseForm{{1, 2}, {3, 6}, {1.5, 2}});
}

/// Changes from hour to hour and from cell to cell.
at::Tensor toy_deviation(std::int64_t hour) {
  const at::Tensor cells = at::linspace(0.5, 1.5, kToyVariables * kToyNy * kToyNx, at::kDouble);
  return cells.reshape({kToyVariables, kToyNy, kToyNx}) * (1 + 0.2 * std::sin(static_cast<double>(hour)));
}

/// The coarse fields that sampling would give a window that begins at an hour of a record.
model::CoarseFields as_sampled(const at::Tensor& record, std::int64_t record_begins, std::int64_t block,
                               std::int64_t first_snapshot, std::int64_t every, std::int64_t first_hour) {
  model::CoarseSnapshots snapshots{block, {}, {}};
  std::vector<at::Tensor> means;
  for (std::int64_t i = 0; first_snapshot + (i - 1) * every < first_hour + kWindow - 1; ++i) {
    const std::int64_t hour = first_snapshot + i * every;
    snapshots.hours.push_back(hour);
    means.push_back(observation::BlockMean(block).apply(record[hour - record_begins] * toy_deviation(hour)));
  }
  snapshots.values = at::stack(means);
  return model::interpolate(snapshots, first_hour, kWindow, &toy_deviation);
}

TEST(ResidualObjective, HasTheWeightedErrorOfTheDenoiserAsItsLoss) {
  ResidualObjective objective(toy_conditional(at::kDouble), &toy_deviation);
  const auto denoiser = toy_conditional(at::kDouble);
  EXPECT_EQ(objective.reach(), kReach);
  at::manual_seed(8);
  constexpr std::int64_t kFirst = 20;
  const at::Tensor record = at::randn({kWindow + 2 * kReach, kToyVariables, kToyNy, kToyNx}, at::kDouble);
  const at::Tensor clean = record.narrow(0, kReach, kWindow).flatten(0, 1).unsqueeze(0);
  const at::Tensor noise = at::randn_like(clean);
  // Of blocks 1 and 2 and of 3 and 6 hours: the last is blocks of 2 every 6 h. Its last snapshot lies 4 h
  // before the window.
  const CoarseChoice choice{0.99, 4.5 / 6};
  denoiser->set_coarse(
      std::make_shared<model::CoarseFields>(as_sampled(record, kFirst - kReach, 2, kFirst - 4, 6, kFirst)));
  for (const double sigma : {0.01, 0.6, 20.0}) {
    const diffusion::NoiseLevel level = diffusion::Edm{}.at_log_ratio(-std::log(sigma));
    const Lesson lesson =
        objective.lesson({record.flatten(0, 1).unsqueeze(0), {kFirst}}, noise, {level}, {choice});
    const at::Tensor error = objective.network().forward(lesson.inputs, lesson.t) - lesson.targets;
    const double s = 0.8, weight = (sigma * sigma + s * s) / (sigma * sigma * s * s);
    const at::Tensor x = clean + sigma * noise;
    const at::Tensor x_hat = x - sigma * denoiser->noise_estimate({x, {kFirst}}, level);
    const auto expected = weight * (x_hat - clean).square().mean().item<double>();
    EXPECT_NEAR(error.square().mean().item<double>(), expected, 1e-5 * expected) << sigma;
  }
}

TEST(ResidualObjective, TakesMeansOverCellsOfACoarseGridAsSamplingDoes) {
  const grid::Grid globe = grid::named_grid("O4");
  const model::CoarseForm form{{1}, {3}, {1.5, 2}, {3, 5, 5, 3}};
  const model::GraphTransformerArchitecture architecture{
      .window = kWindow,
      .variables = kToyVariables,
      .mesh_level = 0,
      .width = 8,
      .heads = 2,
      .layers = 0,
      .inputs = 2,
      .extra_inputs = model::ConditionalResidual::extra_inputs(kWindow)};
  const auto make_denoiser = [&] {
    return std::make_unique<model::ConditionalResidual>(
        model::make_network(architecture, model::random_tensors(model::expected_tensors(architecture), 5),
                            model::graph_on(globe, architecture), at::kDouble),
        0.8, form);
  };
  const auto cells = model::make_coarse_cells(form, globe);
  ResidualObjective objective(make_denoiser(), {}, cells);
  const auto denoiser = make_denoiser();
  at::manual_seed(8);
  const at::Tensor record = at::randn({kWindow + 4, kToyVariables, 1, globe.cells()}, at::kDouble);
  const at::Tensor clean = record.narrow(0, 2, kWindow).flatten(0, 1).unsqueeze(0);
  const at::Tensor noise = at::randn_like(clean);
  constexpr std::int64_t kFirst = 20;  // the first hour of the record is 18; snapshots are at 19 and 22
  denoiser->set_coarse(std::make_shared<model::CoarseFields>(
      model::interpolate({1, {19, 22}, at::stack({cells->means(record[1]), cells->means(record[4])}), cells},
                         kFirst, kWindow, {})));
  const double sigma = 0.6, s = 0.8, weight = (sigma * sigma + s * s) / (sigma * sigma * s * s);
  const diffusion::NoiseLevel level = diffusion::Edm{}.at_log_ratio(-std::log(sigma));
  const Lesson lesson =
      objective.lesson({record.flatten(0, 1).unsqueeze(0), {kFirst}}, noise, {level}, {{0.5, 0.5}});
  const at::Tensor error = objective.network().forward(lesson.inputs, lesson.t) - lesson.targets;
  const at::Tensor x = clean + sigma * noise;
  const at::Tensor x_hat = x - sigma * denoiser->noise_estimate({x, {kFirst}}, level);
  const auto expected = weight * (x_hat - clean).square().mean().item<double>();
  EXPECT_NEAR(error.square().mean().item<double>(), expected, 1e-5 * expected);
}

TEST(ResidualObjective, MakesCoarseFieldsOfEveryKindAndPhase) {
  ResidualObjective objective(toy_conditional(at::kFloat), &toy_deviation);
  at::manual_seed(8);
  const at::Tensor record = at::randn({kWindow + 2 * kReach, kToyVariables, kToyNy, kToyNx});
  const at::Tensor noise = at::zeros({1, kWindow * kToyVariables, kToyNy, kToyNx});
  const std::int64_t maps = 2 * kWindow * kToyVariables;
  std::set<std::pair<float, float>> seen;  // the block, and the first hour's distance from the next snapshot
  for (int kind = 0; kind < 4; ++kind)
    for (int phase = 0; phase < 6; ++phase) {
      const CoarseChoice choice{(kind + 0.5) / 4, (phase + 0.5) / 6};
      const Lesson lesson = objective.lesson({record.flatten(0, 1).unsqueeze(0), {7}}, noise,
                                             {diffusion::Edm{}.at(0)}, {choice});
      const at::Tensor at_corner = lesson.inputs[0].select(1, 0).select(1, 0);
      const auto value = [&](std::int64_t map) { return at_corner[maps + map].item<float>(); };
      seen.insert({value(2 * kWindow), std::round(6 * value(1))});
    }
  // Every 3 h: 0, 1 and 2 h; every 6 h: up to 5 h; of each block.
  EXPECT_EQ(seen.size(), 12U);
}

}  // namespace
}  // namespace foehn::training::conditional_training_test
