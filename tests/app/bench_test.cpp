#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "app/bench_timing.hpp"
#include "app/run_alone.hpp"
#include "app/subcommands.hpp"
#include "app/toy_prior.hpp"
#include "foehn/core/error.hpp"
#include "io/test_files.hpp"

namespace foehn::app {
namespace {

using foehn::testing::run_alone;
using io::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

struct Result {
  std::string text;
  nlohmann::json json;
};

Result result_of(const TemporaryFolder& folder) {
  ::testing::internal::CaptureStdout();
  const int code = run_alone(bench(), {folder / "prior", "--bench.batches", "1,3", "--bench.repeats", "1",
                                       "--output.path", folder / "bench.json", "--run.device", "cpu"});
  const std::string text = ::testing::internal::GetCapturedStdout();
  EXPECT_EQ(code, 0);
  return {text, nlohmann::json::parse(io::content_of(folder / "bench.json"))};
}

TEST(Bench, TimesAScorePriorBesideThePeaks) {
  const TemporaryFolder folder;
  foehn::testing::write_score_prior(folder / "prior");
  const auto [text, json] = result_of(folder);
  EXPECT_THAT(text, AllOf(HasSubstr("score-unet"), HasSubstr("peaks: matrix product"),
                          HasSubstr("forward + gradient")));
  const double operations =
      static_cast<double>(model::window_flops(foehn::testing::toy_architecture(), 8, 12)) / 1e9;
  EXPECT_NEAR(json.at("gflop_per_window").get<double>(), operations, 1e-12);
  const auto& peaks = json.at("peaks_gflop_per_second");
  ASSERT_EQ(json.at("cases").size(), 4U);
  for (const auto& one : json.at("cases")) {
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
  EXPECT_EQ(json.at("cases")[2].at("batch"), 3);
}

TEST(Bench, TimesAPriorWhoseOperationsAreNotCounted) {
  const TemporaryFolder folder;
  foehn::testing::write_gaussian_prior(folder / "prior");
  const auto [text, json] = result_of(folder);
  EXPECT_GT(json.at("cases")[0].at("seconds_per_window").get<double>(), 0);
  EXPECT_TRUE(json.at("cases")[0].at("gflop_per_second").is_null());
}

TEST(Bench, TakesTheMedianOfWarmCalls) {
  int calls = 0;
  const Timing timing = time_calls(3, [&] {
    ++calls;
    return at::zeros({1});
  });
  EXPECT_EQ(calls, 4);
  EXPECT_EQ(timing.repeats, 3);
  EXPECT_GT(timing.seconds, 0);
}

TEST(Bench, NamesOptionsThatDoNotFit) {
  EXPECT_THAT([] { run_alone(bench(), {}); }, ThrowsMessage<core::UsageError>(HasSubstr("prior.path")));
  EXPECT_THAT(
      [] {
        run_alone(bench(), {"prior", "--bench.network", "full"});
      },
      ThrowsMessage<core::UsageError>(HasSubstr("bench.network")));
  EXPECT_THAT(
      [] {
        run_alone(bench(), {"prior", "--bench.batches", "1.5"});
      },
      ThrowsMessage<core::UsageError>(HasSubstr("bench.batches")));
}

}  // namespace
}  // namespace foehn::app
