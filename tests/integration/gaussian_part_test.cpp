// Guidance by a Gaussian part with windows of its own.
#include <gmock/gmock.h>

#include "io/test_files.hpp"
#include "process.hpp"
#include "same_netcdf.hpp"
#include "toy_climate.hpp"

namespace foehn::testing::gaussian_part_test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class GaussianPart : public ::testing::Test {
 protected:
  void make(const std::string& subcommand, const Options& options) {
    const Outcome outcome = run_foehn(subcommand, options);
    ASSERT_EQ(outcome.exit_code, 0) << outcome;
  }
  Options options(const std::string& output) const {
    Options result = toy_climate().sample_options(folder_ / output);
    result["prior.path"] = folder_ / "prior";
    return result;
  }
  void expect_same_on_three_ranks(const Options& alone, const Options& shared) {
    ASSERT_NO_FATAL_FAILURE(make("sample", alone));
    const Outcome outcome = run_foehn("sample", shared, 3);
    ASSERT_EQ(outcome.exit_code, 0) << outcome;
    const std::string file = "/member_000.nc";
    EXPECT_THAT(netcdf_differences(alone.at("output.directory") + file, shared.at("output.directory") + file),
                IsEmpty());
    EXPECT_THAT(io::content_of(alone.at("output.directory") + "/run.json"),
                HasSubstr("\"covariance\": \"gaussian\""));
  }

  io::TemporaryFolder folder_;
};

TEST_F(GaussianPart, MayHaveLongerWindowsThanTheNetworkThatCorrectsIt) {
  Options train = toy_climate().train_options(folder_ / "prior");
  train["prior.gaussian_order"] = "5";
  ASSERT_NO_FATAL_FAILURE(make("train", train));
  expect_same_on_three_ranks(options("alone"), options("shared"));
}

}  // namespace
}  // namespace foehn::testing::gaussian_part_test
