#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cmath>

#include "foehn/core/philox.hpp"
#include "foehn/io/field_reader.hpp"
#include "foehn/io/field_writer.hpp"
#include "process.hpp"

namespace foehn::testing::transforms_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::int64_t kNy = 8, kNx = 8, kHours = 600, kSampled = 25;

/// A record of precipitation, the square of what is above 0 of a Gaussian process, and its means over blocks.
class Transforms : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new io::TemporaryFolder;
    write(record(), kHours);
    write(truth(), kSampled);
    const Outcome coarse = run_foehn("coarsen", {{"input.file", truth()},
                                                 {"output.path", observations()},
                                                 {"observation.block", "2"},
                                                 {"observation.every", "6"}});
    ASSERT_EQ(coarse.exit_code, 0) << coarse;
    const Outcome fit = run_foehn("fit", {{"data.files", record()},
                                          {"data.transforms", "pr=power:0.5:0.01"},
                                          {"prior.markov_order", "3"},
                                          {"prior.path", prior()}});
    ASSERT_EQ(fit.exit_code, 0) << fit;
    EXPECT_THAT(fit.out, HasSubstr("of power:0.5:0.01"));
  }
  static void TearDownTestSuite() { delete folder_; }

  static std::string record() { return *folder_ / "record.nc"; }
  static std::string truth() { return *folder_ / "truth.nc"; }
  static std::string observations() { return *folder_ / "coarse.nc"; }
  static std::string prior() { return *folder_ / "prior"; }

  /// The first hours of the record. @param below  added to one value
  static void write(const std::string& path, std::int64_t hours, double below = 0) {
    at::Tensor z = at::empty({kHours, kNy, kNx}, at::kDouble);
    core::fill_normal<double>({.seed = 8}, 0, {z.data_ptr<double>(), static_cast<std::size_t>(z.numel())});
    for (const std::int64_t dimension : {0, 1, 2})
      for (std::int64_t i = 1; i < z.size(dimension); ++i)
        z.select(dimension, i).mul_(0.6).add_(z.select(dimension, i - 1), 0.8);
    at::Tensor amounts = (1.3 * z - 0.4).clamp_min(0).square().to(at::kFloat).contiguous();
    amounts[3][2][1].add_(below);
    io::FieldHeader header;
    header.variables = {{"pr", "", "mm h-1"}};
    header.grid = {
        {"lat", "latitude", "degrees_north", {}}, {"lon", "longitude", "degrees_east", {}}, std::nullopt};
    for (std::int64_t i = 0; i < kNy; ++i) {
      header.grid.y.values.push_back(50 + 0.1 * static_cast<double>(i));
      header.grid.x.values.push_back(0.1 * static_cast<double>(i));
    }
    io::FieldWriter writer(path, header);
    for (std::int64_t hour = 0; hour < hours; ++hour)
      writer.append({amounts[hour].data_ptr<float>(), kNy * kNx});
    writer.commit();
  }
  static Options sample_options(const std::string& output) {
    return {{"prior.path", prior()},     {"input.observations", observations()},
            {"observation.std", "0.1"},  {"time.hours", "25"},
            {"sampler.steps", "16"},     {"ensemble.members", "1"},
            {"output.directory", output}};
  }
  static at::Tensor fields(const std::string& path) {
    const io::FieldReader reader({path}, {});
    at::Tensor values =
        at::empty({reader.times().size(), reader.grid().ny(), reader.grid().nx()}, at::kFloat);
    reader.read(0, values.size(0), {values.data_ptr<float>(), static_cast<std::size_t>(values.numel())});
    return values;
  }

  /// Expects means over blocks that agree with the observations to within their error of 0.1 mm/h.
  static void expect_means(const std::string& member) {
    const at::Tensor coarse = fields(observations());
    const at::Tensor means =
        fields(member).reshape({kSampled, kNy / 2, 2, kNx / 2, 2}).mean(at::IntArrayRef{2, 4});
    at::Tensor error = at::empty({5}, at::kFloat);
    for (std::int64_t i = 0; i < 5; ++i) error[i] = (means[6 * i] - coarse[i]).square().mean().sqrt() / 0.1;
    EXPECT_LT(error.max().item<float>(), 1.6) << error;
  }

  static io::TemporaryFolder* folder_;
};
io::TemporaryFolder* Transforms::folder_ = nullptr;

TEST_F(Transforms, MembersAgreeWithObservationsAndAreNeverNegative) {
  for (const int ranks : {0, 2}) {
    const Outcome outcome =
        run_foehn("sample", sample_options(*folder_ / ("members" + std::to_string(ranks))), ranks);
    ASSERT_EQ(outcome.exit_code, 0) << outcome;
    EXPECT_THAT(outcome.err, HasSubstr("the prior is of transformed values (pr=power:0.5:0.01)"));
  }
  const std::string member = *folder_ / "members0/member_000.nc";
  EXPECT_EQ(io::content_of(member), io::content_of(*folder_ / "members2/member_000.nc"));
  const at::Tensor drawn = fields(member);
  EXPECT_EQ(drawn.min().item<float>(), 0);
  const at::Tensor between = drawn.gt(0).logical_and(drawn.le(0.01));
  EXPECT_EQ(between.sum().item<std::int64_t>(), 0);
  EXPECT_GT(drawn.eq(0).to(at::kFloat).mean().item<float>(), 0.4);
  expect_means(member);
  const Outcome info = run_foehn("info", {}, 0, {member});
  EXPECT_THAT(info.out, HasSubstr("power:0.5:0.01"));
}

TEST_F(Transforms, OfAPriorGivenCoarseFieldsTakeThemTransformed) {
  const Outcome trained = run_foehn("train", {{"data.files", record()},
                                              {"data.transforms", "pr=power:0.5:0.01"},
                                              {"prior.path", *folder_ / "conditional"},
                                              {"prior.kind", "conditional-residual"},
                                              {"prior.schedule", "edm"},
                                              {"prior.markov_order", "2"},
                                              {"network.hidden", "16,16"},
                                              {"network.blocks", "1,1"},
                                              {"network.attention", "1"},
                                              {"train.block", "2"},
                                              {"train.every", "6"},
                                              {"train.windows", "800"},
                                              {"train.batch", "16"},
                                              {"train.learning_rate", "0.002"}});
  ASSERT_EQ(trained.exit_code, 0) << trained;
  Options sample = sample_options(*folder_ / "given1");
  sample["prior.path"] = *folder_ / "conditional";
  sample["sampler.guidance"] = "none";
  sample.erase("observation.std");
  for (const int ranks : {1, 2}) {
    sample["output.directory"] = *folder_ / ("given" + std::to_string(ranks));
    const Outcome outcome = run_foehn("sample", sample, ranks);
    ASSERT_EQ(outcome.exit_code, 0) << outcome;
  }
  const std::string member = *folder_ / "given1/member_000.nc";
  EXPECT_EQ(io::content_of(member), io::content_of(*folder_ / "given2/member_000.nc"));
  EXPECT_EQ(fields(member).min().item<float>(), 0);
  EXPECT_GT(fields(member).eq(0).to(at::kFloat).mean().item<float>(), 0.4);
  sample["sampler.guidance"] = "mmps";
  sample["observation.std"] = "0.1";
  sample["output.directory"] = *folder_ / "guided";
  const Outcome guided = run_foehn("sample", sample);
  ASSERT_EQ(guided.exit_code, 0) << guided;
  expect_means(*folder_ / "guided/member_000.nc");
}

TEST_F(Transforms, RefuseNegativePrecipitationByName) {
  const auto expect_refused = [&](const std::string& subcommand, const Options& options, const char* why,
                                  const Words& others = {}) {
    const Outcome outcome = run_foehn(subcommand, options, 0, others);
    EXPECT_NE(outcome.exit_code, 0) << outcome;
    EXPECT_EQ(error_lines(outcome.err), 1) << outcome;
    EXPECT_THAT(outcome.err, HasSubstr(why)) << outcome;
  };
  const std::string negative = *folder_ / "negative.nc";
  write(negative, kHours, -9);
  Options fit{{"data.files", negative}, {"data.transforms", "pr=log:0.1"}, {"prior.path", *folder_ / "bad"}};
  expect_refused("fit", fit, "lies beyond the bounds of data.transforms pr=log:0.1; expected 0 or more");
  expect_refused("fit", fit, "negative.nc: pr: -", {"--validate-only"});
  fit["data.transforms"] = "pr=cube";
  expect_refused("fit", fit, "data.transforms: pr: expected log:SCALE[:DRY], power:EXPONENT[:DRY]");
  const std::string coarse = *folder_ / "negative_coarse.nc", part = *folder_ / "negative_part.nc";
  write(part, kSampled, -9);
  const Outcome made = run_foehn("coarsen", {{"input.file", part},
                                             {"output.path", coarse},
                                             {"observation.block", "2"},
                                             {"observation.every", "3"}});
  ASSERT_EQ(made.exit_code, 0) << made;
  Options sample = sample_options(*folder_ / "none");
  sample["input.observations"] = coarse;
  expect_refused("sample", sample, "lies beyond the bounds of the prior's transform; expected 0 or more");
  sample = sample_options(*folder_ / "none");
  io::write_content(*folder_ / "stations.csv",
                    "time,lat,lon,pr[mm h-1],pr_std[mm h-1]\n1970-01-01T02:00,50.1,0.1,-0.4,0.1\n");
  sample["input.stations"] = *folder_ / "stations.csv";
  expect_refused("sample", sample, "-0.4 mm h-1 lies beyond the bounds of the prior's transform");
  sample = sample_options(*folder_ / "none");
  sample["observation.gamma"] = "0.1";
  expect_refused("sample", sample, "observation.gamma: expected none with a prior of transforms");
  expect_refused("train",
                 {{"data.files", record()},
                  {"data.transforms", "pr=log:0.1"},
                  {"prior.path", *folder_ / "trained"},
                  {"prior.schedule", "edm"},
                  {"prior.kind", "conditional-residual"},
                  {"train.coarse_grid", "O8"}},
                 "data.transforms, train.coarse_grid: expected one of them, found both");
}

}  // namespace
}  // namespace foehn::testing::transforms_test
