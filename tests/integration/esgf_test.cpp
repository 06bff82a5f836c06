// A simulation of 360 days a year as CMIP6 serves it, all the way to trajectories.
#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <thread>

#include "esgf_file.hpp"
#include "process.hpp"
#include "same_netcdf.hpp"

namespace foehn::testing::esgf_test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::size_t kPsl = 0, kTas = 1, kUas = 2, kVas = 3;
constexpr std::size_t kInstants = 12;  // three days, the first two of them the last of 2050
constexpr std::size_t kHours = 72;
// Of psl, tas, uas, vas, as toy_climate().sample_options has them.
constexpr double kStd[] = {20, 0.1, 0.2, 0.2};

class Esgf : public ::testing::Test {
 protected:
  /// The files, observations prepared from them, and a member drawn from those.
  static void SetUpTestSuite() {
    shared_ = new io::TemporaryFolder;
    ToyFields truth(toy_climate().truth);
    for (const std::size_t variable : {kTas, kUas, kVas})
      write_years(esgf_snapshots(truth, variable, kInstants), "6hrPlevPt");
    write_years(esgf_means(truth, kPsl, kInstants), "6hrPlev");
    Options prepare{{"input.files", *shared_ / "*_6hrPlev*.nc"},
                    {"prior.path", toy_climate().prior},
                    {"observation.block", "8"},
                    {"output.path", *shared_ / "observations.nc"},
                    {"output.means", *shared_ / "observation_means.nc"}};
    const Outcome prepared = run_foehn("prepare", prepare);
    ASSERT_EQ(prepared.exit_code, 0) << prepared;
    Options sample = sample_options("members");
    sample["output.directory"] = *shared_ / "members";
    sample["input.observations"] =
        (*shared_ / "observations.nc").string() + "," + (*shared_ / "observation_means.nc").string();
    const Outcome sampled = run_foehn("sample", sample, 2);
    ASSERT_EQ(sampled.exit_code, 0) << sampled;
  }
  static void TearDownTestSuite() { delete shared_; }

  /// One file up to the end of the year, one after it.
  static void write_years(const EsgfFile& file, const std::string& table) {
    const auto path = [&](const std::string& period) {
      return *shared_ / (file.name + "_" + table + "_HadGEM3-GC31-MM_ssp585_r1i1p1f3_gn_" + period + ".nc");
    };
    file.part(0, 8).write(path("205012290000-205012301800"));
    file.part(8, kInstants).write(path("205101010000-205101011800"));
  }
  static Options sample_options(const fs::path& output) {
    Options options = toy_climate().sample_options(output);
    options.erase("input.observations");
    options["sampler.steps"] = "40";
    options["checkpoint.every_steps"] = "3";
    options["time.start"] = "2050-12-29";
    options["time.hours"] = std::to_string(kHours);
    return options;
  }
  /// Of a run that prepares by itself.
  Options options_from_files() const {
    Options options = sample_options(folder_ / "out");
    options["input.files"] = *shared_ / "*_6hrPlev*.nc";
    options["observation.block"] = "8";
    return options;
  }
  void expect_the_same_output() const {
    EXPECT_THAT(files_in(folder_ / "out"),
                ElementsAre("member_000.nc", "observation_means.nc", "observations.nc", "run.json"));
    for (const char* name : {"observations.nc", "observation_means.nc"})
      EXPECT_TRUE(io::content_of(folder_ / "out" / name) == io::content_of(*shared_ / name)) << name;
    EXPECT_THAT(netcdf_differences(*shared_ / "members/member_000.nc", folder_ / "out/member_000.nc"),
                IsEmpty());
  }
  static void wait_until(const std::function<bool()>& is_so) {
    for (int i = 0; i < 1500 && !is_so(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  bool has_checkpoint() const {
    const auto files = files_in(folder_ / "out");
    return std::any_of(files.begin(), files.end(),
                       [](const std::string& file) { return file.ends_with("manifest.json"); });
  }

  static io::TemporaryFolder* shared_;
  io::TemporaryFolder folder_;
};
io::TemporaryFolder* Esgf::shared_ = nullptr;

TEST_F(Esgf, GivesATrajectoryInTheModelsCalendar) {
  const fs::path member = *shared_ / "members/member_000.nc";
  const io::FieldReader reader({member}, {});
  EXPECT_EQ(reader.times().calendar, calendar::Calendar::day_360);
  EXPECT_EQ(reader.times().size(), kHours);
  EXPECT_EQ(reader.times().format(47), "2050-12-30T23:00:00");
  EXPECT_EQ(reader.times().format(48), "2051-01-01T00:00:00");
}

TEST_F(Esgf, GivesATrajectoryThatCdoReadsInTheModelsCalendar) {
  if (!has_program("cdo")) GTEST_SKIP() << "skipped: no cdo";
  EXPECT_THAT(run_command({"cdo", "-s", "sinfo", *shared_ / "members/member_000.nc"}).out,
              AllOf(HasSubstr("360_day"), HasSubstr("72 steps"), HasSubstr("2051-01-01 23:00:00")));
}

TEST_F(Esgf, GivesATrajectoryThatXarrayReadsInTheModelsCalendar) {
  if (run_command({FOEHN_PYTHON, "-c", "import xarray, cftime"}).exit_code != 0)
    GTEST_SKIP() << "skipped: no xarray with cftime";
  const Outcome outcome = run_command({FOEHN_PYTHON, "-c", R"(
import sys, xarray
with xarray.open_dataset(sys.argv[1]) as data:
    last = data.time.values[-1]
    print(type(last).__name__, last.calendar, data.sizes["time"], last.isoformat())
)",
                                       *shared_ / "members/member_000.nc"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_EQ(outcome.out, "Datetime360Day 360_day 72 2051-01-01T23:00:00\n") << outcome;
}

TEST_F(Esgf, GivesATrajectoryThatAgreesWithItsObservations) {
  ToyFields member(*shared_ / "members/member_000.nc");
  ToyFields snapshots(*shared_ / "observations.nc"), means(*shared_ / "observation_means.nc");
  const std::size_t ny = member.grid.y.values.size(), nx = member.grid.x.values.size();
  const auto block_mean = [&](std::size_t hour, std::size_t variable, std::size_t block) {
    const std::size_t blocks = nx / 8, y0 = block / blocks * 8, x0 = block % blocks * 8;
    double sum = 0;
    for (std::size_t y = y0; y < y0 + 8; ++y)
      for (std::size_t x = x0; x < x0 + 8; ++x)
        sum += static_cast<double>(member.field(hour, variable)[y * nx + x]);
    return sum / 64;
  };
  double squares = 0, greatest = 0, count = 0;
  const auto compare = [&](double found, double observed, std::size_t variable) {
    const double error = (found - observed) / kStd[variable];
    squares += error * error;
    greatest = std::max(greatest, std::abs(error));
    ++count;
  };
  ASSERT_EQ(snapshots.hours.size(), kInstants);
  ASSERT_EQ(means.hours.size(), kInstants);
  for (std::size_t i = 0; i < kInstants; ++i) {
    for (std::size_t block = 0; block < ny * nx / 64; ++block) {
      for (const std::size_t variable : {kTas, kUas, kVas})
        compare(block_mean(6 * i, variable, block),
                static_cast<double>(snapshots.field(i, variable - 1)[block]), variable);
      double mean = 0;
      for (std::size_t hour = 6 * i; hour < 6 * (i + 1); ++hour) mean += block_mean(hour, kPsl, block) / 6;
      compare(mean, static_cast<double>(means.field(i, 0)[block]), kPsl);
    }
  }
  RecordProperty("rms", std::to_string(std::sqrt(squares / count)));
  RecordProperty("greatest", std::to_string(greatest));
  EXPECT_LT(std::sqrt(squares / count), 2);
  EXPECT_LT(greatest, 6);
}

TEST_F(Esgf, IsSampledFromItsFilesAsFromPreparedObservations) {
  const Outcome outcome = run_foehn("sample", options_from_files(), 2);
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("observations.nc: snapshots of tas, uas, vas"),
                                 HasSubstr("observation_means.nc: means of psl")));
  expect_the_same_output();
}

TEST_F(Esgf, GoesOnBitForBitAfterAStopAndAKill) {
  RunningCommand stopping = start_foehn("sample", options_from_files(), 2);
  wait_until([&] { return has_checkpoint(); });
  for (const pid_t process : stopping.ranks()) kill(process, SIGUSR1);
  const Outcome stopped = stopping.wait();
  EXPECT_EQ(stopped.exit_code, 75) << stopped;
  // Killed while it prepares again, or soon after.
  RunningCommand dying = start_foehn("sample", options_from_files(), 2);
  wait_until([&] { return fs::exists(folder_ / "out/.foehn_lock"); });
  for (const pid_t process : dying.ranks()) kill(process, SIGKILL);
  const Outcome killed = dying.wait();
  EXPECT_NE(killed.exit_code, 0) << killed;
  const Outcome rest = run_foehn("sample", options_from_files(), 3);
  EXPECT_EQ(rest.exit_code, 0) << rest;
  EXPECT_THAT(rest.err, HasSubstr("continues from step"));
  expect_the_same_output();
}

TEST_F(Esgf, IsNotPreparedOverObservationsOfAnotherRun) {
  Options options = options_from_files();
  options["sampler.steps"] = "2";
  ASSERT_EQ(run_foehn("sample", options).exit_code, 0);
  const std::string before = io::content_of(folder_ / "out/observations.nc");
  options["observation.block"] = "4";
  options["ensemble.first_member"] = "1";
  const Outcome refused = run_foehn("sample", options, 2);
  EXPECT_EQ(refused.exit_code, 1) << refused;
  EXPECT_THAT(refused.err, AllOf(HasSubstr("out/observations.nc exists"), HasSubstr("checkpoint.restart")));
  EXPECT_TRUE(io::content_of(folder_ / "out/observations.nc") == before);
  options["checkpoint.restart"] = "true";
  const Outcome restarted = run_foehn("sample", options, 2);
  EXPECT_EQ(restarted.exit_code, 0) << restarted;
  EXPECT_FALSE(io::content_of(folder_ / "out/observations.nc") == before);
}

TEST_F(Esgf, IsUsedWhereTheTrajectoryHoldsAllHoursOfAnObservation) {
  Options options = options_from_files();
  options["sampler.steps"] = "2";
  options["time.start"] = "2050-12-29T09";
  options["time.hours"] = "20";  // up to 2050-12-30T04
  const Outcome outcome = run_foehn("sample", options, 2);
  ASSERT_EQ(outcome.exit_code, 0) << outcome;
  const io::FieldReader snapshots({folder_ / "out/observations.nc"}, {}),
      means({folder_ / "out/observation_means.nc"}, {});
  EXPECT_EQ(snapshots.times().size(), 3);
  EXPECT_EQ(snapshots.times().format(0), "2050-12-29T12:00:00");
  EXPECT_EQ(snapshots.times().format(2), "2050-12-30T00:00:00");
  EXPECT_EQ(means.times().size(), 2);  // over 12 to 18 and 18 to 24 h
  EXPECT_EQ(means.times().format(0), "2050-12-29T15:00:00");
  EXPECT_EQ(means.times().format(1), "2050-12-29T21:00:00");
}

}  // namespace
}  // namespace foehn::testing::esgf_test
