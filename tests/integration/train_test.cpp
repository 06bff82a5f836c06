// foehn train as a user runs it: from a reanalysis to a prior that samples, stopped and gone on with.
#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>

#include "io/test_files.hpp"
#include "process.hpp"
#include "toy_climate.hpp"

namespace foehn::testing::train_test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Train : public ::testing::Test {
 protected:
  std::string weights(const std::string& prior) const {
    return io::content_of(folder_ / (prior + "/weights.safetensors"));
  }

  /// All but the paths in the metadata.
  std::string tensors(const std::string& prior) const {
    const std::string content = weights(prior);
    return content.substr(content.rfind('}'));
  }
  bool is_locked(const std::string& prior) const { return fs::exists(folder_ / (prior + "/.foehn_lock")); }

  const ToyClimate& toy_ = toy_climate();
  io::TemporaryFolder folder_;
};

TEST_F(Train, MakesAPriorThatSamplesOrSaysThatItKnowsTooLittle) {
  for (const std::string kind : {"gaussian-preconditioned", "score-unet"}) {
    Options options = toy_.train_options(folder_ / kind);
    options["prior.kind"] = kind;
    options["prior.attribution"] = "toy data";
    const Outcome trained = run_foehn("train", options, 2);
    ASSERT_EQ(trained.exit_code, 0) << trained;
    EXPECT_THAT(trained.out, AllOf(HasSubstr(kind + " of "), HasSubstr("216 fields to train on, 24 held out"),
                                   HasSubstr("6 steps of 4 windows"), HasSubstr("held-out loss")));
    EXPECT_THAT(io::content_of(folder_ / (kind + "/training.csv")),
                AllOf(HasSubstr("held_out_loss_t0.0625"), HasSubstr("\n3,12,"), HasSubstr("\n6,24,")));
    EXPECT_THAT(run_foehn("info", {}, 0, {folder_ / kind}).out, AllOf(HasSubstr(kind), HasSubstr("U-Net")));
    const Outcome sampled = run_foehn("sample", [&] {
      Options sample = toy_.sample_options(folder_ / (kind + "_members"));
      sample["prior.path"] = folder_ / kind;
      sample["sampler.steps"] = "2";
      return sample;
    }());
    if (kind == "gaussian-preconditioned") {
      EXPECT_EQ(sampled.exit_code, 0) << sampled;
    } else {  // unlike the other kind it knows no weather beforehand, and six steps teach none
      EXPECT_THAT(trained.err, AllOf(HasSubstr("no better than none"), HasSubstr("train.windows")));
      EXPECT_EQ(sampled.exit_code, 1) << sampled;
      EXPECT_THAT(sampled.err, AllOf(HasSubstr("step 2 of 2"), HasSubstr("far outside the prior's range"),
                                     HasSubstr("trained longer")));
      EXPECT_FALSE(fs::exists(folder_ / (kind + "_members/member_000.nc")));
    }
    EXPECT_THAT(weights(kind), HasSubstr("toy data"));
  }
}

TEST_F(Train, InStagesOnTheScheduleEdmMakesAPriorThatHeunSamples) {
  Options options = toy_.train_options(folder_ / "edm");
  options["prior.schedule"] = "edm";
  options["prior.sigma_max"] = "1000";
  options["network.dates"] = "true";
  options["train.windows"] = "16,8";
  options["train.noise"] = "log-normal,high";
  options["train.learning_rate"] = "1e-3,1e-5";
  options["train.area_weights"] = "true";
  const Outcome trained = run_foehn("train", options, 2);
  ASSERT_EQ(trained.exit_code, 0) << trained;
  EXPECT_THAT(trained.out, HasSubstr("6 steps of 4 windows"));
  EXPECT_THAT(io::content_of(folder_ / "edm/training.csv"),
              AllOf(HasSubstr("held_out_loss_sigma0.00454"), HasSubstr("\n4,16,"), HasSubstr("\n6,24,")));
  EXPECT_THAT(run_foehn("info", {}, 0, {folder_ / "edm"}).out,
              AllOf(HasSubstr("edm, sigma 0.002 to 1000"), HasSubstr("knows the time of year and day")));
  Options sample = toy_.sample_options(folder_ / "members");
  sample["prior.path"] = folder_ / "edm";
  sample["sampler.method"] = "heun";
  sample["sampler.steps"] = "8";
  sample["sampler.churn"] = "1";
  const Outcome sampled = run_foehn("sample", sample, 2);
  EXPECT_EQ(sampled.exit_code, 0) << sampled;
}

TEST_F(Train, OnCoarseFieldsOfTheRecordMakesAPriorThatSamplesWhereItIsGivenSome) {
  Options options = toy_.train_options(folder_ / "conditional");
  options["prior.kind"] = "conditional-residual";
  options["train.block"] = "8,4";
  options["train.every"] = "6,3";
  const Outcome unscheduled = run_foehn("train", options);
  EXPECT_EQ(unscheduled.exit_code, 2) << unscheduled;
  EXPECT_THAT(unscheduled.err, AllOf(HasSubstr("prior.schedule"), HasSubstr("expected edm")));
  options["prior.schedule"] = "edm";
  options["network.form"] = "adm";
  options["network.positions"] = "true";
  options["train.drawn"] = "0.5";
  options["train.dropout"] = "0.1";
  const Outcome trained = run_foehn("train", options, 2);
  ASSERT_EQ(trained.exit_code, 0) << trained;
  EXPECT_THAT(trained.out, HasSubstr("conditional-residual of "));
  EXPECT_THAT(run_foehn("info", {}, 0, {folder_ / "conditional"}).out,
              AllOf(HasSubstr("U-Net of the form adm"), HasSubstr("sin_latitude, cos_latitude")));
  EXPECT_THAT(
      run_foehn("info", {}, 0, {folder_ / "conditional"}).out,
      AllOf(HasSubstr("conditional-residual"), HasSubstr("blocks of 4, 8 cells per side, every 3, 6 steps")));

  Options sample = toy_.sample_options(folder_ / "members");
  sample["prior.path"] = folder_ / "conditional";
  sample["sampler.guidance"] = "none";
  sample.erase("observation.std");
  const Outcome sampled = run_foehn("sample", sample, 2);
  EXPECT_EQ(sampled.exit_code, 0) << sampled;
  EXPECT_THAT(sampled.out, HasSubstr("given "));
  sample.erase("input.observations");
  sample["time.start"] = "2001-01-08";
  sample["time.hours"] = "25";
  sample["output.directory"] = folder_ / "others";
  const Outcome refused = run_foehn("sample", sample, 2);
  EXPECT_EQ(refused.exit_code, 2) << refused;
  EXPECT_THAT(refused.err, AllOf(HasSubstr("input.observations"), HasSubstr("conditional-residual")));
}

TEST_F(Train, StopsOnTermWithACheckpointAndGoesOnToTheSameWeights) {
  Options options = toy_.train_options(folder_ / "whole");
  options["train.windows"] = "2400";
  options["train.evaluate_every"] = "200";
  options["data.cache"] = folder_ / "cache.nc";
  const Outcome whole = run_foehn("train", options);
  ASSERT_EQ(whole.exit_code, 0) << whole;

  options["prior.path"] = folder_ / "stopped";
  options["checkpoint.every_steps"] = "10";
  RunningCommand command = start_foehn("train", options);
  command.wait_until([&] {
    const auto files = files_in(folder_ / "stopped");
    return std::any_of(files.begin(), files.end(),
                       [](const std::string& file) { return file.starts_with("training_"); });
  });
  kill(command.process(), SIGTERM);
  const Outcome stopped = command.wait();
  ASSERT_EQ(stopped.exit_code, 75) << stopped;
  EXPECT_THAT(stopped.out, AllOf(HasSubstr("stopped at step"), HasSubstr("run again to continue")));
  EXPECT_THAT(files_in(folder_ / "stopped"), Each(AllOf(StartsWith("training_"), EndsWith(".safetensors"))));

  Options other = options;
  other["train.seed"] = "5";
  const Outcome refused = run_foehn("train", other);
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("training_"), HasSubstr("train.seed: 0 there, 5 here"),
                                 HasSubstr("checkpoint.restart")));

  const Outcome rest = run_foehn("train", options);
  ASSERT_EQ(rest.exit_code, 0) << rest;
  EXPECT_THAT(rest.err, HasSubstr("continuing from"));
  EXPECT_EQ(tensors("stopped"), tensors("whole"));
  const auto csv = [&](const std::string& prior) {
    return io::content_of(folder_ / (prior + "/training.csv"));
  };
  EXPECT_EQ(csv("stopped"), csv("whole"));

  const Outcome again = run_foehn("train", options);
  EXPECT_EQ(again.exit_code, 0) << again;
  EXPECT_THAT(again.out, HasSubstr("it had been trained before"));
  EXPECT_EQ(tensors("stopped"), tensors("whole"));
}

TEST_F(Train, GoesOnFromTheLastWholeCheckpointWhateverOtherRanksSee) {
  Options options = toy_.train_options(folder_ / "prior");
  options["checkpoint.every_steps"] = "3";
  options["checkpoint.directory"] = "checkpoints";  // in another place for each rank
  for (const char* name : {"here", "there"}) fs::create_directory(folder_ / name);
  const auto train = [&] {
    Words words{FOEHN_MPIEXEC, "--quiet"};
    for (const char* name : {"here", "there"}) {
      words.insert(words.end(), {"-n", "1", "-wdir", folder_ / name, FOEHN_PROGRAM});
      const Words line = command_line("train", options);
      words.insert(words.end(), line.begin(), line.end());
      words.emplace_back(":");
    }
    words.pop_back();
    return run_command(words);
  };
  const Outcome whole = train();
  ASSERT_EQ(whole.exit_code, 0) << whole;
  const std::string expected = weights("prior");
  EXPECT_THAT(files_in(folder_ / "here/checkpoints"),
              ::testing::ElementsAre("training_000003.safetensors", "training_000006.safetensors"));
  EXPECT_THAT(files_in(folder_ / "prior"), Not(Contains(".foehn_lock")));

  const fs::path newest = folder_ / "here/checkpoints/training_000006.safetensors";
  fs::resize_file(newest, fs::file_size(newest) - 1);
  fs::remove(folder_ / "prior/weights.safetensors");
  const Outcome rest = train();
  ASSERT_EQ(rest.exit_code, 0) << rest;
  EXPECT_THAT(rest.err,
              AllOf(HasSubstr("passing over"), HasSubstr(newest.filename()), HasSubstr("at step 3")));
  EXPECT_EQ(weights("prior"), expected);
}

TEST_F(Train, KeepsItsFoldersForOneWriter) {
  Options options = toy_.train_options(folder_ / "prior");
  options["train.windows"] = "400000";
  options["checkpoint.directory"] = folder_ / "checkpoints";
  RunningCommand first = start_foehn("train", options);
  first.wait_until([&] { return is_locked("prior") && is_locked("checkpoints"); });
  for (const auto& [name, folder] :
       Options{{"prior.path", "prior"}, {"checkpoint.directory", "checkpoints"}}) {
    Options other = toy_.train_options(folder_ / "other");
    other[name] = folder_ / folder;
    const Outcome second = run_foehn("train", other);
    EXPECT_EQ(second.exit_code, 1) << second;
    EXPECT_THAT(second.err, AllOf(HasSubstr(name + ": another run writes here"),
                                  HasSubstr("process " + std::to_string(first.process()))));
  }
  kill(first.process(), SIGTERM);
  const Outcome stopped = first.wait();
  EXPECT_EQ(stopped.exit_code, 75) << stopped;
  EXPECT_FALSE(is_locked("prior") || is_locked("checkpoints"));
}

TEST_F(Train, StopsWhileItPrepares) {
  ASSERT_EQ(run_foehn("synth",
                      {{"grid.size", "16,24"}, {"time.hours", "1500"}, {"output.path", folder_ / "long.nc"}})
                .exit_code,
            0);
  Options options = toy_.train_options(folder_ / "prior");
  options["data.files"] = folder_ / "long.nc";
  options["prior.markov_order"] = "6";  // to fit it takes a second or two
  for (const int ranks : {0, 2}) {
    RunningCommand command = start_foehn("train", options, ranks);
    command.wait_until([&] { return is_locked("prior"); });
    for (const pid_t process : command.ranks()) kill(process, SIGUSR1);
    const Outcome stopped = command.wait();
    ASSERT_EQ(stopped.exit_code, 75) << stopped;
    EXPECT_THAT(stopped.out, HasSubstr("before the first step"));
    EXPECT_EQ(stopped.err.find("foehn: error"), std::string::npos) << stopped;
    EXPECT_THAT(
        files_in(folder_ / ""),
        Each(Not(AnyOf(HasSubstr(".part"), HasSubstr(".new"), HasSubstr("lock"), HasSubstr("training_")))));
  }
  const Outcome rest = run_foehn("train", options);
  EXPECT_EQ(rest.exit_code, 0) << rest;
}

}  // namespace
}  // namespace foehn::testing::train_test
