#include "refusal.hpp"

namespace foehn::testing::validate_only_test {
namespace {

/// `--validate-only` on good input.
class ValidateOnly : public ::testing::Test {
 protected:
  /// @param words  that are said besides
  void expect_nothing_but_checks(const std::string& subcommand, const Options& options,
                                 const Words& words = {}) {
    const Outcome outcome = run_here(subcommand, options, {"--validate-only"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome;
    EXPECT_EQ(outcome.err, "");
    EXPECT_THAT(outcome.out, ::testing::HasSubstr(is_root() ? "all checks passed" : ""));
    if (is_root()) {
      for (const std::string& word : words) EXPECT_THAT(outcome.out, ::testing::HasSubstr(word));
    }
    EXPECT_TRUE(std::filesystem::is_empty(folder_ / "")) << "folders are left behind";
  }

  const ToyClimate& toy_ = toy_climate();
  io::TemporaryFolder folder_;
};

TEST_F(ValidateOnly, SamplesNothing) {
  expect_nothing_but_checks("sample", toy_.sample_options(folder_ / "out"));
}

TEST_F(ValidateOnly, PreparesNothingToSampleFrom) {
  Options options = toy_.sample_options(folder_ / "out");
  options.erase("input.observations");
  options["input.files"] = toy_.truth;
  expect_nothing_but_checks("sample", options);
}

TEST_F(ValidateOnly, DrawsNothing) {
  expect_nothing_but_checks("synth", {{"grid.size", "16"}, {"output.path", folder_ / "truth.nc"}});
}

TEST_F(ValidateOnly, FitsNothing) {
  expect_nothing_but_checks("fit", toy_.fit_options(folder_ / "prior"));
}

TEST_F(ValidateOnly, TrainsNothing) {
  expect_nothing_but_checks("train", toy_.train_options(folder_ / "prior"));
}

TEST_F(ValidateOnly, CoarsensNothing) {
  expect_nothing_but_checks("coarsen", toy_.coarsen_options(folder_ / "coarse.nc"));
}

TEST_F(ValidateOnly, PreparesNothingAndSaysWhatItWould) {
  const std::string output = folder_ / "observations.nc";
  expect_nothing_but_checks("prepare", toy_.prepare_options(output),
                            {"would write " + output + ": snapshots of psl, tas, uas, vas on 2 x 3 blocks",
                             "  tas from tas of " + toy_.truth.string(), "2001-01-01T00:00:00 to"});
}

TEST_F(ValidateOnly, ScoresNothing) {
  // The truth stands in for a member.
  expect_nothing_but_checks("evaluate", {{"input.members", toy_.truth},
                                         {"input.reference", toy_.truth},
                                         {"input.observations", toy_.observations},
                                         {"output.directory", folder_ / "scores"}});
}

}  // namespace
}  // namespace foehn::testing::validate_only_test
