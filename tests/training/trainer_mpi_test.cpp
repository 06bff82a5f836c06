#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <numeric>

#include "foehn/core/error.hpp"
#include "foehn/training/checkpoints.hpp"
#include "foehn/training/trainer.hpp"
#include "io/test_files.hpp"
#include "training/toy_fields.hpp"

namespace foehn::training::trainer_mpi_test {
namespace {

TrainingOptions options_of(std::int64_t steps) {
  return {.stages = {{.steps = steps, .learning_rate = 2e-3}},
          .batch = 6,
          .micro_batch = 2,
          .average_decay = 0.9,
          .augmentation = {.mixing = 0.5, .daily_cycle = 0.3, .steps_per_day = 8},
          .seed = 9,
          .markov_order = 1,
          .held_out_hours = 10,
          .evaluate_every = 4,
          .held_out_windows = 5};
}

struct Course {
  std::vector<double> losses, held_out;
  std::vector<double> means;  // loss of the steps between evaluations
  TrainingState state;
  bool is_done = false;
};

/// A training on some ranks, stopped after `stop` steps, from a state or anew.
Course train(const comm::Communicator& ranks, const FieldCache& fields, const TrainingOptions& options,
             std::int64_t stop = 1000, const TrainingState* from = nullptr) {
  NoiseObjective objective = foehn::testing::toy_objective();
  Trainer trainer(ranks, objective, fields, options);
  Course course;
  course.state = from != nullptr ? *from : trainer.start();
  Trainer::Events events;
  events.step_done = [&](const TrainingState&, double loss) { course.losses.push_back(loss); };
  events.evaluated = [&](const TrainingState& now, const std::vector<double>& losses) {
    course.means.push_back(now.loss_sum / static_cast<double>(now.losses));
    course.held_out.insert(course.held_out.end(), losses.begin(), losses.end());
  };
  events.must_stop = [&] { return course.state.step >= stop; };
  events.must_save = [] { return false; };
  events.save = [](const TrainingState&) {};
  course.is_done = trainer.run(course.state, events);
  return course;
}

Course train(const comm::Communicator& ranks, const FieldCache& fields, std::int64_t steps,
             std::int64_t stop = 1000, const TrainingState* from = nullptr) {
  return train(ranks, fields, options_of(steps), stop, from);
}

class TrainerOnAnyNumberOfRanks : public ::testing::Test {
 protected:
  TrainerOnAnyNumberOfRanks() { foehn::testing::write_toy_cache(folder_ / "cache.nc"); }

  io::TemporaryFolder folder_;
  const comm::Communicator world_ = comm::Communicator::world();
};

TEST_F(TrainerOnAnyNumberOfRanks, TakesTilesOfTheDomain) {
  const FieldCache fields(folder_ / "cache.nc");
  TrainingOptions options = options_of(8);
  const Course whole = train(world_, fields, options);
  options.tile = {foehn::testing::kToyNy, foehn::testing::kToyNx, 0};
  EXPECT_EQ(train(world_, fields, options).losses, whole.losses);
  options.tile = {2, 4, 0};
  options.goes_round = true;
  const Course in_tiles = train(world_, fields, options);
  const comm::Communicator alone = world_.split(world_.rank());
  const Course expected = train(alone, fields, options);
  ASSERT_EQ(in_tiles.losses.size(), 8U);
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_NE(in_tiles.losses[i], whole.losses[i]);
    EXPECT_NEAR(in_tiles.losses[i], expected.losses[i], 1e-5 * expected.losses[i]);
  }
}

TEST_F(TrainerOnAnyNumberOfRanks, HasTheLossCurveOfOneRank) {
  const FieldCache fields(folder_ / "cache.nc");
  const comm::Communicator alone = world_.split(world_.rank());
  const Course expected = train(alone, fields, 50), found = train(world_, fields, 50);
  ASSERT_EQ(found.losses.size(), 50U);
  for (std::size_t i = 0; i < 50; ++i)
    EXPECT_NEAR(found.losses[i], expected.losses[i], 1e-5 * expected.losses[i]);
  ASSERT_EQ(found.held_out.size(), expected.held_out.size());
  for (std::size_t i = 0; i < found.held_out.size(); ++i)
    EXPECT_NEAR(found.held_out[i], expected.held_out[i], 1e-5 * expected.held_out[i]);
  EXPECT_LT(found.losses.back(), found.losses.front());
}

TEST_F(TrainerOnAnyNumberOfRanks, FollowsTheLossCurveOfSinglePrecisionInBf16) {
  const FieldCache fields(folder_ / "cache.nc");
  TrainingOptions options = options_of(30);
  const Course expected = train(world_, fields, options);
  options.precision = model::Precision::bf16;
  const Course found = train(world_, fields, options);
  ASSERT_EQ(found.losses.size(), 30U);
  for (std::size_t i = 0; i < 30; ++i)
    EXPECT_NEAR(found.losses[i], expected.losses[i], 0.02 * expected.losses[i]) << i;
  EXPECT_NE(found.losses, expected.losses);  // else it was not bf16
  for (std::size_t i = 0; i < found.held_out.size(); ++i)
    EXPECT_NEAR(found.held_out[i], expected.held_out[i], 0.02 * expected.held_out[i]) << i;
  for (const auto& [name, tensor] : found.state.parameters) EXPECT_EQ(tensor.scalar_type(), at::kFloat);
}

TEST_F(TrainerOnAnyNumberOfRanks, GoesOnAsIfItHadNotStopped) {
  const FieldCache fields(folder_ / "cache.nc");
  const Course whole = train(world_, fields, 11);
  EXPECT_TRUE(whole.is_done);
  const Course part = train(world_, fields, 11, 5);
  EXPECT_FALSE(part.is_done);
  EXPECT_EQ(part.state.step, 5);
  // Through a file, as a user's does.
  Checkpoints checkpoints(folder_ / "", "identity");
  checkpoints.save(part.state);
  const TrainingState saved = checkpoints.load(part.state).value();
  const Course rest = train(world_, fields, 11, 1000, &saved);
  EXPECT_TRUE(rest.is_done);
  for (const auto& [name, tensor] : whole.state.parameters) {
    EXPECT_TRUE(at::equal(rest.state.parameters.at(name), tensor)) << name;
    EXPECT_TRUE(at::equal(rest.state.best.at(name), whole.state.best.at(name))) << name;
  }
  EXPECT_EQ(rest.state.best_loss, whole.state.best_loss);
  EXPECT_THAT(rest.means, ::testing::ElementsAre(whole.means[1], whole.means[2]));
}

TEST_F(TrainerOnAnyNumberOfRanks, StartsFromTheStateOfTheRoot) {
  const auto state_of = [](int rank) {
    TrainingState state;
    const auto tensors = [&](double value) {
      return Tensors{{"a", at::full({2, 3}, value + rank)}, {"b", at::full({4}, value - rank)}};
    };
    state.parameters = tensors(1);
    state.average = tensors(2);
    state.first = tensors(3);
    state.second = tensors(4);
    state.best = tensors(5);
    state.step = 6 + rank;
    state.best_loss = 0.1 + rank;
    state.best_step = 3 + rank;
    state.evaluations_since_best = 2 + rank;
    state.loss_sum = 0.7 + rank;
    state.losses = 8 + rank;
    state.log.assign(static_cast<std::size_t>(2 * rank + 1), std::to_string(rank));
    return state;
  };
  TrainingState state = state_of(world_.rank());
  state.broadcast(world_);
  const TrainingState expected = state_of(0);
  for (const auto set : {&TrainingState::parameters, &TrainingState::average, &TrainingState::first,
                         &TrainingState::second, &TrainingState::best})
    for (const char* name : {"a", "b"})
      EXPECT_TRUE(at::equal((state.*set).at(name), (expected.*set).at(name))) << name;
  EXPECT_EQ(state.step, 6);
  EXPECT_EQ(state.best_loss, 0.1);
  EXPECT_EQ(state.best_step, 3);
  EXPECT_EQ(state.evaluations_since_best, 2);
  EXPECT_EQ(state.loss_sum, 0.7);
  EXPECT_EQ(state.losses, 8);
  EXPECT_EQ(state.log, expected.log);
}

TEST_F(TrainerOnAnyNumberOfRanks, HasTheSameParametersOnAllRanks) {
  const FieldCache fields(folder_ / "cache.nc");
  const Course course = train(world_, fields, 6);
  for (const auto& [name, tensor] : course.state.parameters) {
    std::vector<float> values(tensor.data_ptr<float>(), tensor.data_ptr<float>() + tensor.numel());
    double sum = 0;
    for (const float value : values) sum += value;
    for (const double other : world_.gather_all(sum)) EXPECT_EQ(other, sum) << name;
  }
}

TEST_F(TrainerOnAnyNumberOfRanks, ScoresANetworkThatAnswersNothing) {
  const FieldCache fields(folder_ / "cache.nc");
  NoiseObjective objective = foehn::testing::toy_objective();
  Trainer trainer(world_, objective, fields, options_of(1));
  TrainingState state = trainer.start();
  const std::vector<double> without = trainer.held_out_loss_without_network();
  EXPECT_THAT(trainer.held_out_loss(state),
              ::testing::Not(::testing::Pointwise(::testing::DoubleNear(1e-6), without)));
  for (auto& [name, tensor] : state.average) tensor.zero_();
  EXPECT_THAT(trainer.held_out_loss(state), ::testing::Pointwise(::testing::DoubleNear(1e-6), without));
  for (const double loss : without) EXPECT_NEAR(loss, 1, 0.2);  // mean square of the noise
}

/// Notes the noise levels that it is asked for.
class NotingObjective : public NoiseObjective {
 public:
  NotingObjective() : NoiseObjective(foehn::testing::toy_objective()) {}
  Lesson lesson(const diffusion::Windows& clean, const at::Tensor& noise,
                const std::vector<diffusion::NoiseLevel>& levels,
                const std::vector<CoarseChoice>& coarse) override {
    asked.insert(asked.end(), levels.begin(), levels.end());
    return NoiseObjective::lesson(clean, noise, levels, coarse);
  }
  std::vector<diffusion::NoiseLevel> asked;
};

TEST_F(TrainerOnAnyNumberOfRanks, TeachesAndScoresAtTheLevelsOfItsSchedule) {
  const FieldCache fields(folder_ / "cache.nc");
  NotingObjective objective;
  TrainingOptions options = options_of(1);
  options.schedule = diffusion::VpCosine{.eta = 2e-3};
  Trainer trainer(world_, objective, fields, options);
  TrainingState state = trainer.start();
  trainer.run(state,
              {[](const TrainingState&, double) {}, [](const TrainingState&, const std::vector<double>&) {},
               [] { return false; }, [] { return false; }, [](const TrainingState&) {}});
  ASSERT_FALSE(objective.asked.empty());
  for (const diffusion::NoiseLevel& level : objective.asked) {
    EXPECT_EQ(level.mu, options.schedule.at(level.t).mu);
    EXPECT_EQ(level.sigma, options.schedule.at(level.t).sigma);
  }
}

/// Two stages, the second with a rate of its own.
TrainingOptions two_stages() {
  TrainingOptions options = options_of(5);
  options.stages.push_back({.steps = 6, .learning_rate = 5e-4});
  options.decay = Decay::cosine;
  options.warm_up = 2;
  options.most_gradient = 0.5;
  return options;
}

TEST_F(TrainerOnAnyNumberOfRanks, BeginsAStageWithTheBestWeightsOfTheOneBefore) {
  const FieldCache fields(folder_ / "cache.nc");
  const Course first = train(world_, fields, two_stages(), 5);
  EXPECT_FALSE(first.is_done);
  ASSERT_FALSE(first.means.empty()) << "a stage is scored at its end";
  const Course both = train(world_, fields, two_stages());
  EXPECT_TRUE(both.is_done);
  EXPECT_EQ(both.state.step, 11);
  EXPECT_GT(both.state.best_step, 5) << "losses of one stage are not compared with those of another";
  const Course one_step = train(world_, fields, two_stages(), 6, &first.state);
  // A step of AdamW from no moments moves every weight by at most the rate.
  const double most = learning_rate(two_stages(), two_stages().stages[1], 1);
  for (const auto& [name, tensor] : one_step.state.parameters)
    EXPECT_LE((tensor - first.state.best.at(name)).abs().max().item<double>(), 1.01 * most) << name;
}

TEST_F(TrainerOnAnyNumberOfRanks, GoesOnThroughStagesAsIfItHadNotStopped) {
  const FieldCache fields(folder_ / "cache.nc");
  const Course whole = train(world_, fields, two_stages());
  for (const std::int64_t stop : {3, 5, 8}) {  // within the first stage, at its end, and within the second
    const Course part = train(world_, fields, two_stages(), stop);
    const Course rest = train(world_, fields, two_stages(), 1000, &part.state);
    EXPECT_TRUE(rest.is_done);
    for (const auto& [name, tensor] : whole.state.parameters) {
      EXPECT_TRUE(at::equal(rest.state.parameters.at(name), tensor)) << name << " " << stop;
      EXPECT_TRUE(at::equal(rest.state.best.at(name), whole.state.best.at(name))) << name << " " << stop;
    }
    EXPECT_EQ(rest.state.best_loss, whole.state.best_loss);
  }
}

TEST_F(TrainerOnAnyNumberOfRanks, CutsALargeGradientAndNoOther) {
  const FieldCache fields(folder_ / "cache.nc");
  // AdamW divides a gradient by its size, so that only its second moments tell.
  const auto moments = [&](double most_gradient) {
    TrainingOptions options = options_of(1);
    options.most_gradient = most_gradient;
    double sum = 0;
    for (const auto& [name, tensor] : train(world_, fields, options).state.second)
      sum += tensor.to(at::kDouble).sum().item<double>();
    return sum / (1 - 0.999);  // the square of the gradient's norm
  };
  const double norm = std::sqrt(moments(0));
  EXPECT_NEAR(std::sqrt(moments(norm / 3)), norm / 3, 1e-4 * norm);
  EXPECT_EQ(moments(2 * norm), moments(0));
}

TEST_F(TrainerOnAnyNumberOfRanks, WeighsErrors) {
  const FieldCache fields(folder_ / "cache.nc");
  const auto without_network = [&](const at::Tensor& weights) {
    NoiseObjective objective = foehn::testing::toy_objective();
    TrainingOptions options = options_of(1);
    options.loss_weights = weights;
    return mean_over_levels(Trainer(world_, objective, fields, options).held_out_loss_without_network());
  };
  using foehn::testing::kToyNx, foehn::testing::kToyNy, foehn::testing::kToyVariables;
  const std::vector<std::int64_t> shape{kToyVariables, kToyNy, kToyNx};
  EXPECT_NEAR(without_network(at::ones(shape)), without_network({}), 1e-6);
  // The parts of two sets of weights add up to the whole.
  at::Tensor first = at::zeros(shape);
  first[0].fill_(1);
  const double parts = without_network(first) + without_network(1 - first);
  EXPECT_NEAR(parts, without_network({}), 1e-5);
  EXPECT_LT(without_network(first), 0.9 * without_network({}));
}

/// Sees whether windows are those of the record that begin at the hours they come with.
class SeesHours : public NoiseObjective {
 public:
  explicit SeesHours(const FieldCache& fields)
      : NoiseObjective(foehn::testing::toy_objective()), fields_(fields) {}
  Lesson lesson(const diffusion::Windows& clean, const at::Tensor& noise,
                const std::vector<diffusion::NoiseLevel>& levels,
                const std::vector<CoarseChoice>& coarse) override {
    EXPECT_EQ(static_cast<std::int64_t>(clean.first_hours.size()), clean.fields.size(0));
    for (std::size_t i = 0; i < clean.first_hours.size(); ++i) {
      const std::int64_t window_hours = network().channels().window;
      EXPECT_TRUE(at::equal(clean.fields[static_cast<std::int64_t>(i)],
                            fields_.read(clean.first_hours[i], window_hours).flatten(0, 1)));
      ++seen;
    }
    return NoiseObjective::lesson(clean, noise, levels, coarse);
  }
  int seen = 0;

 private:
  const FieldCache& fields_;
};

TEST_F(TrainerOnAnyNumberOfRanks, TeachesWindowsThatKnowTheirFirstHours) {
  const FieldCache fields(folder_ / "cache.nc");
  SeesHours objective(fields);
  TrainingOptions options = options_of(2);
  options.augmentation = {};
  Trainer trainer(world_, objective, fields, options);
  TrainingState state = trainer.start();
  trainer.run(state,
              {[](const TrainingState&, double) {}, [](const TrainingState&, const std::vector<double>&) {},
               [] { return false; }, [] { return false; }, [](const TrainingState&) {}});
  EXPECT_GT(objective.seen, 0);
}

TEST_F(TrainerOnAnyNumberOfRanks, EndsWherePatienceDoes) {
  const FieldCache fields(folder_ / "cache.nc");
  NoiseObjective objective = foehn::testing::toy_objective();
  TrainingOptions options = options_of(100);
  options.stages[0].learning_rate = 1e-12;  // so that nothing gets better
  options.average_decay = 0;
  options.patience = 2;
  Trainer trainer(world_, objective, fields, options);
  TrainingState state = trainer.start();
  state.best_loss = 0;
  EXPECT_TRUE(trainer.run(
      state, {[](const TrainingState&, double) {}, [](const TrainingState&, const std::vector<double>&) {},
              [] { return false; }, [] { return false; }, [](const TrainingState&) {}}));
  EXPECT_EQ(state.step, 8);
}

TEST_F(TrainerOnAnyNumberOfRanks, RefusesTooFewHours) {
  const FieldCache fields(folder_ / "cache.nc");
  NoiseObjective objective = foehn::testing::toy_objective();
  const auto making = [&](std::int64_t held_out) {
    return [&, held_out] {
      Trainer(world_, objective, fields, {.markov_order = 1, .held_out_hours = held_out});
    };
  };
  EXPECT_THAT(making(39), ::testing::ThrowsMessage<core::Error>(::testing::AllOf(
                              ::testing::HasSubstr("windows of 3"), ::testing::HasSubstr("1 to train on"))));
  EXPECT_THAT(making(2), ::testing::ThrowsMessage<core::Error>(::testing::HasSubstr("2 held out")));
}

TEST_F(TrainerOnAnyNumberOfRanks, SaysWhereItDiverged) {
  const FieldCache fields(folder_ / "cache.nc");
  NoiseObjective objective = foehn::testing::toy_objective();
  Trainer trainer(world_, objective, fields, options_of(100));
  TrainingState state = trainer.start();
  state.parameters.begin()->second.fill_(NAN);
  try {
    trainer.run(state,
                {[](const TrainingState&, double) {}, [](const TrainingState&, const std::vector<double>&) {},
                 [] { return false; }, [] { return false; }, [](const TrainingState&) {}});
    ADD_FAILURE() << "nothing was said";
  } catch (const core::CollectiveError& error) {
    EXPECT_THAT(error.what(),
                ::testing::AllOf(::testing::HasSubstr("step 1"), ::testing::HasSubstr("not finite"),
                                 ::testing::HasSubstr("train.learning_rate")));
  }
}

TEST_F(TrainerOnAnyNumberOfRanks, LearnsWhatCoarseFieldsLeaveOpen) {
  const FieldCache fields(folder_ / "cache.nc");
  auto architecture = foehn::testing::toy_fields_architecture(2);
  architecture.extra_inputs = model::ConditionalResidual::extra_inputs(architecture.window);
  TrainingOptions options = options_of(80);
  options.stages = {{.steps = 80, .learning_rate = 5e-3, .noise = {NoiseKind::log_normal, -1.2, 1.2}}};
  options.augmentation = {};
  options.schedule = diffusion::Edm{};
  options.evaluate_every = 80;
  std::vector<double> losses_alone;
  const comm::Communicator alone = world_.split(world_.rank());
  for (const comm::Communicator* ranks : {&alone, &world_}) {
    ResidualObjective objective(
        std::make_unique<model::ConditionalResidual>(
            std::make_unique<model::ScoreUnet>(architecture, initial_tensors(architecture, 5),
                                               at::TensorOptions(at::kFloat)),
            1, model::CoarseForm{{1, 2}, {2, 3}, {1, 1}}),
        {});
    Trainer trainer(*ranks, objective, fields, options);
    TrainingState state = trainer.start();
    std::vector<double> losses;
    Trainer::Events events;
    events.step_done = [&](const TrainingState&, double loss) { losses.push_back(loss); };
    events.evaluated = [](const TrainingState&, const std::vector<double>&) {};
    events.must_stop = events.must_save = [] { return false; };
    events.save = [](const TrainingState&) {};
    EXPECT_TRUE(trainer.run(state, events));
    const auto mean = [&](auto first, auto last) { return std::accumulate(first, last, 0.0) / 20; };
    EXPECT_LT(mean(losses.end() - 20, losses.end()), mean(losses.begin(), losses.begin() + 20));
    if (losses_alone.empty()) losses_alone = losses;
    for (std::size_t i = 0; i < losses.size(); ++i)
      EXPECT_NEAR(losses[i], losses_alone[i], 1e-3 * losses_alone[i]) << i;
  }
}

}  // namespace
}  // namespace foehn::training::trainer_mpi_test
