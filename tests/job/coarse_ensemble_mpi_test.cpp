// Members of a coarse ensemble, each of which drives members of its own.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "app/toy_prior.hpp"
#include "foehn/core/error.hpp"
#include "foehn/io/durable.hpp"
#include "foehn/io/field_writer.hpp"
#include "foehn/io/netcdf.hpp"
#include "foehn/job/make_plan.hpp"
#include "foehn/job/run.hpp"
#include "foehn/job/run_record.hpp"
#include "foehn/job/shared_prior.hpp"
#include "foehn/model/conditional_residual.hpp"
#include "job/stops_at.hpp"

namespace foehn::job::coarse_ensemble_mpi_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr std::int64_t kBlock = 2, kEvery = 3, kSnapshots = 4;
constexpr float kPressure = 1e5;

class CoarseEnsemble : public ::testing::Test {
 protected:
  CoarseEnsemble() {
    world_.agree_on_root([&] {
      std::filesystem::remove_all(folder_);
      std::filesystem::create_directories(folder_);
      model::save_gaussian_prior(folder_ / "prior", domain(), foehn::testing::toy_covariance(), {});
      write_coarse("r1i1p1f1", {.value = 3});
      write_coarse("r2i1p1f1", {.value = 5});
    });
  }
  ~CoarseEnsemble() override {
    if (world_.is_root()) std::filesystem::remove_all(folder_);
  }

  /// Pressures of air, so that they are plausible.
  static model::Domain domain() {
    model::Domain domain = foehn::testing::toy_domain();
    domain.quantiles[0] += kPressure;
    domain.normalisation = model::Normalisation::of_quantiles("quant95", domain.quantiles);
    return domain;
  }
  struct Form {
    float value = 4;  // of all cells
    std::int64_t block = kBlock, every = kEvery, snapshots = kSnapshots;
    std::size_t variables = 2;
    std::string variant{};  // that the file says; empty: none
  };
  void write_coarse(const std::string& label, const Form& form) const {
    const model::Domain domain = this->domain();
    io::FieldHeader header;
    header.variables.assign(domain.variables.begin(),
                            domain.variables.begin() + static_cast<std::ptrdiff_t>(form.variables));
    header.grid = grid::block_mean_grid(domain.grid, form.block);
    header.calendar = calendar::Calendar::noleap;
    header.step_seconds = 3600 * form.every;
    header.cell_methods = "time: point area: mean";
    if (!form.variant.empty()) header.attributes["variant_label"] = form.variant;
    io::FieldWriter writer(folder_ / fmt::format("coarse_{}.nc", label), header);
    const auto cells = static_cast<std::size_t>(header.grid.cells());
    std::vector<float> fields(form.variables * cells, form.value);
    for (std::size_t cell = 0; cell < cells; ++cell) fields[cell] += kPressure;
    for (std::int64_t i = 0; i < form.snapshots; ++i) writer.append(fields);
    writer.commit();
  }

  Settings settings(const std::string& name, const std::vector<std::string>& labels) const {
    Settings settings;
    settings.prior = folder_ / "prior";
    settings.observations = {folder_ / "coarse_{member}.nc"};
    settings.coarse_members = labels;
    settings.observation_std_normalised = {0.2};
    settings.steps = 4;
    settings.members = 2;
    settings.output = folder_ / name;
    settings.result_values = "sampler.steps = 4\n";
    return settings;
  }
  /// @param stop_level  of the noise, at which it is asked to stop; 0: none
  void run(const Settings& settings, int stop_level = 0) const {
    model::PriorBundle prior =
        load_prior(world_, open_prior(world_, settings.prior), at::TensorOptions(at::kFloat));
    const process::StopSource source;
    if (stop_level > 0) {
      prior.denoiser = std::make_shared<StopsAt>(prior.denoiser, stop_level, source);
      prior.gaussian = prior.denoiser;
    }
    Planned planned =
        make_plan(world_, settings, world_.is_root() ? &prior.description : nullptr, at::kCPU, false);
    const Result result =
        job::run(world_, planned.plan, planned.root ? &*planned.root : nullptr, prior, {}, source.token());
    ASSERT_EQ(result.is_done, stop_level == 0);
    if (planned.root && result.is_done) finish(planned.plan, *planned.root, prior.description.domain, result);
  }
  std::vector<double> values(const Settings& settings, const std::string& file) const {
    const io::NetcdfFile open = io::NetcdfFile::open(std::filesystem::path(settings.output) / file);
    return open.read_doubles(open.variable("psl"));
  }
  /// What planning says of the observations of the second member. @note Of the root alone; collective.
  std::string refusal(const Settings& settings) const {
    try {
      const model::PriorBundle prior =
          load_prior(world_, open_prior(world_, settings.prior), at::TensorOptions(at::kFloat));
      make_plan(world_, settings, world_.is_root() ? &prior.description : nullptr, at::kCPU, true);
    } catch (const core::CollectiveError& error) {
      return error.what();
    }
    return "";
  }
  std::string refusal_of(const Form& form) const {
    world_.agree_on_root([&] { write_coarse("r2i1p1f1", form); });
    return refusal(settings("refused", {"r1i1p1f1", "r2i1p1f1"}));
  }

  comm::Communicator world_ = comm::Communicator::world();
  std::filesystem::path folder_ = std::filesystem::path(::testing::TempDir()) / "foehn_coarse_ensemble";
};

TEST_F(CoarseEnsemble, DrivesMembersOfItsOwnWhicheverOthersThereAre) {
  const Settings both = settings("both", {"r1i1p1f1", "r2i1p1f1"}), alone = settings("alone", {"r2i1p1f1"});
  run(both);
  run(alone);
  Settings in_teams = settings("teams", {"r2i1p1f1", "r1i1p1f1"});
  in_teams.ranks_per_member = 1;
  run(in_teams);
  if (!world_.is_root()) return;
  for (const char* file : {"member_r2i1p1f1_000.nc", "member_r2i1p1f1_001.nc"}) {
    EXPECT_EQ(values(both, file), values(alone, file)) << file;
    EXPECT_EQ(values(both, file), values(in_teams, file)) << file;
    EXPECT_EQ(io::read_small_file(std::filesystem::path(both.output) / file, 1 << 24),
              io::read_small_file(std::filesystem::path(alone.output) / file, 1 << 24));
  }
  const at::Tensor first = at::tensor(values(both, "member_r1i1p1f1_000.nc")),
                   second = at::tensor(values(both, "member_r2i1p1f1_000.nc"));
  // Observations say 3 and 5.
  EXPECT_GT((second.mean() - first.mean()).item<double>(), 1);
  // Their noise differs by more than the shift of their means.
  EXPECT_LT(std::abs(at::corrcoef(at::stack({first, second}))[0][1].item<double>()), 0.2);
  const io::NetcdfFile file =
      io::NetcdfFile::open(std::filesystem::path(both.output) / "member_r2i1p1f1_001.nc");
  EXPECT_EQ(std::get<std::string>(file.global_attributes().at("driving_variant_label")), "r2i1p1f1");
  EXPECT_EQ(file.read_doubles(file.variable("realization")).front(), 1);
  const auto record =
      nlohmann::json::parse(io::read_small_file(std::filesystem::path(both.output) / "run.json", 1 << 24));
  EXPECT_THAT(record["files"],
              ::testing::UnorderedElementsAre("member_r1i1p1f1_000.nc", "member_r2i1p1f1_000.nc",
                                              "member_r1i1p1f1_001.nc", "member_r2i1p1f1_001.nc"));
  EXPECT_TRUE(record["digests"]["observations"].contains("r1i1p1f1"));
}

TEST_F(CoarseEnsemble, ContinuesFromCheckpoints) {
  const std::vector<std::string> labels{"r1i1p1f1", "r2i1p1f1"};
  const Settings whole = settings("whole", labels), stopped = settings("stopped", labels);
  run(whole);
  run(stopped, 3);
  if (world_.is_root()) {
    EXPECT_TRUE(std::filesystem::exists(stopped.checkpoint_folder() / "member_r1i1p1f1_000"));
  }
  run(stopped);
  if (!world_.is_root()) return;
  for (const char* file : {"member_r1i1p1f1_000.nc", "member_r2i1p1f1_001.nc"})
    EXPECT_EQ(values(whole, file), values(stopped, file)) << file;
  EXPECT_FALSE(std::filesystem::exists(stopped.checkpoint_folder()));
}

TEST_F(CoarseEnsemble, IsNotTakenForAnother) {
  run(settings("out", {"r1i1p1f1"}));
  world_.agree_on_root([&] { write_coarse("r1i1p1f1", {.value = 3.5}); });
  EXPECT_THAT(
      refusal(settings("out", {"r1i1p1f1"})),
      AllOf(HasSubstr("member_r1i1p1f1_000.nc was written by a different run"), HasSubstr("observations")));
}

TEST_F(CoarseEnsemble, RefusesMembersThatDifferInMoreThanValues) {
  EXPECT_THAT(refusal_of({.snapshots = kSnapshots + 1}),
              AllOf(HasSubstr("coarse_r2i1p1f1.nc (ensemble.coarse_members r2i1p1f1): expected 4 times"),
                    HasSubstr("coarse_r1i1p1f1.nc, found 5 times")));
  EXPECT_THAT(refusal_of({.every = 2}), HasSubstr("expected 4 times"));
  EXPECT_THAT(refusal_of({.block = 4}), HasSubstr("expected blocks of 2 cells per side"));
  EXPECT_THAT(refusal_of({.variables = 1}),
              AllOf(HasSubstr("expected variables psl, uas"), HasSubstr("found psl")));
  EXPECT_THAT(refusal_of({.variant = "r3i1p1f1"}),
              HasSubstr("expected variant_label r2i1p1f1 (ensemble.coarse_members), found r3i1p1f1"));
}

TEST_F(CoarseEnsemble, RefusesNamesThatDoNotFitTheFiles) {
  EXPECT_THAT(refusal(settings("out", {"r1i1p1f1", "r1i1p1f1"})),
              HasSubstr("ensemble.coarse_members: r1i1p1f1 is given twice"));
  EXPECT_THAT(refusal(settings("out", {"r1/2"})), HasSubstr("expected names of letters, digits and dashes"));
  EXPECT_THAT(refusal(settings("out", {"r9i1p1f1"})), HasSubstr("coarse_r9i1p1f1.nc"));
  EXPECT_THAT(refusal(settings("out", {})),
              HasSubstr("{member} stands for the names in ensemble.coarse_members"));
  Settings settings = this->settings("out", {"r1i1p1f1"});
  settings.observations = {folder_ / "coarse_r1i1p1f1.nc"};
  EXPECT_THAT(refusal(settings), HasSubstr("input.observations: expected {member} in the names of files"));
}

}  // namespace
}  // namespace foehn::job::coarse_ensemble_mpi_test
