#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "evaluation/toy_files.hpp"
#include "foehn/core/digest.hpp"
#include "foehn/model/domain.hpp"
#include "io/test_files.hpp"
#include "refusal.hpp"

namespace foehn::testing::evaluate_test {
namespace {

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
    reference.grid = toy_grid(9, 14);
    write_toy(folder_ / "truth.nc", truth, reference);
    write_toy(folder_ / "coarse.nc", truth, {.step_hours = 6, .steps = 3, .block = 4});
  }

  Options options() const {
    return {{"input.members", folder_ / "member_*.nc"},
            {"input.reference", folder_ / "truth.nc"},
            {"input.observations", folder_ / "coarse.nc"},
            {"output.directory", folder_ / "scores"},
            {"data.crop", "0:8,0:12"}};
  }
  Options with(const std::string& name, const std::string& value) const {
    Options changed = options();
    changed[name] = value;
    return changed;
  }

  void expect_failure(const Options& options, const Words& words) const {
    expect_refusal(run_here("evaluate", options), {.name = "", .spoil = {}, .words = words});
  }

  nlohmann::json scores() const {
    return nlohmann::json::parse(io::content_of(folder_ / "scores/scores.json"));
  }

  TemporaryFolder folder_;
};

TEST_F(Evaluate, WritesScoresAndReportAndPrintsATable) {
  const Outcome outcome = run_here("evaluate", options());
  ASSERT_EQ(outcome.exit_code, 0) << outcome;
  if (!is_root()) {
    EXPECT_EQ(outcome.out, "");
    return;
  }
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("3 members"), HasSubstr("13 hours"),
                                 HasSubstr("tas (air_temperature_anomaly) [K]"), HasSubstr("fair CRPS")));
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
  ASSERT_EQ(run_here("evaluate", with("observation.std", "0.25")).exit_code, 0);
  if (!is_root()) return;
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
    const Outcome outcome = run_here("evaluate", options(), {"--validate-only"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome;
    return outcome.err;
  };
  const io::Attributes of_others{{"foehn_observations_digest", std::string("others")}};
  const std::string others = log_of(of_others);
  const std::string none = log_of({{"foehn_options_digest", std::string("any")}});
  const std::string same =
      log_of({{"foehn_observations_digest", core::sha256_of_file(folder_ / "coarse.nc")}});
  EXPECT_EQ(same, "");
  if (!is_root()) return;
  EXPECT_THAT(others,
              AllOf(HasSubstr("input.observations"), HasSubstr("member_000.nc"), HasSubstr("other files")));
  EXPECT_THAT(none, HasSubstr("no observations"));
}

TEST_F(Evaluate, SaysWhichHoursTheReferenceHas) {
  ToyFile reference;
  reference.first_hour = 3;
  write_toy(folder_ / "late.nc", truth, reference);
  Options late = with("input.reference", folder_ / "late.nc");
  late.erase("data.crop");
  const Outcome outcome = run_here("evaluate", late);
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  if (!is_root()) return;
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("input.reference"), HasSubstr("10 of the members' 13 hours"),
                                 HasSubstr("2019-03-26T03:00:00 to 2019-03-26T12:00:00")));
  EXPECT_EQ(scores().at("hours"), 10);
}

TEST_F(Evaluate, NeedsNoReference) {
  Options without = options();
  without.erase("input.reference");
  without.erase("data.crop");
  const Outcome outcome = run_here("evaluate", without);
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  if (!is_root()) return;
  EXPECT_THAT(outcome.out, HasSubstr("3 members without a reference"));
  EXPECT_FALSE(scores().at("variables").at("tas").at("all_hours").contains("fair_crps"));
}

TEST_F(Evaluate, SetsRunsSideBySide) {
  const std::string runs =
      "cold=" + (folder_ / "member_00[01].nc").string() + ",warm=" + (folder_ / "member_00[12].nc").string();
  const Outcome outcome = run_here("evaluate", with("input.members", runs));
  ASSERT_EQ(outcome.exit_code, 0) << outcome;
  if (!is_root()) return;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("warm - cold"), HasSubstr("run cold: 2 members")));
  EXPECT_THAT(files_in(folder_ / "scores"),
              ::testing::ElementsAre("cold/maps.nc", "cold/report.html", "cold/scores.json", "cold/scores.nc",
                                     "comparison.html", "comparison.json", "warm/maps.nc", "warm/report.html",
                                     "warm/scores.json", "warm/scores.nc"));
  const auto bias = nlohmann::json::parse(io::content_of(folder_ / "scores/comparison.json"))
                        .at("variables")
                        .at("tas")
                        .at("bias");
  EXPECT_NEAR(bias.at("values").at("cold").get<double>(), 0, 1e-4);
  EXPECT_NEAR(bias.at("differences").at("warm").get<double>(), 2, 1e-4);
}

/// Options without a reference and with an earlier period, in which all is 2 K colder.
class EvaluateSignal : public Evaluate {
 protected:
  Options with_historical() const {
    ToyFile member;
    member.first_hour = -24 * 400;
    for (const char* name : {"historical_0.nc", "historical_1.nc"})
      write_toy(folder_ / name, shifted(truth_of_400_days_later, -2), member);
    write_toy(folder_ / "historical_coarse.nc", shifted(truth_of_400_days_later, -2),
              {.first_hour = -24 * 400, .step_hours = 6, .steps = 3, .block = 4});
    Options with = options();
    with.erase("input.reference");
    with.erase("data.crop");
    with["historical.members"] = folder_ / "historical_*[01].nc";
    with["historical.observations"] = folder_ / "historical_coarse.nc";
    return with;
  }

 private:
  static double truth_of_400_days_later(double hour, std::size_t variable, std::int64_t y, std::int64_t x) {
    return truth(hour + 24 * 400, variable, y, x);
  }
};

TEST_F(EvaluateSignal, ShowsTheChangeBesideTheDrivingModels) {
  const Outcome outcome = run_here("evaluate", with_historical());
  ASSERT_EQ(outcome.exit_code, 0) << outcome;
  if (!is_root()) return;
  EXPECT_THAT(outcome.out, HasSubstr("climate-change signal"));
  // March is part of the later period alone.
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("historical.members"), HasSubstr("cover the year unlike")));
  const auto mean = scores().at("climate_change").at("variables").at("tas").at("mean").at("year");
  EXPECT_NEAR(mean.at("members").get<double>(), 3, 1e-4);  // members lie 1 K above the truth on average
  EXPECT_NEAR(mean.at("driving_model").get<double>(), 2, 1e-4);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "scores/maps.nc"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "scores/coarse_maps.nc"));
}

TEST_F(EvaluateSignal, NeedsMembersAndObservationsOfOneRun) {
  for (const char* missing : {"historical.members", "historical.observations"}) {
    Options without = with_historical();
    without.erase(missing);
    expect_refusal(run_here("evaluate", without),
                   {.name = "", .spoil = {}, .words = {missing, "needed"}, .exit_code = 2});
  }
  Options two = with_historical();
  two["input.members"] =
      "a=" + (folder_ / "member_000.nc").string() + ",b=" + (folder_ / "member_001.nc").string();
  expect_refusal(run_here("evaluate", two),
                 {.name = "", .spoil = {}, .words = {"historical.members", "one run"}, .exit_code = 2});
}

TEST_F(EvaluateSignal, RefusesTheSamePeriod) {
  Options same = with_historical();
  same["historical.members"] = folder_ / "member_*.nc";
  same["historical.observations"] = folder_ / "coarse.nc";
  expect_failure(same, {"historical.members", "does not end before"});
}

TEST_F(Evaluate, RefusesRunsOfOneNameOrWithoutOne) {
  const std::string member = folder_ / "member_000.nc";
  const auto expect_usage = [&](const std::string& members, const Words& words) {
    expect_refusal(run_here("evaluate", with("input.members", members)),
                   {.name = "", .spoil = {}, .words = words, .exit_code = 2});
  };
  expect_usage("a=" + member + ",a=" + member, {"input.members", "two runs are named 'a'"});
  expect_usage(member + ",a=" + member, {"input.members", "names a run", "has no name"});
}

TEST_F(Evaluate, RefusesMembersOfTwoRuns) {
  ToyFile member;
  member.attributes["foehn_options_digest"] = std::string("another");
  write_toy(folder_ / "member_003.nc", truth, member);
  expect_failure(options(), {"member_003.nc", "different runs", "foehn_options_digest"});
}

TEST_F(Evaluate, ValidateOnlyLeavesNoFolder) {
  EXPECT_EQ(run_here("evaluate", options(), {"--validate-only"}).exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "scores"));
}

TEST_F(Evaluate, RefusesTheWrongNumberOfStandardDeviations) {
  expect_failure(with("observation.std", "1,2"), {"2 standard deviations"});
  EXPECT_FALSE(std::filesystem::exists(folder_ / "scores"));
}

TEST_F(Evaluate, RefusesAFolderThatCannotBeWritten) {
  std::ofstream(folder_ / "scores") << "a file is in the way";
  expect_failure(options(), {"output.directory", "scores"});
}

TEST_F(Evaluate, NamesAPatternWithoutMembers) {
  std::filesystem::remove(folder_ / "member_000.nc");
  std::filesystem::remove(folder_ / "member_001.nc");
  std::filesystem::remove(folder_ / "member_002.nc");
  expect_failure(options(), {"input.members", "member_*.nc"});
}

TEST_F(Evaluate, NamesAPriorThatIsMissing) {
  expect_failure(with("input.prior", folder_ / "prior"), {"prior"});
}

TEST_F(Evaluate, SaysWhenThePriorHasNoClimatology) {
  std::filesystem::create_directory(folder_ / "prior");
  const at::Tensor quantiles = at::linspace(270, 300, 9, at::kDouble).unsqueeze(0);
  model::write_domain(folder_ / "prior/domain.nc", {{{"tas", "air_temperature_anomaly", "K"}},
                                                    toy_grid(8, 12),
                                                    calendar::Calendar::standard,
                                                    3600,
                                                    model::Normalisation::of_quantiles("quant95", quantiles),
                                                    quantiles});
  expect_failure(with("input.prior", folder_ / "prior"),
                 {"input.prior", "expected a prior of anomalies", "quant95"});
}

TEST_F(Evaluate, LeavesAnomaliesOfTransformedVariablesOutAndGoesOn) {
  std::filesystem::create_directory(folder_ / "prior");
  const io::Variable tas{"tas", "air_temperature_anomaly", "K"};
  const model::Climatology climatology(std::vector<model::Harmonic>(1),
                                       at::zeros({1, 1, 8, 12}, at::kDouble));
  model::write_domain(folder_ / "prior/domain.nc",
                      {{tas},
                       toy_grid(8, 12),
                       calendar::Calendar::standard,
                       3600,
                       model::Normalisation::anomaly(climatology, at::ones({1}, at::kDouble), {},
                                                     {observation::Transform::parse("logit:-1000:1000")}),
                       at::linspace(270, 300, 9, at::kDouble).unsqueeze(0)});
  const auto outcome = run_here("evaluate", with("input.prior", folder_ / "prior"));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  if (!is_root()) return;
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("input.prior"), HasSubstr("tas=logit:-1000:1000"),
                                 HasSubstr("scored without the climatology")));
}

}  // namespace
}  // namespace foehn::testing::evaluate_test
