#include <fmt/format.h>
#include <gmock/gmock.h>

#include "app/run_alone.hpp"
#include "app/subcommands.hpp"
#include "app/toy_prior.hpp"
#include "evaluation/toy_files.hpp"
#include "foehn/core/error.hpp"
#include "io/test_files.hpp"

namespace foehn::app::info_test {
namespace {

using foehn::testing::run_alone;
using io::TemporaryFolder;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::ThrowsMessage;

std::string said(const Arguments& arguments) {
  ::testing::internal::CaptureStdout();
  const int code = run_alone(info(), arguments);
  const std::string text = ::testing::internal::GetCapturedStdout();
  EXPECT_EQ(code, 0);
  return text;
}

TEST(Info, SaysWhatAScorePriorIs) {
  const TemporaryFolder folder;
  foehn::testing::write_score_prior(folder / "prior");
  const std::string text = said({folder / "prior"});
  const auto architecture = foehn::testing::toy_architecture();
  EXPECT_THAT(text, ContainsRegex("kind +score-unet\n"));
  EXPECT_THAT(text, AllOf(HasSubstr("psl (air_pressure_at_mean_sea_level) [Pa]"),
                          HasSubstr("uas (eastward_wind) [m s-1]")));
  EXPECT_THAT(text, HasSubstr("3 steps (of 1 h; Markov order 1)"));
  EXPECT_THAT(text,
              HasSubstr("8 x 12 cells (y, x): lat 58 to 56.25 by -0.25 degrees_north; lon -3 to 2.5 by 0.5"));
  EXPECT_THAT(text, HasSubstr("first row 58.00 N -3.00 E to 58.00 N 2.50 E; last row 56.25 N -3.00 E"));
  EXPECT_THAT(text, AllOf(ContainsRegex("normalisation +quant95\n"), HasSubstr("vp-cosine, eta 0.001"),
                          ContainsRegex("calendar +noleap\n")));
  EXPECT_THAT(text, HasSubstr("hidden 4, 6; blocks 1, 2; attention at levels 1; embedding 8"));
  EXPECT_THAT(text, HasSubstr(std::to_string(model::parameter_count(architecture) / 1000) + ","));
  EXPECT_THAT(text,
              HasSubstr(fmt::format("{:.4g} GFLOP per window",
                                    static_cast<double>(model::window_flops(architecture, 8, 12)) / 1e9)));
  EXPECT_THAT(text, HasSubstr(fmt::format("sha256 {}", model::prior_digest(folder / "prior"))));
}

TEST(Info, SaysWhatAGaussianPriorIs) {
  const TemporaryFolder folder;
  foehn::testing::write_gaussian_prior(folder / "prior");
  const std::string text = said({"--prior.path", folder / "prior"});
  EXPECT_THAT(text, AllOf(ContainsRegex("kind +gaussian\n"), HasSubstr("1,152 (F64) in 1 tensors")));
  EXPECT_THAT(text, Not(HasSubstr("GFLOP")));
}

TEST(Info, SaysWhatAMemberIs) {
  const TemporaryFolder folder;
  foehn::testing::ToyFile file;
  file.realization = 7;
  file.attributes = {{"foehn_seed", std::int64_t{42}},
                     {"foehn_prior_digest", std::string("abc123")},
                     {"foehn_observation_std", std::vector<double>{0.5, 2}}};
  foehn::testing::write_toy(
      folder / "member_007.nc", [](auto...) { return 280.0; }, file);
  const std::string text = said({folder / "member_007.nc"});
  EXPECT_THAT(text, ContainsRegex("trajectory +.*member_007.nc\n"));
  EXPECT_THAT(text, HasSubstr("tas (air_temperature_anomaly) [K]"));
  EXPECT_THAT(text, HasSubstr("2019-03-26T00:00:00 to 2019-03-26T12:00:00, 13 instants by 1 h (standard)"));
  EXPECT_THAT(text,
              AllOf(ContainsRegex("member +7\n"), ContainsRegex("seed +42\n"),
                    ContainsRegex("prior digest +abc123\n"), ContainsRegex("observation std +0.5, 2\n")));
}

TEST(Info, NamesWhatIsMissing) {
  const TemporaryFolder folder;
  EXPECT_THAT([&] { run_alone(info(), {folder / "nothing"}); },
              ThrowsMessage<core::Error>(HasSubstr("nothing")));
  std::filesystem::create_directories(folder / "empty");
  EXPECT_THAT([&] { run_alone(info(), {folder / "empty"}); },
              ThrowsMessage<core::Error>(HasSubstr("domain.nc")));
  EXPECT_THAT([] { run_alone(info(), {}); }, ThrowsMessage<core::UsageError>(HasSubstr("prior.path")));
}

}  // namespace
}  // namespace foehn::app::info_test
