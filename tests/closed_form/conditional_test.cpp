// A network that is trained on windows drawn from a Gaussian process, given every second hour, samples the
// hours between from the distribution that the process has there.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "diffusion/sample_whole.hpp"
#include "foehn/comm/communicator.hpp"
#include "foehn/diffusion/noise.hpp"
#include "foehn/training/trainer.hpp"
#include "io/test_files.hpp"
#include "training/toy_fields.hpp"

namespace foehn::training::conditional_test {
namespace {

using foehn::testing::kToyNx;
using foehn::testing::kToyNy;
using foehn::testing::kToyVariables;

/// Of an autoregressive process of order 1, of unit variance, in each cell and variable by itself.
constexpr double kCorrelation = 0.3;
constexpr std::int64_t kGivenEvery = 2, kSampledHours = 201;

DrawnWindows process(std::int64_t hours) {
  at::Tensor lags = at::zeros({hours, kToyVariables, kToyVariables, kToyNy, kToyNx}, at::kDouble);
  for (std::int64_t lag = 0; lag < hours; ++lag)
    for (std::int64_t v = 0; v < kToyVariables; ++v)
      lags[lag][v][v] = std::pow(kCorrelation, static_cast<double>(lag));
  const std::vector<model::Harmonic> constant{{}};
  const auto unit = model::Normalisation::anomaly(
      model::Climatology(constant, at::zeros({1, kToyVariables, kToyNy, kToyNx}, at::kDouble)),
      at::ones({kToyVariables}, at::kDouble));
  return {lags, unit, unit, {}, hours};
}

/// Hours one by one, each a window.
class HourByHour : public diffusion::TrajectoryDenoiser {
 public:
  explicit HourByHour(diffusion::WindowDenoiser& windows) : windows_(windows) {}
  at::Tensor noise_estimate(const at::Tensor& noisy, const diffusion::NoiseLevel& level) override {
    std::vector<std::int64_t> hours(static_cast<std::size_t>(noisy.size(0)));
    std::iota(hours.begin(), hours.end(), 0);
    return windows_.noise_estimate({noisy, hours}, level);
  }

 private:
  diffusion::WindowDenoiser& windows_;
};

/// A proof to run by hand (--gtest_also_run_disabled_tests): the training takes about a minute and a half of
/// one core, since the network must learn from how far the snapshots are whether there is anything to draw.
TEST(TrainedConditionalResidual, DISABLED_SamplesTheConditionalDistributionOfAKnownProcess) {
  const io::TemporaryFolder folder;
  foehn::testing::write_toy_cache(folder / "cache.nc");  // held out, and how many windows there are
  const FieldCache fields(folder / "cache.nc");
  model::ScoreUnetArchitecture architecture{.window = 1,
                                            .variables = kToyVariables,
                                            .hidden = {32},
                                            .blocks = {0},
                                            .attention = {},
                                            .embedding = 24};
  architecture.form = model::NetworkForm::adm;
  architecture.inputs = 2;
  architecture.extra_inputs = model::ConditionalResidual::extra_inputs(1);
  const model::CoarseForm form{{1}, {kGivenEvery}, {1, 1}};
  const auto denoiser_of = [&](const Tensors& tensors) {
    return std::make_unique<model::ConditionalResidual>(
        std::make_unique<model::ScoreUnet>(architecture, tensors, at::TensorOptions(at::kFloat)), 1, form);
  };
  ResidualObjective objective(denoiser_of(initial_tensors(architecture, 5)), {});
  TrainingOptions options;
  options.stages = {{.steps = 5000, .learning_rate = 5e-3, .noise = {NoiseKind::log_normal, 0.3, 1.4}}};
  options.batch = options.micro_batch = 16;
  options.augmentation = {.drawn = 1};
  options.average_decay = 0.99;
  options.markov_order = 0;
  options.schedule = diffusion::Edm{};
  options.held_out_hours = 10;
  options.evaluate_every = 5000;
  options.held_out_windows = 1;
  const comm::Communicator world = comm::Communicator::world();
  const comm::Communicator alone = world.split(world.rank());
  if (!world.is_root()) return;
  const DrawnWindows drawn = process(2 * kGivenEvery - 1);
  Trainer trainer(alone, objective, fields, options, &drawn);
  TrainingState state = trainer.start();
  Trainer::Events events;
  events.step_done = [](const TrainingState&, double) {};
  events.evaluated = [](const TrainingState&, const std::vector<double>&) {};
  events.must_stop = events.must_save = [] { return false; };
  events.save = [](const TrainingState&) {};
  ASSERT_TRUE(trainer.run(state, events));

  const at::NoGradGuard no_gradients;
  const auto denoiser = denoiser_of(state.average);
  model::CoarseSnapshots given{1, {}, {}};
  for (std::int64_t hour = 0; hour < kSampledHours; hour += kGivenEvery) given.hours.push_back(hour);
  at::manual_seed(7);
  given.values = at::randn({static_cast<std::int64_t>(given.hours.size()), kToyVariables, kToyNy, kToyNx});
  const auto coarse =
      std::make_shared<const model::CoarseFields>(model::interpolate(given, 0, kSampledHours, {}));
  denoiser->set_coarse(coarse);
  HourByHour hours(*denoiser);
  diffusion::Surroundings surroundings;
  surroundings.fill_noise = [](at::Tensor& noise, std::uint32_t number) {
    diffusion::fill_noise({.seed = 11, .member = 0, .draw = number}, 0, noise);
  };
  surroundings.expected = coarse->fields;
  surroundings.pass_done = [](const diffusion::SamplerState&) { return true; };
  const at::Tensor slab = at::empty_like(coarse->fields);
  diffusion::sample_whole(
      hours, options.schedule,
      {.method = diffusion::Method::heun, .steps = 18, .spacing = diffusion::Spacing::power}, surroundings,
      slab);

  // Between x_0 and x_2, x_1 is normal: mean r (x_0 + x_2)/(1 + r^2), variance (1 - r^2)/(1 + r^2).
  const double square = kCorrelation * kCorrelation, gain = 2 * kCorrelation / (1 + square),
               deviation = std::sqrt((1 - square) / (1 + square));
  const at::Tensor between = at::arange(1, kSampledHours, kGivenEvery, at::kLong);
  const at::Tensor c = coarse->fields.index_select(0, between).to(at::kDouble);
  const at::Tensor off = (slab.index_select(0, between).to(at::kDouble) - gain * c) / deviation;
  EXPECT_NEAR(off.mean().item<double>(), 0, 0.05);
  const double slope = ((off * c).mean() / c.square().mean().sqrt()).item<double>();
  EXPECT_NEAR(slope, 0, 0.05);
  EXPECT_NEAR((off - slope * c / c.square().mean().sqrt()).std().item<double>(), 1, 0.05);
  // At the hours that are given there is nothing to draw.
  const at::Tensor at_given = at::arange(0, kSampledHours, kGivenEvery, at::kLong);
  EXPECT_LT((slab - coarse->fields).index_select(0, at_given).square().mean().sqrt().item<double>(), 0.1);
}

}  // namespace
}  // namespace foehn::training::conditional_test
