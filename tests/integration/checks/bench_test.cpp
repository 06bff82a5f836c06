#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "app/toy_prior.hpp"
#include "foehn/comm/communicator.hpp"
#include "foehn/model/score_unet.hpp"
#include "refusal.hpp"

namespace foehn::testing::bench_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Bench : public ::testing::Test {
 protected:
  Options options() const {
    return {
        {"prior.path", folder_ / "prior"}, {"output.path", folder_ / "bench.json"}, {"run.device", "cpu"}};
  }
  Outcome timed() const {
    Options some = options();
    some["bench.batches"] = "1,3";
    some["bench.repeats"] = "1";
    return run_here("bench", some);
  }
  /// On the root, which alone has it.
  nlohmann::json json() const { return nlohmann::json::parse(io::content_of(folder_ / "bench.json")); }

  io::TemporaryFolder folder_;
};

TEST_F(Bench, TimesAScorePriorBesideThePeaks) {
  write_score_prior(folder_ / "prior");
  const Outcome outcome = timed();
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  if (!is_root()) return;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("score-unet"), HasSubstr("peaks: matrix product"),
                                 HasSubstr("forward + gradient")));
  const nlohmann::json found = json();
  const double operations = static_cast<double>(model::window_flops(toy_architecture(), 8, 12)) / 1e9;
  EXPECT_NEAR(found.at("gflop_per_window").get<double>(), operations, 1e-12);
  const auto& peaks = found.at("peaks_gflop_per_second");
  ASSERT_EQ(found.at("cases").size(), 4U);
  for (const auto& one : found.at("cases")) {
    const bool has_gradient = one.at("pass") == "forward + gradient";
    const double seconds = one.at("seconds_per_window"), rate = one.at("gflop_per_second");
    ASSERT_GT(seconds, 0);
    EXPECT_NEAR(rate, (has_gradient ? 2 : 1) * operations / seconds, 1e-9 * rate);
    for (const auto* peak : {"matrix_product", "convolution"}) {
      const double ratio = one.at(std::string("of_") + peak);
      EXPECT_TRUE(std::isfinite(ratio));
      EXPECT_NEAR(ratio * peaks.at(peak).get<double>(), rate, 1e-9 * rate);
    }
  }
  EXPECT_EQ(found.at("cases")[2].at("batch"), 3);
}

TEST_F(Bench, TimesAPriorWhoseOperationsAreNotCounted) {
  write_gaussian_prior(folder_ / "prior");
  EXPECT_EQ(timed().exit_code, 0);
  if (!is_root()) return;
  EXPECT_GT(json().at("cases")[0].at("seconds_per_window").get<double>(), 0);
  EXPECT_TRUE(json().at("cases")[0].at("gflop_per_second").is_null());
}

TEST_F(Bench, ModelsAStepOnAnyNumberOfRanks) {
  const int ranks = comm::Communicator::world().size();
  for (const auto write : {&write_score_prior, &write_preconditioned_prior}) {
    write(folder_ / "prior");
    const Outcome outcome = run_here("bench", options(), {"--model"});
    if (ranks == 1) {
      EXPECT_EQ(outcome.exit_code, 2);
      EXPECT_THAT(outcome.err, HasSubstr("model: expected two ranks or more"));
      continue;
    }
    EXPECT_EQ(outcome.exit_code, 0) << outcome;
    if (!is_root()) continue;
    EXPECT_THAT(outcome.out,
                AllOf(HasSubstr("parts of a step"), HasSubstr("checked against steps taken here"),
                      HasSubstr("predicted seconds per step"), HasSubstr("100 a: ")));
    const nlohmann::json model = json().at("model");
    EXPECT_EQ(model.at("passes")[0].at("per_step"), 1);
    EXPECT_GE(model.at("passes")[1].at("per_step"), 1);
    EXPECT_GT(model.at("link").at("bytes_per_second"), 0);
    EXPECT_EQ(model.at("checks").size(), 1U);  // three ranks have no halves
    EXPECT_EQ(model.at("predictions").size(), 5U * 11U);
    for (const auto& one : model.at("predictions"))
      EXPECT_EQ(one.at("exchanges") == 0.0, one.at("ranks") == 1) << one;
  }
}

TEST_F(Bench, NamesOptionsThatDoNotFit) {
  const auto expect = [](const Options& given, const std::string& words) {
    const Outcome outcome = run_here("bench", given);
    EXPECT_EQ(outcome.exit_code, 2);
    if (is_root()) {
      EXPECT_THAT(outcome.err, HasSubstr(words));
    }
  };
  expect({}, "prior.path");
  expect({{"prior.path", "prior"}, {"bench.network", "full"}}, "bench.network");
  expect({{"prior.path", "prior"}, {"bench.batches", "1.5"}}, "bench.batches");
}

}  // namespace
}  // namespace foehn::testing::bench_test
