// Jobs are values: one process runs one after another, with a prior that it keeps.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "app/toy_prior.hpp"
#include "foehn/core/error.hpp"
#include "foehn/io/chunks.hpp"
#include "foehn/io/granular_rounding.hpp"
#include "foehn/io/netcdf.hpp"
#include "foehn/job/make_plan.hpp"
#include "foehn/job/run.hpp"
#include "foehn/job/run_record.hpp"
#include "foehn/job/shared_prior.hpp"
#include "io/test_files.hpp"

namespace foehn::job::run_mpi_test {
namespace {

class OneJobAfterAnother : public ::testing::Test {
 protected:
  OneJobAfterAnother() {
    world_.agree_on_root([&] {
      std::filesystem::remove_all(folder_);
      std::filesystem::create_directories(folder_);
      foehn::testing::write_gaussian_prior(folder_ / "prior");
    });
  }
  ~OneJobAfterAnother() override {
    if (world_.is_root()) std::filesystem::remove_all(folder_);
  }

  Settings settings(const std::string& name, std::int64_t seed) const {
    Settings settings;
    settings.prior = folder_ / "prior";
    settings.start = "2001-01-01";
    settings.hours = 9;
    settings.steps = 3;
    settings.seed = seed;
    settings.output = folder_ / name;
    settings.result_values = fmt::format("ensemble.seed = {}\n", seed);
    return settings;
  }

  model::PriorBundle load() const {
    return load_prior(world_, open_prior(world_, folder_ / "prior"), at::TensorOptions(at::kFloat));
  }

  Planned plan(const Settings& settings, const model::PriorBundle& prior) const {
    return make_plan(world_, settings, world_.is_root() ? &prior.description : nullptr, at::kCPU, false);
  }

  /// The first variable of member 0; of the root.
  std::vector<double> draw(const Settings& settings, const model::PriorBundle& prior) const {
    Planned planned = plan(settings, prior);
    const Result result = job::run(world_, planned.plan, planned.root ? &*planned.root : nullptr, prior, {},
                                   process::StopToken());
    EXPECT_TRUE(result.is_done);
    if (!world_.is_root()) return {};
    const io::NetcdfFile file =
        io::NetcdfFile::open(std::filesystem::path(settings.output) / "member_000.nc");
    return file.read_doubles(file.variable("psl"));
  }

  comm::Communicator world_ = comm::Communicator::world();
  std::filesystem::path folder_ = std::filesystem::path(::testing::TempDir()) / "foehn_one_job_after_another";
};

TEST_F(OneJobAfterAnother, DrawsWhatEachDrawsAlone) {
  const model::PriorBundle kept = load();
  const std::vector<double> first = draw(settings("first", 1), kept),
                            second = draw(settings("second", 2), kept);
  const std::vector<double> alone = draw(settings("alone", 2), load());
  EXPECT_EQ(second, alone);
  if (world_.is_root()) {
    EXPECT_NE(first, second);
  }
}

TEST_F(OneJobAfterAnother, RoundsValuesToTheDigitsAsked) {
  const model::PriorBundle prior = load();
  const std::vector<double> whole = draw(settings("whole", 1), prior);
  Settings three = settings("three", 1);
  three.significant_digits = 3;
  three.result_values += "output.significant_digits = 3\n";
  const std::vector<double> found = draw(three, prior);
  std::vector<float> expected(whole.begin(), whole.end());
  io::round_to_digits(expected, 3, io::kFillValue);
  EXPECT_EQ(found, std::vector<double>(expected.begin(), expected.end()));
  EXPECT_EQ(found == whole, !world_.is_root());
}

TEST_F(OneJobAfterAnother, WritesMembersWhileItDrawsOthers) {
  const model::PriorBundle prior = load();
  Settings many = settings("many", 1);
  many.members = 4;
  many.chunk_hours = 2;
  const std::vector<double> first = draw(many, prior);
  EXPECT_EQ(first, draw(settings("one", 1), prior));
  if (!world_.is_root()) return;
  for (const std::int64_t member : {1, 2, 3}) {
    const io::NetcdfFile file =
        io::NetcdfFile::open(folder_ / "many" / fmt::format("member_{:03}.nc", member));
    EXPECT_NE(file.read_doubles(file.variable("psl")), first);
  }
}

TEST_F(OneJobAfterAnother, SaysWhereItRanAndWhatItExchanged) {
  const model::PriorBundle prior = load();
  Planned planned = plan(settings("out", 1), prior);
  const Result result = job::run(world_, planned.plan, planned.root ? &*planned.root : nullptr, prior, {},
                                 process::StopToken());
  const Cost& cost = result.cost;
  EXPECT_EQ(cost.traffic.sent_bytes > 0, world_.size() > 1);
  if (!world_.is_root()) return;
  EXPECT_THAT(cost.hosts, ::testing::ElementsAre(::testing::Pair(::testing::Not(""), world_.size())));
  EXPECT_THAT(cost.devices, ::testing::ElementsAre(::testing::Pair("cpu", world_.size())));
  EXPECT_EQ(cost.transport, "MPI");

  write_run_record(planned.plan, *planned.root, prior.description.domain, "done", &result);
  const auto record = nlohmann::json::parse(io::content_of(folder_ / "out/run.json"));
  EXPECT_EQ(record["hosts"].size(), 1U);
  EXPECT_EQ(record["devices"]["cpu"], world_.size());
  EXPECT_EQ(record["transport"], "MPI");
  EXPECT_GT(record["written_MB"], 0);
  EXPECT_GT(record["seconds"]["writing"], 0);
  EXPECT_LT(record["seconds"]["writing_hidden"], 0.1);  // there is but one member
  const double hours = 9, total = record["seconds"]["total"];
  EXPECT_NEAR(record["rates"]["simulated_years_per_day"], hours / (24 * 365.25) / (total / 86400), 1e-9);
  const auto values = static_cast<double>(prior.description.domain.grid.cells()) *
                      static_cast<double>(prior.description.domain.variables.size());
  EXPECT_NEAR(record["rates"]["values_per_second"], hours * values / total, 1e-6 * hours * values / total);
}

TEST_F(OneJobAfterAnother, RefusesAPriorThatAPlanIsNotFor) {
  const model::PriorBundle prior = load();
  Planned planned = plan(settings("out", 1), prior);
  planned.plan.prior_digest = "another";
  EXPECT_THAT(
      [&] {
        job::run(world_, planned.plan, planned.root ? &*planned.root : nullptr, prior, {},
                 process::StopToken());
      },
      ::testing::ThrowsMessage<core::CollectiveError>(
          ::testing::HasSubstr("not the one that the job was planned for")));
}

TEST_F(OneJobAfterAnother, RefusesAPriorOfAnotherArithmetic) {
  const model::PriorBundle prior = load();
  Planned planned = plan(settings("out", 1), prior);
  planned.plan.precision = model::Precision::bf16;
  EXPECT_THAT(
      [&] {
        job::run(world_, planned.plan, planned.root ? &*planned.root : nullptr, prior, {},
                 process::StopToken());
      },
      ::testing::ThrowsMessage<core::CollectiveError>(
          ::testing::HasSubstr("not the one that the job was planned for")));
}

/// The first variable of a member that some ranks draw from a network's prior in an arithmetic; of their
/// root.
std::vector<double> draw_from_network(const comm::Communicator& ranks, const std::filesystem::path& folder,
                                      model::Precision precision) {
  Settings settings;
  settings.prior = folder / "network";
  settings.start = "2001-01-01";
  settings.hours = 11;
  settings.steps = 3;
  settings.precision = precision;
  settings.output = folder / fmt::format("{}_{}", core::name_of(precision), ranks.size());
  settings.result_values = fmt::format("run.precision = {}\n", core::name_of(precision));
  ranks.agree_on_root([&] { foehn::testing::write_preconditioned_prior(settings.prior); });
  const model::PriorBundle prior =
      load_prior(ranks, open_prior(ranks, settings.prior), at::TensorOptions(at::kFloat), precision);
  Planned planned =
      make_plan(ranks, settings, ranks.is_root() ? &prior.description : nullptr, at::kCPU, false);
  const Result result =
      job::run(ranks, planned.plan, planned.root ? &*planned.root : nullptr, prior, {}, process::StopToken());
  EXPECT_TRUE(result.is_done);
  if (!ranks.is_root()) return {};
  const io::NetcdfFile file = io::NetcdfFile::open(std::filesystem::path(settings.output) / "member_000.nc");
  return file.read_doubles(file.variable("psl"));
}

TEST_F(OneJobAfterAnother, DrawsTheSameInBf16OnAnyNumberOfRanks) {
  const comm::Communicator alone = world_.split(world_.rank());
  const std::filesystem::path own = folder_ / std::to_string(world_.rank());
  const std::vector<double> expected = draw_from_network(alone, own, model::Precision::bf16),
                            exact = draw_from_network(alone, own, model::Precision::fp32),
                            found = draw_from_network(world_, folder_, model::Precision::bf16);
  if (!world_.is_root()) return;
  EXPECT_EQ(found, expected);
  EXPECT_NE(found, exact);
}

/// Stations with values of pressure every two hours and a mean over three, one of which is withheld.
void write_stations(const std::filesystem::path& path) {
  std::ofstream table(path);
  table << "time,begin,method,lat,lon,psl[Pa],psl_std[Pa]\n";
  for (int station = 0; station < 5; ++station)
    for (int hour = 0; hour < 9; hour += 2)
      table << fmt::format("2001-01-01T{:02}:00,,point,{},{},{},0.{}\n", hour, 57.9 - 0.3 * station,
                           -2.8 + 1.1 * station, 2 + station % 3, 2 + station);
  table << "2001-01-01T05:00,2001-01-01T02:00,mean,57.2,1.1,4,0.3\n";
}

/// What members given stations are like, and the run's scores; of the root.
std::pair<std::vector<double>, nlohmann::json> draw_given_stations(const comm::Communicator& ranks,
                                                                   const std::filesystem::path& folder,
                                                                   std::int64_t ranks_per_member) {
  Settings settings;
  settings.prior = folder / "prior";
  settings.stations = {folder / "stations.csv"};
  settings.withheld = 0.4;
  settings.hours = 9;
  settings.steps = 4;
  settings.members = 2;
  settings.ranks_per_member = ranks_per_member;
  settings.output = folder / fmt::format("{}_of_{}", ranks_per_member, ranks.size());
  settings.result_values = "sampler.steps = 4\n";
  ranks.agree_on_root([&] {
    foehn::testing::write_gaussian_prior(settings.prior);
    write_stations(folder / "stations.csv");
  });
  const model::PriorBundle prior =
      load_prior(ranks, open_prior(ranks, settings.prior), at::TensorOptions(at::kFloat));
  Planned planned =
      make_plan(ranks, settings, ranks.is_root() ? &prior.description : nullptr, at::kCPU, false);
  const Result result =
      job::run(ranks, planned.plan, planned.root ? &*planned.root : nullptr, prior, {}, process::StopToken());
  EXPECT_TRUE(result.is_done);
  if (!ranks.is_root()) return {};
  write_run_record(planned.plan, *planned.root, prior.description.domain, "done", &result);
  const auto record =
      nlohmann::json::parse(io::content_of(std::filesystem::path(settings.output) / "run.json"));
  const io::NetcdfFile file = io::NetcdfFile::open(std::filesystem::path(settings.output) / "member_001.nc");
  return {file.read_doubles(file.variable("psl")), record["self_check"]};
}

TEST_F(OneJobAfterAnother, DrawsAndScoresTheSameGivenStationsOnAnyNumberOfRanks) {
  const comm::Communicator alone = world_.split(world_.rank());
  const std::filesystem::path own = folder_ / std::to_string(world_.rank());
  const auto [values, check] = draw_given_stations(alone, own, 0);
  const auto [shared_values, shared_check] = draw_given_stations(world_, folder_, 0);
  const auto [teams_values, teams_check] = draw_given_stations(world_, folder_, 1);
  if (!world_.is_root()) return;
  EXPECT_EQ(shared_values, values);
  EXPECT_EQ(teams_values, values);
  for (const nlohmann::json* of : {&shared_check, &teams_check}) {
    for (const char* part : {"stations", "withheld"}) {
      nlohmann::json expected = check[part], found = (*of)[part];
      for (auto* sets : {&expected, &found})
        for (nlohmann::json& set : *sets) set.erase("file");  // each rank alone has one of its own
      EXPECT_EQ(found, expected);
    }
  }
  ASSERT_FALSE(check["withheld"].empty());
  EXPECT_EQ(check["withheld"][0]["values"], 5);  // of one station; the other one has the mean
  EXPECT_GT(check["withheld"][0]["rmse"], 0);
  EXPECT_GT(check["withheld"][0]["fair_crps"], 0);
  EXPECT_LT(check["stations"][0]["distance_rms"], 3);
}

TEST_F(OneJobAfterAnother, KeepsItsFolderLockedAsLongAsItLasts) {
  const model::PriorBundle prior = load();
  const Planned holder = plan(settings("out", 1), prior);
  EXPECT_THAT([&] { plan(settings("out", 1), prior); },
              ::testing::ThrowsMessage<core::CollectiveError>(::testing::HasSubstr("output.directory")));
}

}  // namespace
}  // namespace foehn::job::run_mpi_test
