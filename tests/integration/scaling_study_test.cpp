#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "io/test_files.hpp"
#include "process.hpp"
#include "toy_climate.hpp"

namespace foehn::testing::scaling_study_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ScalingStudy : public ::testing::Test {
 protected:
  Outcome measure(const Words& more) const {
    Words words{FOEHN_PYTHON, FOEHN_SOURCE "/tools/scaling_study",
                "--foehn",    FOEHN_PROGRAM,
                "--launch",   FOEHN_MPIEXEC " --quiet -n {ranks}",
                "--output",   folder_ / "study",
                "--prior",    toy_climate().prior};
    words.insert(words.end(), more.begin(), more.end());
    return run_command(words);
  }

  io::TemporaryFolder folder_;
};

TEST_F(ScalingStudy, MeasuresWhatIsNotMeasuredYetAndSumsUp) {
  const Words cases{"--studies", "strong",  "throughput", "--ranks",          "1",
                    "2",         "--hours", "13",         "--hours-per-rank", "9"};
  Words words = cases;
  words.insert(words.end(), {"--repeats", "2", "--", "--sampler.steps", "2"});
  const Outcome outcome = measure(words);
  ASSERT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("measurement 2 of 2"));
  const auto results = nlohmann::json::parse(io::content_of(folder_ / "study/results.json"));
  EXPECT_THAT(results["environment"]["foehn"].get<std::string>(), HasSubstr("foehn "));
  ASSERT_EQ(results["cases"].size(), 4U);
  const auto& shared = results["cases"][1];  // strong, on two ranks
  EXPECT_EQ(shared["measurements"][1]["runs"][0]["devices"]["cpu"], 2);
  EXPECT_GT(shared["measurements"][1]["runs"][0]["exchanged_MB"], 0);
  const auto& aside = results["cases"][3];  // two jobs of one rank
  EXPECT_EQ(aside["measurements"][1]["runs"].size(), 2U);

  ASSERT_EQ(results["summary"].size(), 4U);
  const auto &alone = results["summary"][0], &both = results["summary"][1];
  EXPECT_EQ(alone["efficiency"], 1);
  EXPECT_EQ(alone["model_efficiency"], 1);
  const double seconds = both["seconds"], base = alone["seconds"];
  EXPECT_NEAR(both["efficiency"], base / (2 * seconds), 1e-12);
  double shares = 0;
  for (const char* phase : {"loading", "computing", "waiting", "writing", "other"})
    shares += both[std::string("share_") + phase].get<double>();
  EXPECT_NEAR(shares, 1, 1e-9);
  const std::string csv = io::content_of(folder_ / "study/results.csv");
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 5);

  // Where processors are metered (here as if they were): jobs that share a host count its energy once.
  EXPECT_TRUE(both.contains("joules_per_simulated_year"));
  auto metered = results;
  for (auto& measurement : metered["cases"][3]["measurements"])
    for (std::size_t job = 0; job < 2; ++job)
      measurement["runs"][job]["energy_J"] = {{"processors", 1000. + 100. * static_cast<double>(job)}};
  std::filesystem::create_directory(folder_ / "metered");
  io::write_content(folder_ / "metered/results.json", metered.dump());
  const Outcome summary =
      run_command({FOEHN_PYTHON, FOEHN_SOURCE "/tools/scaling_study", "--output", folder_ / "metered"});
  ASSERT_EQ(summary.exit_code, 0) << summary;
  EXPECT_THAT(summary.out, HasSubstr("kWh per simulated year"));
  const auto lines = nlohmann::json::parse(io::content_of(folder_ / "metered/results.json"))["summary"];
  const double years = 2 * 9 / (365.25 * 24);  // two jobs of 9 hours, whose members are one each
  EXPECT_NEAR(lines[3]["joules_per_simulated_year"].get<double>(), 1100 / years, 1);

  const Outcome again = measure(words);
  EXPECT_EQ(again.exit_code, 0) << again;
  EXPECT_THAT(again.out, Not(HasSubstr("measurement")));
  words = cases;
  words.insert(words.end(), {"--repeats", "2", "--", "--sampler.steps", "3"});
  const Outcome other = measure(words);
  EXPECT_EQ(other.exit_code, 1) << other;
  EXPECT_THAT(other.err, HasSubstr("was measured with other settings (sample_options)"));
}

TEST_F(ScalingStudy, SaysWhatFoehnSaysWhereARunFails) {
  const Outcome outcome = measure({"--ranks", "1", "--", "--no.such_option", "1"});
  EXPECT_EQ(outcome.exit_code, 1) << outcome;
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("exit code 2"), HasSubstr("no.such_option")));
  EXPECT_THAT(measure({"--studies", "throughput", "--ranks", "3", "--ranks-per-job", "2"}).err,
              HasSubstr("expected a multiple of --ranks-per-job, 2"));
  EXPECT_THAT(measure({"--repeats", "1"}).err, HasSubstr("expected 2 or more"));
}

}  // namespace
}  // namespace foehn::testing::scaling_study_test
