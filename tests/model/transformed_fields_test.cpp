#include "foehn/model/transformed_fields.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "foehn/core/error.hpp"
#include "foehn/core/philox.hpp"
#include "foehn/io/field_writer.hpp"
#include "foehn/model/gaussian_fit.hpp"
#include "foehn/model/gaussian_prior.hpp"
#include "io/test_files.hpp"
#include "model/censored_process.hpp"

namespace foehn::model::transformed_fields_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr std::int64_t kNy = 6, kNx = 8, kHours = 3000;
constexpr double kMemory = 0.85, kNeighbours = 0.7, kOffset = -0.4, kUnit = 1.3;

/// A process of first order in time, rows and columns, of unit variance, [hour, y, x].
at::Tensor process() {
  at::Tensor z = at::empty({kHours, kNy, kNx}, at::kDouble);
  core::fill_normal<double>({.seed = 8}, 0, {z.data_ptr<double>(), static_cast<std::size_t>(z.numel())});
  const auto remember = [&](std::int64_t dimension, double factor) {
    for (std::int64_t i = 1; i < z.size(dimension); ++i)
      z.select(dimension, i).mul_(std::sqrt(1 - factor * factor)).add_(z.select(dimension, i - 1), factor);
  };
  remember(0, kMemory);
  remember(1, kNeighbours);
  remember(2, kNeighbours);
  return z;
}

TEST(CensoredProcess, FindsMarginsAndMemoryOfWhatIsCutOff) {
  const at::Tensor truth = process(), values = truth * kUnit + kOffset, is_dry = values < 0;
  EXPECT_NEAR(is_dry.to(at::kDouble).mean().item<double>(), 0.62, 0.05);
  const at::Tensor seen = values.clamp_min(0);
  CensoredMargins margins({kNy, kNx});
  margins.add(seen, is_dry);
  const CensoredNormal found = margins.estimate(0);
  EXPECT_NEAR(found.mean.mean().item<double>(), kOffset, 0.15);
  EXPECT_NEAR(found.deviation.mean().item<double>(), kUnit, 0.1);
  const at::Tensor drawn = draw_censored(seen, is_dry, found, 0, {0, 0});
  const std::array<double, 3> correlation = correlation_of(is_dry);
  EXPECT_TRUE(at::equal(drawn.le(0), is_dry));
  EXPECT_TRUE(at::allclose(drawn.masked_select(is_dry.logical_not()),
                           seen.masked_select(is_dry.logical_not()), 1e-9, 1e-9));
  EXPECT_NEAR(correlation[0], kMemory, 0.04);
  EXPECT_NEAR(correlation[1], kNeighbours, 0.06);
  EXPECT_NEAR(correlation[2], kNeighbours, 0.06);
  EXPECT_NEAR(drawn.std().item<double>(), values.std().item<double>(), 0.1);
  const at::Tensor before = drawn.narrow(0, 0, kHours - 1) - drawn.mean(),
                   after = drawn.narrow(0, 1, kHours - 1) - drawn.mean();
  EXPECT_NEAR((before * after).mean().item<double>() / drawn.var().item<double>(), kMemory, 0.03);
}

/// A record whose amounts are the square of what is above 0.
class TransformedFieldsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    write(folder() / "pr.nc", (process() * kUnit + kOffset).clamp_min(0).square());
  }
  static void write(const std::filesystem::path& path, const at::Tensor& amounts) {
    io::FieldHeader header;
    header.variables = {{"pr", "", "mm h-1"}};
    header.grid = {{"lat", "latitude", "degrees_north", {50, 51, 52, 53, 54, 55}},
                   {"lon", "longitude", "degrees_east", {0, 1, 2, 3, 4, 5, 6, 7}},
                   std::nullopt};
    io::FieldWriter writer(path, header);
    for (std::int64_t hour = 0; hour < amounts.size(0); ++hour) {
      const at::Tensor field = amounts[hour].to(at::kFloat).contiguous();
      writer.append({field.data_ptr<float>(), kNy * kNx});
    }
    writer.commit();
  }
  static const io::TemporaryFolder& folder() {
    static const io::TemporaryFolder made;
    return made;
  }
  static GaussianFit fit(const std::filesystem::path& path, const char* transform) {
    const io::FieldReader reader({path}, {});
    return fit_gaussian_prior(
        reader, {0, reader.times().size()},
        {.markov_order = 6,
         .transforms = transforms_of({std::string("pr=") + transform}, reader.variables())},
        [](std::int64_t) {});
  }
};

/// Share of dry values, mean length of wet spells in hours, and the 99.9 % quantile.
struct Rain {
  double dry, spell, extreme;
};

/// Of windows, each of which cuts spells off at its ends.
Rain rain_in_windows(const std::vector<at::Tensor>& windows) {
  double hours = 0, begins = 0;
  for (const at::Tensor& window : windows) {
    const at::Tensor wet = window.gt(0);
    const std::int64_t last = wet.size(0) - 1;
    hours += wet.narrow(0, 1, last).sum().item<double>();
    begins += wet.narrow(0, 1, last).logical_and(wet.narrow(0, 0, last).logical_not()).sum().item<double>();
  }
  const at::Tensor all = at::cat(windows), sorted = std::get<0>(all.flatten().sort());
  return {all.eq(0).to(at::kDouble).mean().item<double>(), hours / begins,
          sorted[sorted.numel() * 999 / 1000].item<double>()};
}

TEST_F(TransformedFieldsTest, AGaussianPriorRainsAsItsRecordDoes) {
  const GaussianFit found = fit(folder() / "pr.nc", "power:0.5");
  const GaussianPrior prior(found.lag_covariance, at::kDouble);
  const io::FieldReader reader({folder() / "pr.nc"}, {});
  at::Tensor record = at::empty({kHours, kNy, kNx}, at::kFloat);
  reader.read(0, kHours, {record.data_ptr<float>(), static_cast<std::size_t>(record.numel())});
  std::vector<at::Tensor> recorded, drawn;
  for (std::int64_t first = 0; first + 13 <= kHours; first += 13)
    recorded.push_back(record.narrow(0, first, 13));
  for (std::uint32_t number = 0; number < 400; ++number) {
    at::Tensor white = at::empty(prior.window_shape(), at::kDouble);
    core::fill_normal<double>({.seed = 1}, number,
                              {white.data_ptr<double>(), static_cast<std::size_t>(white.numel())});
    at::Tensor window = prior.draw(white);
    for (std::int64_t hour = 0; hour < window.size(0); ++hour)
      window[hour] =
          found.domain.physical(window[hour].unsqueeze(0), hour * 3600, calendar::Calendar::standard)[0];
    drawn.push_back(window);
  }
  // Windows of the prior cut spells off, so those of the record are cut alike.
  const Rain truth = rain_in_windows(recorded), sampled = rain_in_windows(drawn);
  std::cout << "dry " << truth.dry << ", " << sampled.dry << "; wet spells " << truth.spell << ", "
            << sampled.spell << " h; 99.9 % " << truth.extreme << ", " << sampled.extreme << '\n';
  EXPECT_NEAR(sampled.dry / truth.dry, 1, 0.1);
  EXPECT_NEAR(sampled.spell / truth.spell, 1, 0.1);
  EXPECT_NEAR(sampled.extreme / truth.extreme, 1, 0.1);
  EXPECT_EQ(at::cat(drawn).min().item<double>(), 0);
  EXPECT_NEAR(found.domain.quantiles[0][0].item<double>(), 0, 1e-12);
  EXPECT_NEAR(found.domain.quantiles[0][8].item<double>() / record.max().item<double>(), 1, 1e-3);
}

TEST_F(TransformedFieldsTest, RefuseValuesBeyondTheBoundsAndAlwaysDryOnes) {
  at::Tensor amounts = at::ones({120, kNy, kNx});
  amounts[30][2][3] = -0.5;
  write(folder() / "negative.nc", amounts);
  EXPECT_THAT(
      [] { fit(folder() / "negative.nc", "log:0.1"); },
      ThrowsMessage<core::Error>(
          AllOf(HasSubstr("negative.nc: pr: -0.5 mm h-1 at 1970-01-02T06:00:00"), HasSubstr("lat 52, lon 3"),
                HasSubstr("lies beyond the bounds of data.transforms pr=log:0.1; expected 0 or more, "
                          "to within 0.0001"))));
  write(folder() / "dry.nc", at::zeros({120, kNy, kNx}));
  EXPECT_THAT(
      [] { fit(folder() / "dry.nc", "log:0.1"); },
      ThrowsMessage<core::Error>(HasSubstr("variable 'pr' is always dry: no value is above 0 mm h-1")));
}

TEST(TransformsOf, RefuseWordsThatNameNone) {
  const std::vector<io::Variable> variables{{"pr", "", "mm h-1"}, {"tas", "", "K"}};
  const auto refuses = [&](const std::vector<std::string>& words, const char* expected) {
    EXPECT_THAT([&] { transforms_of(words, variables); },
                ThrowsMessage<core::UsageError>(HasSubstr(expected)));
  };
  refuses({"log:0.1"}, "data.transforms: expected VARIABLE=TRANSFORM, such as pr=power:0.5, found 'log:0.1'");
  refuses({"rain=log:0.1"}, "data.transforms: expected one of the variables, pr, tas, found 'rain'");
  refuses({"pr=log:0.1", "pr=power:0.5"}, "data.transforms: pr is given twice");
  refuses({"pr=cube:3"}, "data.transforms: pr: expected log:SCALE[:DRY]");
  EXPECT_EQ(text_of(transforms_of({"tas=none", "pr=log:0.1"}, variables), variables), "pr=log:0.1");
  EXPECT_TRUE(transforms_of({"tas=none"}, variables).empty());
}

}  // namespace
}  // namespace foehn::model::transformed_fields_test
