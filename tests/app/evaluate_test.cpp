#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "app/log_to.hpp"
#include "app/run_alone.hpp"
#include "app/subcommands.hpp"
#include "evaluation/toy_files.hpp"
#include "foehn/core/digest.hpp"
#include "foehn/core/error.hpp"
#include "foehn/model/domain.hpp"
#include "io/test_files.hpp"

namespace foehn::app {
namespace {

using foehn::testing::run_alone;
using foehn::testing::shifted;
using foehn::testing::ToyFile;
using foehn::testing::write_toy;
using io::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;

double truth(double hour, std::size_t /*variable*/, std::int64_t y, std::int64_t x) {
  return 280 + 0.5 * hour + static_cast<double>((3 * y + x) % 5);
}

/// Three members that lie 1 K below, 1 K above and 3 K above the truth, which the observations see every 6 h.
class Evaluate : public ::testing::Test {
 protected:
  Evaluate() {
    ToyFile member;
    member.attributes["foehn_observation_std"] = std::vector{0.5};
    write_toy(folder_ / "member_000.nc", shifted(truth, -1), member);
    write_toy(folder_ / "member_001.nc", shifted(truth, 1), member);
    write_toy(folder_ / "member_002.nc", shifted(truth, 3), member);
    ToyFile reference;
    reference.steps = 20;
    reference.grid = foehn::testing::toy_grid(9, 14);
    write_toy(folder_ / "truth.nc", truth, reference);
    write_toy(folder_ / "coarse.nc", truth, {.step_hours = 6, .steps = 3, .block = 4});
  }

  Arguments arguments(const Arguments& more = {}) const {
    Arguments words = {"--input.members",      folder_ / "member_*.nc",
                       "--input.reference",    folder_ / "truth.nc",
                       "--input.observations", folder_ / "coarse.nc",
                       "--output.directory",   folder_ / "scores",
                       "--data.crop",          "0:8,0:12"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  std::string failure(const Arguments& words) const {
    try {
      run_alone(evaluate(), words);
    } catch (const core::Error& error) {
      return error.what();
    }
    return "no error";
  }

  nlohmann::json scores() const {
    return nlohmann::json::parse(io::content_of(folder_ / "scores/scores.json"));
  }

  TemporaryFolder folder_;
};

TEST_F(Evaluate, WritesScoresAndReportAndPrintsATable) {
  ::testing::internal::CaptureStdout();
  ASSERT_EQ(run_alone(evaluate(), arguments()), 0);
  const std::string table = ::testing::internal::GetCapturedStdout();
  EXPECT_THAT(table, AllOf(HasSubstr("3 members"), HasSubstr("13 hours"),
                           HasSubstr("tas (air_temperature_anomaly) [K]")));

  const auto json = scores();
  EXPECT_EQ(json.at("members"), 3);
  EXPECT_EQ(json.at("hours"), 13);
  const auto& tas = json.at("variables").at("tas");
  // The members' float32 values are exact but for the last bits.
  EXPECT_NEAR(tas.at("all_hours").at("bias").get<double>(), 1, 1e-4);
  EXPECT_NEAR(tas.at("all_hours").at("fair_crps").get<double>(), 1.0 / 3, 1e-4);
  EXPECT_NEAR(tas.at("all_hours").at("spread").get<double>(), 2, 1e-4);
  EXPECT_NEAR(tas.at("observation_agreement").at("mean").get<double>(), 2, 1e-3);
  EXPECT_EQ(tas.at("observation_agreement").at("standard_deviation"), 0.5);
  EXPECT_EQ(tas.at("by_hours_since_observation").size(), 6U);

  EXPECT_THAT(io::content_of(folder_ / "scores/report.html"), HasSubstr("data:image/png;base64"));
  EXPECT_THAT(io::content_of(folder_ / "scores/scores.nc"), HasSubstr("tas_fair_crps"));
}

TEST_F(Evaluate, TakesTheObservationErrorFromTheOption) {
  ::testing::internal::CaptureStdout();
  ASSERT_EQ(run_alone(evaluate(), arguments({"--observation.std", "0.25"})), 0);
  ::testing::internal::GetCapturedStdout();
  EXPECT_NEAR(scores().at("variables").at("tas").at("observation_agreement").at("mean").get<double>(), 4,
              1e-3);
}

TEST_F(Evaluate, WarnsOfObservationsThatMembersWereNotDrawnFrom) {
  const auto log_of = [&](const io::Attributes& attributes) {
    ToyFile member;
    member.attributes = attributes;
    member.attributes["foehn_observation_std"] = 0.5;
    for (const char* name : {"member_000.nc", "member_001.nc", "member_002.nc"})
      write_toy(folder_ / name, truth, member);
    std::ostringstream log;
    const foehn::testing::LogTo scope(log);
    EXPECT_EQ(run_alone(evaluate(), arguments({"--validate-only"})), 0);
    return log.str();
  };
  const io::Attributes of_others{{"foehn_observations_digest", std::string("others")}};
  EXPECT_THAT(log_of(of_others),
              AllOf(HasSubstr("input.observations"), HasSubstr("member_000.nc"), HasSubstr("other files")));
  EXPECT_THAT(log_of({{"foehn_options_digest", std::string("any")}}), HasSubstr("no observations"));
  EXPECT_EQ(log_of({{"foehn_observations_digest", core::sha256_of_file(folder_ / "coarse.nc")}}), "");
}

TEST_F(Evaluate, ValidateOnlyLeavesNoFolder) {
  EXPECT_EQ(run_alone(evaluate(), arguments({"--validate-only"})), 0);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "scores"));
}

TEST_F(Evaluate, RefusesTheWrongNumberOfStandardDeviations) {
  EXPECT_THAT(failure(arguments({"--observation.std", "1,2"})), HasSubstr("2 standard deviations"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "scores"));
}

TEST_F(Evaluate, RefusesAFolderThatCannotBeWritten) {
  std::ofstream(folder_ / "scores") << "a file is in the way";
  EXPECT_THAT(failure(arguments()), AllOf(HasSubstr("output.directory"), HasSubstr("scores")));
}

TEST_F(Evaluate, NamesAPatternWithoutMembers) {
  std::filesystem::remove(folder_ / "member_000.nc");
  std::filesystem::remove(folder_ / "member_001.nc");
  std::filesystem::remove(folder_ / "member_002.nc");
  EXPECT_THAT(failure(arguments()), AllOf(HasSubstr("input.members"), HasSubstr("member_*.nc")));
}

TEST_F(Evaluate, NamesAPriorThatIsMissing) {
  EXPECT_THAT(failure(arguments({"--input.prior", folder_ / "prior"})), HasSubstr("prior"));
}

TEST_F(Evaluate, SaysWhenThePriorHasNoClimatology) {
  std::filesystem::create_directory(folder_ / "prior");
  const at::Tensor quantiles = at::linspace(270, 300, 9, at::kDouble).unsqueeze(0);
  model::write_domain(folder_ / "prior/domain.nc", {{{"tas", "air_temperature_anomaly", "K"}},
                                                    foehn::testing::toy_grid(8, 12),
                                                    calendar::Calendar::standard,
                                                    3600,
                                                    model::Normalisation::of_quantiles("quant95", quantiles),
                                                    quantiles});
  EXPECT_THAT(
      failure(arguments({"--input.prior", folder_ / "prior"})),
      AllOf(HasSubstr("input.prior"), HasSubstr("expected a prior of anomalies"), HasSubstr("quant95")));
}

}  // namespace
}  // namespace foehn::app
