// foehn train as a user runs it: from a reanalysis to a prior that samples, stopped and gone on with.
#include <gmock/gmock.h>
#include <signal.h>

#include <filesystem>

#include "io/test_files.hpp"
#include "process.hpp"
#include "toy_climate.hpp"

namespace foehn::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Train : public ::testing::Test {
 protected:
  std::string weights(const std::string& prior) const {
    return io::content_of(folder_ / (prior + "/weights.safetensors"));
  }

  const ToyClimate& toy_ = toy_climate();
  io::TemporaryFolder folder_;
};

TEST_F(Train, MakesAPriorThatSamples) {
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
    EXPECT_EQ(sampled.exit_code, 0) << sampled;
    EXPECT_THAT(weights(kind), HasSubstr("toy data"));
  }
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
  command.wait_until([&] { return std::filesystem::exists(folder_ / "stopped/training.safetensors"); });
  kill(command.process(), SIGTERM);
  const Outcome stopped = command.wait();
  ASSERT_EQ(stopped.exit_code, 75) << stopped;
  EXPECT_THAT(stopped.out, AllOf(HasSubstr("stopped at step"), HasSubstr("run again to go on")));
  EXPECT_THAT(files_in(folder_ / "stopped"), ::testing::ElementsAre("training.safetensors"));

  Options other = options;
  other["train.seed"] = "5";
  const Outcome refused = run_foehn("train", other);
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("training.safetensors"), HasSubstr("checkpoint.restart")));

  const Outcome rest = run_foehn("train", options);
  ASSERT_EQ(rest.exit_code, 0) << rest;
  EXPECT_THAT(rest.err, HasSubstr("going on from"));
  // All but the paths in the metadata.
  const auto tensors = [&](const std::string& prior) {
    const std::string content = weights(prior);
    return content.substr(content.rfind('}'));
  };
  EXPECT_EQ(tensors("stopped"), tensors("whole"));
  const auto csv = [&](const std::string& prior) {
    return io::content_of(folder_ / (prior + "/training.csv"));
  };
  EXPECT_EQ(csv("stopped"), csv("whole"));
}

}  // namespace
}  // namespace foehn::testing
