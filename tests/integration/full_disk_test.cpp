#include <gmock/gmock.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>

#include "io/test_files.hpp"
#include "process.hpp"
#include "toy_climate.hpp"

namespace foehn::testing::full_disk_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A small file system in memory, for the life of the object. Only who has the right to mount gets one.
class SmallDisk {
 public:
  SmallDisk(std::filesystem::path path, int kibibytes) : path_(std::move(path)) {
    std::filesystem::create_directory(path_);
    const std::string size = "size=" + std::to_string(kibibytes) + "k";
    if (mount("tmpfs", path_.c_str(), "tmpfs", 0, size.c_str()) != 0) problem_ = std::strerror(errno);
  }
  ~SmallDisk() {
    if (problem_.empty()) umount2(path_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  const std::string& problem() const { return problem_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::string problem_;
};

/// A disk that is full before the output is whole.
class FullDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    const SmallDisk disk(folder_ / "probe", 64);
    if (!disk.problem().empty())
      GTEST_SKIP() << "skipped: no file system can be mounted here: " << disk.problem();
  }

  static void expect_failure(const Outcome& outcome, const std::string& file) {
    EXPECT_EQ(outcome.exit_code, 1) << outcome;
    EXPECT_EQ(error_lines(outcome.err), 1) << outcome;
    EXPECT_THAT(outcome.err, HasSubstr("No space left on device"));
    EXPECT_THAT(outcome.err, HasSubstr(file));
  }

  const ToyClimate& toy_ = toy_climate();
  io::TemporaryFolder folder_;
};

TEST_F(FullDisk, LeavesWholeMembersOnlyOnAnyNumberOfRanks) {
  for (const int ranks : {0, 3}) {
    // A member is 600 KiB, compressed less than 500 and more than 400: the second does not fit.
    const SmallDisk disk(folder_ / std::to_string(ranks), 750);
    Options options = toy_.unconditional_options(disk.path() / "out", 100);
    options["ensemble.members"] = "2";
    options["sampler.steps"] = "2";
    expect_failure(run_foehn("sample", options, ranks), "member_001.nc");
    EXPECT_THAT(files_in(disk.path()), ElementsAre("out/member_000.nc", "out/run.json"));
    EXPECT_EQ(ToyFields(disk.path() / "out/member_000.nc").hours.size(), 100U);
  }
}

TEST_F(FullDisk, OfCheckpointsDoesNotStopASampling) {
  // A checkpoint takes 300 KiB.
  for (const int ranks : {0, 3}) {
    const SmallDisk disk(folder_ / ("checkpoints_" + std::to_string(ranks)), 150);
    Options options = toy_.sample_options(folder_ / ("out_" + std::to_string(ranks)));
    options["checkpoint.directory"] = disk.path();
    options["checkpoint.every_steps"] = "3";
    const Outcome outcome = run_foehn("sample", options, ranks);
    EXPECT_EQ(outcome.exit_code, 0) << outcome;
    EXPECT_THAT(outcome.err, ::testing::AllOf(HasSubstr("step_000003"), HasSubstr("sampling continues")));
    EXPECT_THAT(files_in(disk.path()), IsEmpty());
    EXPECT_THAT(files_in(folder_ / ("out_" + std::to_string(ranks))),
                ElementsAre("member_000.nc", "run.json"));
  }
}

TEST_F(FullDisk, IsFoundBeforeTheSampling) {
  const SmallDisk disk(folder_ / "disk", 200);
  Options options = toy_.unconditional_options(disk.path() / "out", 100);
  options["output.compression"] = "0";
  for (const int ranks : {0, 3}) {
    const Outcome outcome = run_foehn("sample", options, ranks);
    EXPECT_EQ(outcome.exit_code, 1) << outcome;
    EXPECT_THAT(outcome.err,
                ::testing::AllOf(HasSubstr("output.directory"), HasSubstr("free"), HasSubstr("at least")));
    EXPECT_THAT(files_in(disk.path()), IsEmpty());
  }
}

TEST_F(FullDisk, LeavesNothingOfObservationsToSampleFrom) {
  // They take 150 KiB, compressed not much less.
  const SmallDisk disk(folder_ / "disk", 100);
  Options options = toy_.sample_options(disk.path() / "out");
  options.erase("input.observations");
  options["input.files"] = toy_.truth;
  options["observation.block"] = "1";
  options["time.start"] = "2001-01-08";
  options["time.hours"] = "24";
  for (const int ranks : {0, 3}) {
    expect_failure(run_foehn("sample", options, ranks), "observations.nc");
    EXPECT_THAT(files_in(disk.path()), IsEmpty());
  }
}

TEST_F(FullDisk, LeavesNothingOfTheOutputOfSynth) {
  const SmallDisk disk(folder_ / "disk", 300);
  expect_failure(
      run_foehn("synth",
                {{"grid.size", "16"}, {"time.hours", "240"}, {"output.path", disk.path() / "truth.nc"}}),
      "truth.nc");
  EXPECT_THAT(files_in(disk.path()), IsEmpty());
}

TEST_F(FullDisk, LeavesNothingOfAPrior) {
  // The domain takes 70 KiB, the weights 250 KiB.
  const SmallDisk disk(folder_ / "disk", 200);
  expect_failure(run_foehn("fit", toy_.fit_options(disk.path() / "prior")), "weights.safetensors");
  EXPECT_THAT(files_in(disk.path()), IsEmpty());
}

TEST_F(FullDisk, LeavesTheLastCheckpointOfATraining) {
  // A checkpoint takes 126 KiB, and is written beside the last one; the disk fills up between two.
  const SmallDisk disk(folder_ / "disk", 320);
  Options options = toy_.train_options(folder_ / "prior");
  options["checkpoint.directory"] = disk.path();
  options["checkpoint.every_steps"] = "3";
  options["train.windows"] = "12";
  ASSERT_EQ(run_foehn("train", options).exit_code, 0);
  const std::string checkpoint = io::content_of(disk.path() / "training_000003.safetensors");
  io::write_content(disk.path() / "other", std::string(270 * 1024 - checkpoint.size(), '.'));
  options["train.windows"] = "24";
  options["checkpoint.restart"] = "true";
  for (const int ranks : {0, 2}) {
    expect_failure(run_foehn("train", options, ranks), "training_000003.safetensors");
    EXPECT_THAT(files_in(disk.path()), ElementsAre("other", "training_000003.safetensors"));
    EXPECT_EQ(io::content_of(disk.path() / "training_000003.safetensors"), checkpoint);
  }
}

TEST_F(FullDisk, LeavesNothingOfObservations) {
  const SmallDisk disk(folder_ / "disk", 8);
  expect_failure(run_foehn("coarsen", toy_.coarsen_options(disk.path() / "coarse.nc")), "coarse.nc");
  EXPECT_THAT(files_in(disk.path()), IsEmpty());
}

}  // namespace
}  // namespace foehn::testing::full_disk_test
