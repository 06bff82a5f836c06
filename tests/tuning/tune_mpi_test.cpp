// A search on a Gaussian prior, of a truth that is drawn from it and observed with known errors.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "app/toy_prior.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/philox.hpp"
#include "foehn/io/field_reader.hpp"
#include "foehn/io/field_writer.hpp"
#include "foehn/job/make_plan.hpp"
#include "foehn/job/run.hpp"
#include "foehn/job/shared_prior.hpp"
#include "foehn/model/learnt_from.hpp"
#include "foehn/tuning/tune.hpp"

namespace foehn::tuning::tune_mpi_test {
namespace {

constexpr double kError = 0.3;  // of observations, in units of normalised fields
constexpr std::int64_t kHours = 48, kBlock = 4;

/// Large scales have most of the variance, so that blocks tell much of it.
at::Tensor smooth_covariance() {
  const at::Tensor ky = at::arange(8, at::kDouble).div(8).square(),
                   kx = at::arange(12, at::kDouble).div(12).square();
  at::Tensor spectrum = (1 + 60 * (ky.unsqueeze(1) + kx)).pow(-2);
  spectrum.mul_(96.0 / spectrum.sum().item<double>());
  at::Tensor lags = at::zeros({3, 2, 2, 8, 12}, at::kDouble);
  for (int lag = 0; lag < 3; ++lag)
    for (int variable = 0; variable < 2; ++variable)
      lags[lag][variable][variable] = std::pow(0.6, lag) * spectrum;
  return lags;
}

model::Domain domain_of_winds() {
  model::Domain domain = foehn::testing::toy_domain();
  domain.variables[0] = {"vas", "northward_wind", "m s-1"};
  return domain;
}

class Tune : public ::testing::Test {
 protected:
  Tune() {
    world_.agree_on_root([&] {
      std::filesystem::remove_all(folder_);
      std::filesystem::create_directories(folder_);
      const model::Domain domain = domain_of_winds();
      const std::int64_t before =
          calendar::to_seconds(calendar::parse_date_time("2000-12-31"), domain.calendar);
      model::save_gaussian_prior(folder_ / "prior", domain, smooth_covariance(), {},
                                 model::remarks_of({before - 86400 * 100, before}, domain.calendar));
    });
    draw_truth();
    world_.agree_on_root([&] { observe(); });
  }
  ~Tune() override {
    world_.agree_on_root([&] { std::filesystem::remove_all(folder_); });
  }

  job::Settings settings(const std::string& name) const {
    job::Settings settings;
    settings.prior = folder_ / "prior";
    settings.steps = 8;
    settings.output = folder_ / name;
    settings.result_values = "test = 1\n";
    return settings;
  }

  Task task(const std::string& name) const {
    Task task;
    task.settings = settings(name);
    task.settings.observations = {folder_ / "coarse.nc"};
    task.settings.members = 6;
    task.std_range = {0.03, 3};
    task.search = {.random = 5, .local = 3, .round = 2, .seed = 1};
    task.reference.files = {folder_ / "truth/member_000.nc"};
    task.folder = folder_ / name;
    return task;
  }

  /// The same in few trials.
  Task short_task(const std::string& name) const {
    Task few = task(name);
    few.settings.members = 3;
    few.search = {.random = 3, .local = 2, .round = 2, .seed = 1};
    return few;
  }

  Outcome run(const Task& task, const process::StopToken& stop = {}) const {
    return tune(world_, task, {}, stop, false);
  }

  void expect_same(const Outcome& one, const Outcome& other) const {
    ASSERT_EQ(one.trials.size(), other.trials.size());
    for (std::size_t i = 0; i < one.trials.size(); ++i) {
      EXPECT_EQ(one.trials[i].values, other.trials[i].values);
      for (std::size_t v = 0; v < 2; ++v) {
        EXPECT_EQ(one.trials[i].scores[v].fair_crps, other.trials[i].scores[v].fair_crps) << "trial " << i;
        EXPECT_EQ(one.trials[i].scores[v].spread_skill, other.trials[i].scores[v].spread_skill);
      }
    }
    EXPECT_EQ(one.best, other.best);
  }

  void expect_refused(const Task& bad, const char* words) const {
    EXPECT_THAT([&] { run(bad); },
                ::testing::ThrowsMessage<core::CollectiveError>(::testing::HasSubstr(words)));
  }

  comm::Communicator world_ = comm::Communicator::world();
  std::filesystem::path folder_ = std::filesystem::path(::testing::TempDir()) / "foehn_tune";

 private:
  void draw_truth() const {
    job::Settings truth = settings("truth");
    truth.start = "2001-01-01";
    truth.hours = kHours;
    truth.steps = 32;
    truth.seed = 99;
    auto files = job::open_prior(world_, folder_ / "prior");
    job::Planned planned =
        job::make_plan(world_, truth, files ? &files->description() : nullptr, at::kCPU, false);
    const model::PriorBundle prior = job::load_prior(world_, std::move(files), at::TensorOptions(at::kFloat));
    job::run(world_, planned.plan, planned.root ? &*planned.root : nullptr, prior, {}, process::StopToken());
  }

  /// Block means at every hour, with noise.
  void observe() const {
    const model::Domain domain = domain_of_winds();
    const io::FieldReader truth({folder_ / "truth/member_000.nc"}, {});
    io::FieldHeader header;
    header.variables = domain.variables;
    header.grid = grid::block_mean_grid(domain.grid, kBlock);
    header.calendar = domain.calendar;
    header.first_seconds = truth.times().seconds.front();
    header.step_seconds = 3600;
    header.cell_methods = "time: point area: mean";
    io::FieldWriter writer(folder_ / "coarse.nc", header);
    at::Tensor fields = at::empty({2, 8, 12});
    for (std::int64_t hour = 0; hour < kHours; ++hour) {
      truth.read(hour, 1, {fields.data_ptr<float>(), 192});
      at::Tensor means = fields.reshape({2, 2, 4, 3, 4}).mean(at::IntArrayRef{2, 4});
      std::vector<float> noise(12);
      core::fill_normal<float>({.seed = 17}, static_cast<std::uint32_t>(hour), noise);
      const at::Tensor std = (kError * domain.normalisation.scale()).to(at::kFloat).reshape({2, 1, 1});
      means = (means + std * at::tensor(noise).reshape({2, 2, 3})).contiguous();
      writer.append({means.data_ptr<float>(), 12});
    }
    writer.commit();
  }
};

TEST_F(Tune, FindsTheErrorsOfItsObservations) {
  const Outcome found = run(task("out"));
  ASSERT_TRUE(found.is_done && found.best);
  const Trial& best = found.trials[*found.best];
  const model::Domain domain = domain_of_winds();
  for (std::size_t i = 0; i < 2; ++i) {
    const double std = best.values[i] / domain.normalisation.scale().data_ptr<double>()[i];
    EXPECT_GT(std, kError / 1.6);
    EXPECT_LT(std, kError * 1.6);
    EXPECT_NEAR(best.scores[i].spread_skill, 1, 0.15);
  }
  if (world_.is_root()) {
    EXPECT_FALSE(std::filesystem::exists(folder_ / "out/trials"));
  }
}

TEST_F(Tune, IsTheSameWhateverTheTeamsAndWheneverItIsStopped) {
  const Outcome together = run(short_task("together"));
  Task split = short_task("split");
  split.ranks_per_trial = 1;
  expect_same(run(split), together);

  Task stopped = short_task("stopped");
  const process::StopToken soon =
      process::StopToken().with_deadline(std::chrono::steady_clock::now() + std::chrono::milliseconds(500));
  EXPECT_FALSE(run(stopped, soon).is_done);
  stopped.ranks_per_trial = 1;
  expect_same(run(stopped), together);

  // As if it had died between the journal and the removal of a trial's members.
  const std::filesystem::path left = folder_ / "stopped/trials/trial_0001";
  world_.agree_on_root([&] {
    std::filesystem::create_directories(left);
    std::ofstream(left / "member_000.nc") << "left over";
  });
  expect_same(run(stopped), together);
  world_.agree([&] { EXPECT_FALSE(std::filesystem::exists(left.parent_path())); });

  Task shorter = short_task("stopped");
  shorter.search.local = 1;  // all of it is in the journal
  EXPECT_EQ(run(shorter).trials.size(), together.trials.size());
}

TEST_F(Tune, RefusesDatesThatThePriorKnowsOrThatWillBeScored) {
  Task reserved = task("out");
  reserved.reserved = {"2001-01-02/2001-01-03"};
  expect_refused(reserved, "2001-01-02/2001-01-03 will be scored");
  world_.agree_on_root([&] {
    const model::Domain domain = domain_of_winds();
    const std::int64_t then = calendar::to_seconds(calendar::parse_date_time("2001-01-02"), domain.calendar);
    model::save_gaussian_prior(folder_ / "prior", domain, smooth_covariance(), {},
                               model::remarks_of({then, then + 86400}, domain.calendar));
  });
  expect_refused(task("out"), "touches what");
}

TEST_F(Tune, RefusesAReferenceThatLacksHoursAndSearchesThatMix) {
  Task longer = task("out");
  longer.settings.hours = kHours + 1;
  expect_refused(longer, "2001-01-03T00:00:00 of the trajectory is missing");
  Task few = task("out");
  few.search = {.random = 1, .local = 0};
  run(few);
  few.search.seed = 2;
  expect_refused(few, "another search");
  Task nothing = task("none");
  nothing.settings.guidance = job::Guidance::none;
  expect_refused(nothing, "one of them is required");
}

}  // namespace
}  // namespace foehn::tuning::tune_mpi_test
