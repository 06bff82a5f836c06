// Guidance with each covariance that a network prior offers: the same bits on any number of ranks, and after
// a kill.
#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>

#include "io/test_files.hpp"
#include "process.hpp"
#include "same_netcdf.hpp"
#include "toy_climate.hpp"

namespace foehn::testing::covariance_test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CovarianceOf : public ::testing::TestWithParam<std::string> {
 protected:
  /// A network that corrects a Gaussian prior, hardly trained.
  static void SetUpTestSuite() {
    shared_ = new io::TemporaryFolder;
    const Outcome outcome = run_foehn("train", toy_climate().train_options(*shared_ / "prior"));
    ASSERT_EQ(outcome.exit_code, 0) << outcome;
  }
  static void TearDownTestSuite() { delete shared_; }

  Options options(const std::string& name) const {
    Options result = toy_climate().sample_options(folder_ / name);
    result["prior.path"] = *shared_ / "prior";
    result["sampler.covariance"] = GetParam();
    result["checkpoint.every_steps"] = "1";
    return result;
  }
  void expect_same(const std::string& name) const {
    EXPECT_THAT(netcdf_differences(folder_ / "alone/member_000.nc", folder_ / name / "member_000.nc"),
                IsEmpty())
        << name;
  }

  static io::TemporaryFolder* shared_;
  io::TemporaryFolder folder_;
};
io::TemporaryFolder* CovarianceOf::shared_ = nullptr;

TEST_P(CovarianceOf, APriorGuidesToTheSameBitsOnAnyNumberOfRanksAndAfterAKill) {
  const Outcome alone = run_foehn("sample", options("alone"));
  ASSERT_EQ(alone.exit_code, 0) << alone;
  EXPECT_THAT(io::content_of(folder_ / "alone/run.json"),
              HasSubstr("\"covariance\": \"" + GetParam() + "\""));
  for (const int ranks : {2, 3, 4}) {
    const std::string name = std::to_string(ranks) + " ranks";
    const Outcome outcome = run_foehn("sample", options(name), ranks);
    ASSERT_EQ(outcome.exit_code, 0) << outcome;
    expect_same(name);
  }
  {
    RunningCommand command = start_foehn("sample", options("killed"), 3);
    command.wait_until([&] {
      const auto files = files_in(folder_ / "killed");
      return std::ranges::any_of(files,
                                 [](const std::string& file) { return file.ends_with("manifest.json"); });
    });
    for (const pid_t process : command.ranks()) kill(process, SIGKILL);
    command.wait();
  }
  const Outcome rest = run_foehn("sample", options("killed"), 2);
  ASSERT_EQ(rest.exit_code, 0) << rest;
  expect_same("killed");
}

INSTANTIATE_TEST_SUITE_P(Each, CovarianceOf, ::testing::Values("gaussian", "network", "preconditioned"),
                         [](const auto& covariance) { return covariance.param; });

}  // namespace
}  // namespace foehn::testing::covariance_test
