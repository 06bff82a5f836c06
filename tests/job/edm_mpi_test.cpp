// A job with a prior on the schedule edm, from noise of 1e5, by heun with churn.
#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <memory>
#include <vector>

#include "app/toy_prior.hpp"
#include "foehn/core/error.hpp"
#include "foehn/io/netcdf.hpp"
#include "foehn/job/make_plan.hpp"
#include "foehn/job/run.hpp"
#include "foehn/job/shared_prior.hpp"
#include "job/stops_at.hpp"

namespace foehn::job::edm_mpi_test {
namespace {

/// Of a prior that the parameter writes.
class EdmJob : public ::testing::TestWithParam<void (*)(const std::filesystem::path&)> {
 protected:
  EdmJob() {
    world_.agree_on_root([&] {
      std::filesystem::remove_all(folder_);
      std::filesystem::create_directories(folder_);
    });
  }
  ~EdmJob() override {
    if (world_.is_root()) std::filesystem::remove_all(folder_);
  }

  static Settings settings(const std::filesystem::path& folder) {
    Settings settings;
    settings.prior = folder / "prior";
    settings.start = "2001-01-01";
    settings.hours = 11;
    settings.method = diffusion::Method::heun;
    settings.steps = 40;
    settings.churn = {.amount = 2, .least = 0.1, .inflation = 1.02};
    settings.output = folder / "members";
    settings.result_values = "toy";
    return settings;
  }
  /// Draws a member, or as much of it as there is until a level.
  /// @return  whether it is drawn
  static bool run(const comm::Communicator& ranks, const Settings& settings, int stop_level = 0) {
    ranks.agree_on_root([&] {
      if (!std::filesystem::exists(settings.prior)) GetParam()(settings.prior);
    });
    model::PriorBundle prior =
        load_prior(ranks, open_prior(ranks, settings.prior), at::TensorOptions(at::kFloat));
    const process::StopSource source;
    if (stop_level > 0) prior.denoiser = std::make_shared<StopsAt>(prior.denoiser, stop_level, source);
    Planned planned =
        make_plan(ranks, settings, ranks.is_root() ? &prior.description : nullptr, at::kCPU, false);
    EXPECT_TRUE(planned.plan.visits_float64);
    return job::run(ranks, planned.plan, planned.root ? &*planned.root : nullptr, prior, {}, source.token())
        .is_done;
  }
  static std::vector<double> member(const Settings& settings) {
    const io::NetcdfFile file =
        io::NetcdfFile::open(std::filesystem::path(settings.output) / "member_000.nc");
    return file.read_doubles(file.variable("psl"));
  }

  const comm::Communicator world_ = comm::Communicator::world();
  const comm::Communicator alone_ = world_.split(world_.rank());
  std::filesystem::path folder_ = std::filesystem::path(::testing::TempDir()) / "foehn_edm_job";
};

TEST_P(EdmJob, HasTheSameBitsOnAnyNumberOfRanksAndWhereverItWasStopped) {
  const Settings whole = settings(folder_ / std::to_string(world_.rank()));
  EXPECT_TRUE(run(alone_, whole));
  // Halfway through the second step, at the end of that step, and halfway through a later one.
  for (const int level : {3, 4, 41}) {
    const Settings stopped = settings(folder_ / ("stopped_" + std::to_string(level)));
    EXPECT_FALSE(run(world_, stopped, level));
    // The root goes on alone.
    if (world_.is_root()) {
      EXPECT_TRUE(run(alone_, stopped));
      EXPECT_EQ(member(stopped), member(whole)) << level;
    }
  }
}

TEST_P(EdmJob, RefusesOptionsOfTheOtherSchedule) {
  Settings refused = settings(folder_);
  refused.t_first = 0.97;
  EXPECT_THAT([&] { run(world_, refused); },
              ::testing::ThrowsMessage<core::CollectiveError>(
                  ::testing::AllOf(::testing::HasSubstr("sampler.t_first"), ::testing::HasSubstr("edm"))));
  refused = settings(folder_);
  refused.method = diffusion::Method::ddim;
  EXPECT_THAT([&] { run(world_, refused); },
              ::testing::ThrowsMessage<core::CollectiveError>(
                  ::testing::AllOf(::testing::HasSubstr("sampler.churn"), ::testing::HasSubstr("ddim"))));
}

INSTANTIATE_TEST_SUITE_P(
    Networks, EdmJob, ::testing::Values(&foehn::testing::write_edm_prior, &foehn::testing::write_graph_prior),
    [](const auto& instance) { return instance.index == 0 ? "UNet" : "GraphTransformer"; });

}  // namespace
}  // namespace foehn::job::edm_mpi_test
