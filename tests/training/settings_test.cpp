#include "foehn/training/settings.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cmath>
#include <functional>
#include <numbers>
#include <string>
#include <variant>

#include "app/toy_prior.hpp"
#include "foehn/core/error.hpp"
#include "foehn/training/material.hpp"
#include "foehn/training/static_fields.hpp"
#include "io/test_files.hpp"

namespace foehn::training::settings_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

Settings edm_settings() {
  Settings settings;
  settings.kind = NetworkKind::score_unet;
  settings.schedule = ScheduleKind::edm;
  settings.markov_order = 1;
  settings.hidden = {4, 6};
  settings.blocks = {1, 2};
  settings.attention = {1};
  settings.embedding = 8;
  settings.dates = true;
  return settings;
}

Settings graph_settings() {
  Settings settings;
  settings.kind = NetworkKind::graph_transformer;
  settings.schedule = ScheduleKind::edm;
  settings.markov_order = 1;
  return settings;
}

/// What is refused of changed settings.
std::string message(const std::function<void(Settings&)>& change) {
  Settings settings = edm_settings();
  change(settings);
  try {
    check(settings);
  } catch (const core::UsageError& error) {
    return error.what();
  }
  return "no error";
}

TEST(TrainingSettings, MakeStages) {
  Settings settings = edm_settings();
  settings.batch = 10;
  settings.windows = {100, 21};
  settings.learning_rate = {1e-3, 1e-5};
  settings.noise = {NoiseKind::log_normal, NoiseKind::high};
  settings.noise_mean = 0.3;
  EXPECT_NO_THROW(check(settings));
  const TrainingOptions options =
      training_options(settings, 5, foehn::testing::toy_domain(), schedule_of(settings, 0.4));
  ASSERT_EQ(options.stages.size(), 2U);
  EXPECT_EQ(options.stages[0].steps, 10);
  EXPECT_EQ(options.stages[1].steps, 3);
  EXPECT_EQ(options.steps(), 13);
  EXPECT_EQ(options.stages[1].learning_rate, 1e-5);
  EXPECT_EQ(options.stages[0].noise.mean, 0.3);
  EXPECT_EQ(options.stages[1].noise.kind, NoiseKind::high);
  EXPECT_EQ(options.schedule.edm()->sigma_data, 0.4);
  settings.learning_rate = {1e-3};
  settings.noise = {};
  const auto same = training_options(settings, 5, foehn::testing::toy_domain(), schedule_of(settings, 0.4));
  EXPECT_EQ(same.stages[1].learning_rate, 1e-3);
  EXPECT_EQ(same.stages[1].noise.kind, NoiseKind::log_normal);
  EXPECT_FALSE(same.loss_weights.defined());
}

TEST(TrainingSettings, WeighVariablesAndTheAreaOfCells) {
  Settings settings = edm_settings();
  settings.variable_weights = {3, 1};
  settings.weighs_area = true;
  const model::Domain domain = foehn::testing::toy_domain();
  const at::Tensor weights = training_options(settings, 5, domain, {}).loss_weights;
  EXPECT_NEAR(weights.mean().item<double>(), 1, 1e-6);
  EXPECT_NEAR((weights[0][0][0] / weights[1][0][0]).item<double>(), 3, 1e-6);
  const auto cosine = [&](std::size_t row) {
    return std::cos(domain.grid.y.values[row] * std::numbers::pi / 180);
  };
  EXPECT_NEAR((weights[1][7][3] / weights[1][0][5]).item<double>(), cosine(7) / cosine(0), 1e-6);
}

TEST(TrainingSettings, ThatDoNotGoTogetherAreRefused) {
  EXPECT_EQ(message([](Settings&) {}), "no error");
  EXPECT_THAT(message([](Settings& s) {
                s.windows = {1, 2, 3};
                s.learning_rate = {1e-3, 1e-4};
              }),
              AllOf(HasSubstr("train.learning_rate"), HasSubstr("3, found 2")));
  EXPECT_THAT(message([](Settings& s) {
                s.noise = {NoiseKind::high, NoiseKind::high};
              }),
              AllOf(HasSubstr("train.noise"), HasSubstr("1, found 2")));
  EXPECT_THAT(message([](Settings& s) { s.noise = {NoiseKind::uniform}; }),
              AllOf(HasSubstr("train.noise"), HasSubstr("log-normal or high"), HasSubstr("found uniform")));
  EXPECT_THAT(message([](Settings& s) {
                s.schedule = ScheduleKind::vp_cosine;
                s.noise = {NoiseKind::high};
              }),
              AllOf(HasSubstr("expected uniform"), HasSubstr("vp-cosine"), HasSubstr("found high")));
  EXPECT_THAT(message([](Settings& s) { s.sigma_min = s.sigma_max = 1; }),
              AllOf(HasSubstr("prior.sigma_max"), HasSubstr("more than")));
  EXPECT_THAT(message([](Settings& s) {
                s.kind = NetworkKind::gaussian_preconditioned;
                s.sigma_data = 0.3;
              }),
              HasSubstr("prior.sigma_data"));
  EXPECT_THAT(message([](Settings& s) {
                s.windows = {1, 2};
                s.patience = 3;
              }),
              AllOf(HasSubstr("train.patience"), HasSubstr("found 3")));
  EXPECT_THAT(message([](Settings& s) {
                s.kind = NetworkKind::conditional_residual;
                s.schedule = ScheduleKind::vp_cosine;
              }),
              AllOf(HasSubstr("prior.schedule"), HasSubstr("conditional-residual"), HasSubstr("vp-cosine")));
  EXPECT_THAT(message([](Settings& s) { s.mixing = 0.5; }), HasSubstr("conditional-residual"));
  EXPECT_THAT(message([](Settings& s) {
                s.coarse_blocks = {4, 8};
              }),
              AllOf(HasSubstr("train.block"), HasSubstr("conditional-residual")));
  EXPECT_THAT(message([](Settings& s) { s.coarse_every = {3}; }),
              AllOf(HasSubstr("train.every"), HasSubstr("conditional-residual")));
  EXPECT_EQ(message([](Settings& s) {
              s.kind = NetworkKind::conditional_residual;
              s.coarse_blocks = {4, 8};
              s.mixing = 0.5;
            }),
            "no error");
  EXPECT_THAT(message([](Settings& s) { s.drawn = 0.5; }), HasSubstr("train.drawn"));
  EXPECT_THAT(message([](Settings& s) { s.static_fields = {"z"}; }),
              AllOf(HasSubstr("network.static_files"), HasSubstr("found 1 names and 0 files")));
  EXPECT_THAT(message([](Settings& s) { s.static_files = {"z.nc"}; }), HasSubstr("0 names and 1 files"));
  Settings settings = edm_settings();
  settings.variable_weights = {1};
  EXPECT_THAT(
      [&] { check_variables(settings, 2); },
      ThrowsMessage<core::UsageError>(AllOf(HasSubstr("train.variable_weights"), HasSubstr("2, found 1"))));
}

TEST(TrainingSettings, OrderTheCoarseFieldsThatANetworkIsGiven) {
  Settings settings = edm_settings();
  EXPECT_EQ(hours_seen(settings), 3);
  settings.kind = NetworkKind::conditional_residual;
  settings.coarse_blocks = {8, 2, 4, 2};
  settings.coarse_every = {6, 3};
  EXPECT_EQ(coarse_form(settings), (model::CoarseForm{{2, 4, 8}, {3, 6}, {}}));
  EXPECT_EQ(hours_seen(settings), 13);  // five more on both sides
  const auto architecture = std::get<model::ScoreUnetArchitecture>(architecture_of(settings, 2));
  EXPECT_EQ(architecture.inputs, 2);
  EXPECT_EQ(architecture.extra_inputs, 7);
  EXPECT_EQ(architecture.input_channels(), 19);
}

TEST(TrainingSettings, FitAGaussianPriorAsLongAsTheWindowsThatAreDrawnFromIt) {
  Settings settings = edm_settings();
  EXPECT_EQ(gaussian_order(settings), 1);
  settings.kind = NetworkKind::conditional_residual;
  EXPECT_EQ(gaussian_order(settings), 1);
  settings.drawn = 0.5;
  EXPECT_EQ(2 * gaussian_order(settings) + 1, hours_seen(settings));
  settings.kind = NetworkKind::gaussian_preconditioned;
  settings.gaussian_order = 4;
  EXPECT_EQ(gaussian_order(settings), 4);
}

TEST(StaticFieldsOfTraining, ArePositionsOfUnitSize) {
  Settings settings = edm_settings();
  settings.positions = true;
  const grid::Grid grid = foehn::testing::toy_domain().grid;
  const std::vector<double> found = read_static(settings, grid);
  ASSERT_EQ(found.size(), 4U * 8 * 12);
  EXPECT_EQ(model::channels_of(architecture_of(settings, 2)).static_fields, static_names(settings));
  const at::Tensor fields = at::tensor(found, at::kDouble).reshape({4, 8, 12});
  EXPECT_TRUE(at::allclose(fields.mean(at::IntArrayRef{1, 2}), at::zeros({4}, at::kDouble), 0, 1e-9));
  EXPECT_TRUE(at::allclose(fields.square().mean(at::IntArrayRef{1, 2}), at::ones({4}, at::kDouble)));
  // Latitudes fall with y, longitudes rise with x.
  EXPECT_GT(fields[0][0][0].item<double>(), fields[0][7][0].item<double>());
  EXPECT_LT(fields[2][0][0].item<double>(), fields[2][0][11].item<double>());
  EXPECT_EQ(fields[0][3][0].item<double>(), fields[0][3][11].item<double>());
}

TEST(StaticFieldsOfTraining, ThatAreTheSameEverywhereAreRefused) {
  Settings settings = edm_settings();
  settings.positions = true;
  grid::Grid grid = foehn::testing::toy_domain().grid;
  grid.y.values = {50};
  EXPECT_THAT([&] { read_static(settings, grid); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("sin_latitude"), HasSubstr("in all cells"))));
}

TEST(TrainingSettings, KeepTheOptionsOfTwoNetworksApart) {
  const auto message_of = [](const std::function<void(Settings&)>& change) {
    return message([&](Settings& s) {
      s = graph_settings();
      change(s);
    });
  };
  EXPECT_EQ(message_of([](Settings&) {}), "no error");
  EXPECT_EQ(message_of([](Settings& s) { s.sigma_data = 0.3; }), "no error");
  EXPECT_EQ(message_of([](Settings& s) { s.mixing = 0.5; }), "no error");
  EXPECT_THAT(message_of([](Settings& s) {
                s.hidden = {8, 16};
              }),
              AllOf(HasSubstr("network.hidden"), HasSubstr("U-Net"), HasSubstr("graph-transformer")));
  EXPECT_THAT(message_of([](Settings& s) { s.embedding = 16; }), HasSubstr("network.embedding"));
  EXPECT_THAT(message_of([](Settings& s) { s.schedule = ScheduleKind::vp_cosine; }),
              AllOf(HasSubstr("prior.schedule"), HasSubstr("edm"), HasSubstr("graph-transformer")));
  EXPECT_THAT(message([](Settings& s) { s.width = 64; }),
              AllOf(HasSubstr("network.width"), HasSubstr("graph-transformer"), HasSubstr("score-unet")));
  Settings settings = graph_settings();
  settings.width = 64;
  const auto architecture = std::get<model::GraphTransformerArchitecture>(architecture_of(settings, 2));
  EXPECT_EQ(architecture.width, 64);
  EXPECT_EQ(architecture.window, 3);
  EXPECT_EQ(architecture.inputs, 1);
  settings.heads = 5;
  EXPECT_THAT([&] { architecture_of(settings, 2); },
              ThrowsMessage<core::UsageError>(AllOf(HasSubstr("network.heads"), HasSubstr("divisor"))));
}

TEST(TrainingSettings, MakeAConditionalResidualOfEitherNetworkAndEitherKindOfMeans) {
  const auto message_of = [](const std::function<void(Settings&)>& change) {
    return message([&](Settings& s) {
      s = graph_settings();
      s.kind = NetworkKind::conditional_residual;
      s.network = NetworkChoice::graph_transformer;
      s.coarse_grid = "O4";
      change(s);
    });
  };
  EXPECT_EQ(message_of([](Settings&) {}), "no error");
  EXPECT_THAT(message_of([](Settings& s) { s.coarse_blocks = {kCoarseBlock}; }),
              AllOf(HasSubstr("train.block"), HasSubstr("train.coarse_grid")));
  EXPECT_THAT(message_of([](Settings& s) { s.coarse_grid = "Q4"; }),
              AllOf(HasSubstr("train.coarse_grid"), HasSubstr("Q4")));
  EXPECT_THAT(message_of([](Settings& s) { s.kind = NetworkKind::graph_transformer; }),
              AllOf(HasSubstr("train.coarse_grid"), HasSubstr("conditional-residual")));
  EXPECT_THAT(message_of([](Settings& s) { s.kind = NetworkKind::score_unet; }), HasSubstr("network.kind"));
  EXPECT_THAT(message_of([](Settings& s) { s.drawn = 0.5; }), HasSubstr("train.drawn"));
  EXPECT_THAT(message([](Settings& s) {
                s = graph_settings();
                s.network = NetworkChoice::unet;
              }),
              AllOf(HasSubstr("network.kind"), HasSubstr("graph-transformer")));
  Settings settings = graph_settings();
  settings.kind = NetworkKind::conditional_residual;
  settings.network = NetworkChoice::graph_transformer;
  settings.coarse_grid = "o2";
  settings.static_fields = {"orography"};
  const model::CoarseForm form = coarse_form(settings);
  EXPECT_EQ(form.blocks, std::vector<std::int64_t>{1});
  EXPECT_EQ(form.row_sizes, (std::vector<std::int64_t>{20, 24, 24, 20}));
  const auto architecture = std::get<model::GraphTransformerArchitecture>(architecture_of(settings, 2));
  EXPECT_EQ(architecture.inputs, 2);
  EXPECT_EQ(architecture.extra_inputs, 7);
  EXPECT_EQ(architecture.static_fields, std::vector<std::string>{"orography"});
}

class StartFrom : public ::testing::Test {
 protected:
  StartFrom() {
    foehn::testing::write_edm_prior(folder_ / "prior");
    settings_.start_from = folder_ / "prior";
  }
  const io::TemporaryFolder folder_;
  const std::vector<io::Variable> variables_ = foehn::testing::toy_domain().variables;
  Settings settings_ = edm_settings();
};

TEST_F(StartFrom, TakesWeightsAndScaleOfAnotherTraining) {
  const model::NetworkBundle start = load_start(settings_, variables_);
  TrainingState state;
  for (const auto& [name, tensor] : start.tensors)
    for (Tensors* tensors : {&state.parameters, &state.average, &state.best})
      (*tensors)[name] = at::zeros(tensor.sizes());
  start_from(start, state);
  for (const auto& [name, tensor] : start.tensors)
    for (const Tensors* tensors : {&state.parameters, &state.average, &state.best})
      EXPECT_TRUE(at::equal(tensors->at(name), tensor.to(at::kFloat))) << name;
}

TEST_F(StartFrom, RefusesAnotherNetworkVariablesOrSchedule) {
  const auto refuses = [&](const std::function<void(Settings&)>& change, const auto& matcher) {
    Settings settings = settings_;
    change(settings);
    EXPECT_THAT([&] { load_start(settings, variables_); },
                ThrowsMessage<core::Error>(AllOf(HasSubstr("train.start_from"), matcher)));
  };
  refuses([](Settings& s) { s.embedding = 9; }, HasSubstr("network.embedding"));
  refuses([](Settings& s) { s.dates = false; }, HasSubstr("network.dates"));
  refuses([](Settings& s) { s.schedule = ScheduleKind::vp_cosine; },
          AllOf(HasSubstr("prior.schedule vp-cosine"), HasSubstr("found edm")));
  refuses([](Settings& s) { s.kind = NetworkKind::gaussian_preconditioned; },
          AllOf(HasSubstr("gaussian-preconditioned"), HasSubstr("found score-unet")));
  EXPECT_THAT(
      [&] { load_start(settings_, {variables_[0]}); },
      ThrowsMessage<core::Error>(AllOf(HasSubstr("data.variables psl"), HasSubstr("found psl, uas"))));
}

}  // namespace
}  // namespace foehn::training::settings_test
