// A graph transformer as a user trains and samples it, on a reduced Gaussian grid.
#include <gmock/gmock.h>

#include <filesystem>

#include "process.hpp"

namespace foehn::testing::graph_test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

/// Three days of the globe's weather on O4 and a prior of it, and what cells of O2 see of other weather every
/// 6 hours.
class GraphPrior : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new io::TemporaryFolder;
    for (const Options& options : {Options{{"time.hours", "73"}, {"output.path", path("truth.nc")}},
                                   Options{{"time.hours", "13"},
                                           {"output.path", path("other.nc")},
                                           {"observation.grid", "O2"},
                                           {"observation.every", "6"},
                                           {"output.coarse", path("coarse.nc")}}}) {
      Options synth = options;
      synth["grid.name"] = "O4";
      const Outcome made = run_foehn("synth", synth);
      ASSERT_EQ(made.exit_code, 0) << made;
    }
    trained_ = run_foehn("train", train_options("prior"), 2);
    ASSERT_EQ(trained_.exit_code, 0) << trained_;
  }
  static void TearDownTestSuite() { delete folder_; }

  static std::string path(const std::string& name) { return *folder_ / name; }
  static Options train_options(const std::string& prior) {
    return {{"data.files", path("truth.nc")},
            {"prior.path", path(prior)},
            {"prior.kind", "graph-transformer"},
            {"prior.schedule", "edm"},
            {"prior.markov_order", "1"},
            {"network.mesh_level", "1"},
            {"network.width", "8"},
            {"network.heads", "2"},
            {"network.layers", "1"},
            {"network.dates", "true"},
            {"train.windows", "16"},
            {"train.batch", "4"},
            {"train.area_weights", "true"},
            {"train.variable_weights", "1,2"},
            {"train.evaluate_every", "2"},
            {"train.held_out_windows", "2"}};
  }
  static Options sample_options(const std::string& members) {
    return {{"prior.path", path("prior")},
            {"sampler.method", "heun"},
            {"sampler.steps", "6"},
            {"ensemble.members", "1"},
            {"output.directory", path(members)}};
  }
  /// Samples alone, on two and on three ranks, and expects the same bits.
  static void expect_same_on_any_ranks(const std::string& name, const Options& more) {
    for (const int ranks : {0, 2, 3}) {
      Options options = sample_options(name + std::to_string(ranks));
      for (const auto& [option, value] : more) options[option] = value;
      const Outcome sampled = run_foehn("sample", options, ranks);
      ASSERT_EQ(sampled.exit_code, 0) << sampled;
      EXPECT_EQ(io::content_of(path(name + std::to_string(ranks) + "/member_000.nc")),
                io::content_of(path(name + "0/member_000.nc")))
          << ranks;
    }
  }

  static io::TemporaryFolder* folder_;
  static Outcome trained_;
};
io::TemporaryFolder* GraphPrior::folder_ = nullptr;
Outcome GraphPrior::trained_;

TEST_F(GraphPrior, IsTrainedAndDescribed) {
  EXPECT_THAT(trained_.out, AllOf(HasSubstr("graph-transformer of "), HasSubstr("on O4, 208 cells"),
                                  HasSubstr("4 steps of 4 windows"), HasSubstr("held-out loss")));
  EXPECT_FALSE(fs::exists(path("prior.gaussian/weights.safetensors")));
  const Outcome described = run_foehn("info", {}, 0, {path("prior")});
  EXPECT_THAT(described.out,
              AllOf(HasSubstr("graph-transformer"),
                    HasSubstr("icosahedron refined 1 times; width 8; 2 heads; 1 blocks"),
                    HasSubstr("knows the time of year and day"), HasSubstr("GFLOP per window")));
}

TEST_F(GraphPrior, SamplesTheSameBitsOnAnyNumberOfRanks) {
  expect_same_on_any_ranks("free", {{"time.start", "2001-01-01"}, {"time.hours", "9"}});
  for (const std::string guidance : {"sda", "mmps"})
    expect_same_on_any_ranks(guidance, {{"input.observations", path("coarse.nc")},
                                        {"observation.operator", "native"},
                                        {"observation.std", "200,1"},
                                        {"sampler.guidance", guidance}});
}

TEST_F(GraphPrior, LearnsWhatCellsOfACoarserGridLeaveOpen) {
  Options options = train_options("given");
  options["prior.kind"] = "conditional-residual";
  options["network.kind"] = "graph-transformer";
  options["train.coarse_grid"] = "O2";
  options["data.held_out_fraction"] = "0.25";
  const Outcome trained = run_foehn("train", options, 2);
  ASSERT_EQ(trained.exit_code, 0) << trained;
  EXPECT_THAT(trained.out, AllOf(HasSubstr("conditional-residual of "), HasSubstr("on O4, 208 cells")));
  EXPECT_FALSE(fs::exists(path("given.gaussian/weights.safetensors")));
  const Outcome described = run_foehn("info", {}, 0, {path("given")});
  EXPECT_THAT(described.out,
              AllOf(HasSubstr("graph transformer"),
                    HasSubstr("means over 88 cells of a reduced Gaussian grid of 4 rows, every 6 steps")));

  const Options given{{"prior.path", path("given")},
                      {"input.observations", path("coarse.nc")},
                      {"observation.operator", "native"},
                      {"observation.std", "200,1"},
                      {"sampler.guidance", "none"}};
  for (const std::string guidance : {"none", "mmps"}) {
    Options sampled = given;
    sampled["sampler.guidance"] = guidance;
    expect_same_on_any_ranks("given-" + guidance, sampled);
  }
  const auto expect_refused = [&](const Options& changes, const auto& why) {
    Options refused = sample_options("refused");
    for (const Options& more : {given, changes})
      for (const auto& [option, value] : more) refused[option] = value;
    const Outcome outcome = run_foehn("sample", refused);
    EXPECT_NE(outcome.exit_code, 0) << outcome;
    EXPECT_EQ(error_lines(outcome.err), 1) << outcome;
    EXPECT_THAT(outcome.err, why);
  };
  expect_refused(
      {{"observation.operator", "blocks"}},
      AllOf(HasSubstr("observation.operator"), HasSubstr("expected input.observations and native")));
  expect_refused({{"input.observations", path("other.nc")}},
                 AllOf(HasSubstr("other.nc"), HasSubstr("grid"), HasSubstr("train.coarse_grid")));
}

TEST_F(GraphPrior, SharesOutItsCellsOverRanks) {
  Options options = sample_options("alone");
  options["input.observations"] = path("coarse.nc");
  options["observation.operator"] = "native";
  options["observation.std"] = "200,1";
  const Outcome alone = run_foehn("sample", options);
  ASSERT_EQ(alone.exit_code, 0) << alone;
  for (const int ranks : {2, 4}) {
    const std::string folder = "shared" + std::to_string(ranks);
    options["output.directory"] = path(folder);
    options["run.space_ranks"] = "2";
    const Outcome shared = run_foehn("sample", options, ranks);
    ASSERT_EQ(shared.exit_code, 0) << shared;
    EXPECT_EQ(io::content_of(path(folder + "/member_000.nc")), io::content_of(path("alone/member_000.nc")))
        << ranks;
  }
  options["output.directory"] = path("unshared");
  const Outcome odd = run_foehn("sample", options, 3);
  EXPECT_EQ(odd.exit_code, 2) << odd;
  EXPECT_THAT(odd.err, AllOf(HasSubstr("run.space_ranks"), HasSubstr("3"), HasSubstr("found 2")));
  options["observation.std"] = "200";
  const Outcome wrong = run_foehn("sample", options, 2);
  EXPECT_EQ(wrong.exit_code, 2) << wrong;
  EXPECT_EQ(error_lines(wrong.err), 1) << wrong;
  EXPECT_THAT(wrong.err, HasSubstr("observation.std"));
}

TEST_F(GraphPrior, IsTrainedToTheSameBitsByRanksThatShareOutItsCells) {
  const auto last_of = [](const std::string& prior) {
    return io::content_of(path(prior + "/training_000004.safetensors"));
  };
  Options options = train_options("shared");
  options["run.space_ranks"] = "2";
  options["checkpoint.every_steps"] = "2";
  const Outcome shared = run_foehn("train", options, 4);
  ASSERT_EQ(shared.exit_code, 0) << shared;
  EXPECT_THAT(shared.out, HasSubstr("on 4 ranks, in groups of 2 that share out the cells of each window"));
  EXPECT_EQ(io::content_of(path("shared/training.csv")), io::content_of(path("prior/training.csv")));
  EXPECT_EQ(last_of("shared"), last_of("prior"));

  fs::remove(path("shared/training_000004.safetensors"));
  options.erase("run.space_ranks");
  const Outcome rest = run_foehn("train", options, 2);
  ASSERT_EQ(rest.exit_code, 0) << rest;
  EXPECT_THAT(rest.err, HasSubstr("training_000002.safetensors at step 2"));
  EXPECT_EQ(last_of("shared"), last_of("prior"));

  options = train_options("refused");
  options["run.space_ranks"] = "2";
  options["prior.kind"] = "score-unet";
  for (const char* of_graph : {"mesh_level", "width", "heads", "layers"})
    options.erase(std::string("network.") + of_graph);
  const Outcome refused = run_foehn("train", options, 2);
  EXPECT_EQ(refused.exit_code, 2) << refused;
  EXPECT_THAT(refused.err, HasSubstr("run.space_ranks: expected 1 with a u-net"));
}

TEST_F(GraphPrior, StartsFromTheWeightsOfAnother) {
  Options options = train_options("next");
  options["train.start_from"] = path("prior");
  options["train.windows"] = "4";
  const Outcome next = run_foehn("train", options);
  EXPECT_EQ(next.exit_code, 0) << next;
  options["network.width"] = "16";
  const Outcome refused = run_foehn("train", options);
  EXPECT_EQ(refused.exit_code, 1) << refused;
  EXPECT_THAT(refused.err, AllOf(HasSubstr("train.start_from"), HasSubstr("network.width")));
}

TEST_F(GraphPrior, IsRefusedWhatItCannotDo) {
  const auto expect_refused = [&](const Options& changes, int code, const auto& why) {
    Options options = train_options("refused");
    for (const auto& [option, value] : changes) options[option] = value;
    const Outcome refused = run_foehn("train", options);
    EXPECT_EQ(refused.exit_code, code) << refused;
    EXPECT_EQ(error_lines(refused.err), 1) << refused;
    EXPECT_THAT(refused.err, why);
    EXPECT_FALSE(fs::exists(path("refused/weights.safetensors")));
  };
  expect_refused({{"network.mesh_level", "5"}}, 1,
                 AllOf(HasSubstr("network.mesh_level"), HasSubstr("10242 nodes"), HasSubstr("208 cells")));
  expect_refused({{"network.hidden", "8,16"}}, 2, AllOf(HasSubstr("network.hidden"), HasSubstr("U-Net")));
  expect_refused({{"network.heads", "3"}}, 2, AllOf(HasSubstr("network.heads"), HasSubstr("divisor")));
  expect_refused({{"prior.schedule", "vp-cosine"}}, 2, AllOf(HasSubstr("prior.schedule"), HasSubstr("edm")));
}

}  // namespace
}  // namespace foehn::testing::graph_test
