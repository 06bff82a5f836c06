// Jobs with a prior that is given coarse fields. With a network that answers 0 its residual is white, so that
// the distribution of members is known: normal about the interpolated coarse fields, and so is the posterior.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "app/toy_prior.hpp"
#include "foehn/core/error.hpp"
#include "foehn/io/field_writer.hpp"
#include "foehn/io/netcdf.hpp"
#include "foehn/job/make_plan.hpp"
#include "foehn/job/run.hpp"
#include "foehn/job/shared_prior.hpp"
#include "foehn/observation/block_mean.hpp"
#include "job/stops_at.hpp"

namespace foehn::job::conditional_mpi_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr std::int64_t kBlock = 2, kEvery = 3, kHours = 10, kNy = 8, kNx = 12;
constexpr double kScale[] = {300, 2};  // of the residual
constexpr double kMean[] = {1e5, 3};   // the climatology, of all cells

/// The residual's deviation changes from cell to cell and over the day.
model::Domain domain_with_deviation() {
  model::Domain domain = foehn::testing::toy_domain();
  std::vector<model::Harmonic> harmonics = model::harmonics_for(3600, 5 * 86400);
  const auto count = static_cast<std::int64_t>(harmonics.size());
  at::Tensor variance = at::zeros({count, 2, kNy, kNx}, at::kDouble),
             climatology = at::zeros({count, 2, kNy, kNx}, at::kDouble);
  for (std::int64_t v = 0; v < 2; ++v) {
    climatology[0][v].fill_(kMean[v]);
    variance[0][v] = at::linspace(0.4, 1.6, kNy * kNx, at::kDouble).reshape({kNy, kNx});
    variance[1][v] = 0.3 * variance[0][v];
  }
  domain.normalisation = model::Normalisation::anomaly(
      model::Climatology(harmonics, climatology), at::tensor({kScale[0], kScale[1]}, at::kDouble),
      model::Deviation(model::Climatology(harmonics, variance), 0.1));
  domain.quantiles =
      at::stack({at::linspace(9e4, 1.1e5, 9, at::kDouble), at::linspace(-40, 40, 9, at::kDouble)});
  return domain;
}

/// Block means several residuals large, [snapshot, variable, Y, X], physical units.
at::Tensor coarse_values(std::int64_t snapshots) {
  at::Tensor values = at::empty({snapshots, 2, kNy / kBlock, kNx / kBlock}, at::kFloat);
  for (std::int64_t i = 0; i < snapshots; ++i)
    for (std::int64_t v = 0; v < 2; ++v)
      values[i][v] =
          kMean[v] +
          kScale[v] * (4 * at::sin(at::arange(24, at::kDouble) * 0.7 + 2.0 * static_cast<double>(i)))
                          .reshape({kNy / kBlock, kNx / kBlock});
  return values;
}

class ConditionalJob : public ::testing::Test {
 protected:
  ConditionalJob() {
    world_.agree_on_root([&] {
      std::filesystem::remove_all(folder_);
      std::filesystem::create_directories(folder_);
      write_coarse("coarse.nc", {});
    });
  }
  ~ConditionalJob() override {
    if (world_.is_root()) std::filesystem::remove_all(folder_);
  }

  struct Change {
    std::vector<std::size_t> variables{0, 1};
    std::int64_t block = kBlock, every = kEvery, snapshots = 4;
    bool is_mean = false;
  };
  void write_coarse(const std::string& name, const Change& change) const {
    const model::Domain domain = foehn::testing::toy_domain();
    io::FieldHeader header;
    std::vector<at::Tensor> values;
    at::Tensor all = coarse_values(change.snapshots);
    if (change.block == 4) all = at::avg_pool2d(all, 2).contiguous();
    for (const std::size_t variable : change.variables) {
      header.variables.push_back(domain.variables[variable]);
      values.push_back(all.select(1, static_cast<std::int64_t>(variable)));
    }
    header.grid = grid::block_mean_grid(domain.grid, change.block);
    header.calendar = calendar::Calendar::noleap;
    header.step_seconds = 3600 * change.every;
    header.cell_methods = change.is_mean ? "time: mean area: mean" : "time: point area: mean";
    if (change.is_mean) header.mean_interval = io::MeanInterval{0, 3600 * change.every};
    io::FieldWriter writer(folder_ / name, header);
    const at::Tensor fields = at::stack(values, 1).contiguous();
    writer.append({fields.data_ptr<float>(), static_cast<std::size_t>(fields.numel())});
    writer.commit();
  }

  Settings settings(const std::string& name) const {
    Settings settings;
    settings.prior = folder_ / "prior";
    settings.observations = {folder_ / "coarse.nc"};
    settings.guidance = Guidance::none;
    settings.method = diffusion::Method::heun;
    settings.steps = 20;
    settings.output = folder_ / name;
    settings.result_values = name;
    return settings;
  }
  /// Draws the members, or as much of the first as there is until a noise level; the prior is the root's.
  void run(const comm::Communicator& ranks, const Settings& settings, int stop_level = 0) const {
    model::PriorBundle prior =
        load_prior(ranks, open_prior(ranks, settings.prior), at::TensorOptions(at::kFloat));
    const process::StopSource source;
    if (stop_level > 0) prior.denoiser = std::make_shared<StopsAt>(prior.denoiser, stop_level, source);
    Planned planned =
        make_plan(ranks, settings, ranks.is_root() ? &prior.description : nullptr, at::kCPU, false);
    ASSERT_EQ(
        job::run(ranks, planned.plan, planned.root ? &*planned.root : nullptr, prior, {}, source.token())
            .is_done,
        stop_level == 0);
  }
  /// [hour, variable, y, x], float64
  static at::Tensor member(const Settings& settings, std::int64_t number) {
    const io::NetcdfFile file =
        io::NetcdfFile::open(std::filesystem::path(settings.output) / fmt::format("member_{:03}.nc", number));
    std::vector<at::Tensor> variables;
    for (const char* name : {"psl", "uas"}) {
      const std::vector<double> values = file.read_doubles(file.variable(name));
      variables.push_back(at::tensor(values, at::kDouble).reshape({-1, kNy, kNx}));
    }
    return at::stack(variables, 1);
  }
  /// Members, as residuals in units of the deviation: [member, hour, variable, y, x].
  static at::Tensor residuals(const Settings& settings, const model::Domain& domain) {
    std::vector<at::Tensor> all;
    for (std::int64_t i = 0; i < settings.members; ++i) all.push_back(member(settings, i));
    return (at::stack(all) - expected_mean()) / deviation(domain);
  }
  /// What a value at the centre of each block gives to each cell along an axis, by hand: [cell, block].
  static at::Tensor hats(std::int64_t blocks) {
    at::Tensor weights = at::zeros({blocks * kBlock, blocks}, at::kDouble);
    for (std::int64_t cell = 0; cell < blocks * kBlock; ++cell) {
      const double at = (static_cast<double>(cell) + 0.5) / kBlock - 0.5;
      const std::int64_t below = std::clamp<std::int64_t>(static_cast<std::int64_t>(at), 0, blocks - 2);
      weights[cell][below + 1] = at - static_cast<double>(below);
      weights[cell][below] = 1 - (at - static_cast<double>(below));
    }
    return weights;
  }
  /// The coarse fields by hand, [hour, variable, y, x]: of all that are linear between centres those whose
  /// block means are the snapshots.
  static at::Tensor expected_mean() {
    const auto from_means = [](std::int64_t blocks) {
      const at::Tensor weights = hats(blocks);
      const at::Tensor averaged = weights.reshape({blocks, kBlock, blocks}).mean(1);
      return at::matmul(weights, at::linalg_inv(averaged));
    };
    const at::Tensor y = from_means(kNy / kBlock), x = from_means(kNx / kBlock);
    const at::Tensor coarse = coarse_values(4).to(at::kDouble);
    std::vector<at::Tensor> mean;
    for (std::int64_t h = 0; h < kHours; ++h) {
      const std::int64_t last = h / kEvery, next = std::min<std::int64_t>(last + 1, 3);
      const double part = static_cast<double>(h % kEvery) / kEvery;
      mean.push_back(at::matmul(y, at::matmul(coarse[last] * (1 - part) + coarse[next] * part, x.t())));
    }
    return at::stack(mean);
  }
  /// [hour, variable, y, x], physical units
  static at::Tensor deviation(const model::Domain& domain) {
    std::vector<at::Tensor> hours;
    for (std::int64_t h = 0; h < kHours; ++h)
      hours.push_back(domain.normalisation.deviation()->at(3600 * h, calendar::Calendar::noleap) *
                      at::tensor({kScale[0], kScale[1]}, at::kDouble).reshape({2, 1, 1}));
    return at::stack(hours);
  }

  const comm::Communicator world_ = comm::Communicator::world();
  const comm::Communicator alone_ = world_.split(world_.rank());
  const std::filesystem::path folder_ = std::filesystem::path(::testing::TempDir()) / "foehn_conditional_job";
};

TEST_F(ConditionalJob, DrawsFromTheConditionalDistribution) {
  if (!world_.is_root()) return;
  const model::Domain domain = domain_with_deviation();
  foehn::testing::write_conditional_prior(folder_ / "prior", domain, 0);
  Settings drawn = settings("members");
  drawn.steps = 36;
  drawn.members = 16;
  run(alone_, drawn);  // on more ranks it is the same, as is shown below
  const at::Tensor found = residuals(drawn, domain);
  for (std::int64_t v = 0; v < 2; ++v) {
    const at::Tensor of_variable = found.select(2, v);
    EXPECT_LT(std::abs(of_variable.mean().item<double>()), 0.05);
    EXPECT_NEAR(of_variable.std().item<double>(), 1, 0.05);
    // No hour and no cell is off: the mean of 16 members has a variance of 1/16 everywhere.
    EXPECT_NEAR(16 * of_variable.mean(0).square().mean().item<double>(), 1, 0.1);
    for (std::int64_t h = 0; h < kHours; ++h) {
      EXPECT_LT(std::abs(of_variable.select(1, h).mean().item<double>()), 0.08) << h;
      EXPECT_NEAR(of_variable.select(1, h).std().item<double>(), 1, 0.08) << h;
    }
  }
}

TEST_F(ConditionalJob, IsGuidedToThePosterior) {
  if (!world_.is_root()) return;
  const model::Domain domain = domain_with_deviation();
  foehn::testing::write_conditional_prior(folder_ / "prior", domain, 0);
  Settings drawn = settings("guided");
  drawn.guidance = Guidance::mmps;
  drawn.observation_std = {0.3 * kScale[0], 0.3 * kScale[1]};
  drawn.solver_steps = 6;
  drawn.method = diffusion::Method::dpmpp_2m;
  drawn.steps = 32;
  drawn.members = 12;
  run(alone_, drawn);  // on more ranks it is the same, as is shown below
  std::vector<at::Tensor> all;
  for (std::int64_t i = 0; i < drawn.members; ++i) all.push_back(member(drawn, i));
  const observation::BlockMean block_mean(kBlock);
  const at::Tensor at_snapshots = at::arange(0, kHours, kEvery, at::kLong);
  const auto means = [&](const at::Tensor& fields, std::int64_t dimension) {
    return block_mean.apply(fields.index_select(dimension, at_snapshots));
  };
  // Without observations a block's mean is normal about that of the coarse fields; errors are independent.
  const at::Tensor expected = means(expected_mean(), 0),
                   variance = means(deviation(domain).square(), 0) / (kBlock * kBlock),
                   error = at::tensor(drawn.observation_std, at::kDouble).square().reshape({2, 1, 1}),
                   gain = variance / (variance + error);
  const at::Tensor mean = expected + gain * (coarse_values(4).to(at::kDouble) - expected);
  const at::Tensor found = (means(at::stack(all), 1) - mean) / (variance * (1 - gain)).sqrt();
  for (std::int64_t v = 0; v < 2; ++v) {
    EXPECT_LT(std::abs(found.select(2, v).mean().item<double>()), 0.05);
    EXPECT_NEAR(found.select(2, v).std().item<double>(), 1, 0.05);
    EXPECT_NEAR(12 * found.select(2, v).mean(0).square().mean().item<double>(), 1, 0.25);
  }
}

TEST_F(ConditionalJob, HasTheSameBitsOnAnyNumberOfRanks) {
  if (world_.is_root())
    foehn::testing::write_conditional_prior(folder_ / "prior", domain_with_deviation(), 0.3);
  world_.gather_all(0.0);  // it is there for all
  for (const Guidance guidance : {Guidance::none, Guidance::sda}) {
    const auto named = [&](const std::string& name) {
      Settings one = settings(fmt::format("{}_{}", name, static_cast<int>(guidance)));
      one.guidance = guidance;
      if (guidance == Guidance::sda) one.observation_std_normalised = {0.5};
      one.steps = 6;
      one.stride = {};
      one.result_values = "toy";
      return one;
    };
    const Settings alone = named(fmt::format("alone_{}", world_.rank())), together = named("together");
    run(alone_, alone);
    run(world_, together);
    if (world_.is_root()) {
      EXPECT_TRUE(at::equal(member(together, 0), member(alone, 0)));
      const io::Attributes attributes =
          io::NetcdfFile::open(std::filesystem::path(together.output) / "member_000.nc").global_attributes();
      EXPECT_TRUE(attributes.contains("foehn_observations_digest"));
      EXPECT_EQ(attributes.contains("foehn_observation_std"), guidance == Guidance::sda);
    }
  }
}

TEST_F(ConditionalJob, GoesOnToTheSameBitsOnOtherRanksWhereverItWasStopped) {
  if (world_.is_root())
    foehn::testing::write_conditional_prior(folder_ / "prior", domain_with_deviation(), 0.3);
  world_.gather_all(0.0);  // it is there for all
  const auto named = [&](const std::string& name) {
    Settings one = settings(name);
    one.steps = 6;
    one.result_values = "toy";
    return one;
  };
  const Settings whole = named(fmt::format("whole_{}", world_.rank()));
  run(alone_, whole);
  // Halfway through the second step, and at the end of the third.
  for (const int level : {3, 6}) {
    const Settings stopped = named(fmt::format("stopped_{}", level));
    run(world_, stopped, level);
    if (!world_.is_root()) continue;
    run(alone_, stopped);
    EXPECT_TRUE(at::equal(member(stopped, 0), member(whole, 0))) << level;
  }
}

TEST_F(ConditionalJob, RefusesCoarseFieldsThatThePriorHasNotLearnt) {
  if (world_.is_root()) {
    foehn::testing::write_conditional_prior(folder_ / "prior");
    write_coarse("psl.nc", {.variables = {0}});
    write_coarse("uas.nc", {.variables = {1}, .every = 6, .snapshots = 2});
    write_coarse("uas_4.nc", {.variables = {1}, .block = 4});
    write_coarse("cells.nc", {.block = 4, .every = 8});
    write_coarse("means.nc", {.is_mean = true});
  }
  const auto expect = [&](
                          const std::vector<std::string>& files, const auto& message,
                          const std::function<void(Settings&)>& change = [](Settings&) {}) {
    Settings refused = settings("refused");
    refused.observations.clear();
    for (const std::string& file : files) refused.observations.push_back(folder_ / file);
    change(refused);
    EXPECT_THAT([&] { run(world_, refused); }, ThrowsMessage<core::CollectiveError>(message));
  };
  expect({}, AllOf(HasSubstr("input.observations"), HasSubstr("conditional-residual")),
         [](Settings& settings) {
           settings.start = "1970-01-01";
           settings.hours = 9;
         });
  expect({"psl.nc"}, AllOf(HasSubstr("'uas' is missing"), HasSubstr("conditional-residual")));
  expect({"psl.nc", "uas.nc"}, AllOf(HasSubstr("uas.nc"), HasSubstr("the times of"), HasSubstr("psl.nc")));
  expect({"psl.nc", "uas_4.nc"},
         AllOf(HasSubstr("uas_4.nc"), HasSubstr("expected blocks of 2"), HasSubstr("found 4")));
  expect({"cells.nc"}, AllOf(HasSubstr("1970-01-01T00:00:00 and 1970-01-01T08:00:00"),
                             HasSubstr("8 steps apart"), HasSubstr("at most 6")));
  expect({"means.nc"}, AllOf(HasSubstr("means.nc"), HasSubstr("expected snapshots")));
  expect({"coarse.nc"},
         AllOf(HasSubstr("time.hours"), HasSubstr("1970-01-01T09:00:00"), HasSubstr("1970-01-01T10:00:00")),
         [](Settings& settings) { settings.hours = 11; });
  expect({"coarse.nc"}, AllOf(HasSubstr("observation.missing_fraction"), HasSubstr("found 0.1")),
         [](Settings& settings) { settings.missing_fraction = 0.1; });
}

}  // namespace
}  // namespace foehn::job::conditional_mpi_test
