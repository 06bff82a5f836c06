#include "foehn/model/gaussian_fit.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <vector>

#include "foehn/core/error.hpp"
#include "foehn/core/philox.hpp"
#include "foehn/io/field_writer.hpp"
#include "foehn/model/gaussian_prior.hpp"
#include "model/lag_covariance.hpp"

namespace foehn::model::gaussian_fit_test {
namespace {

constexpr std::int64_t kNy = 4, kNx = 6, kHours = 4000;
constexpr double kMemory = 0.9;

/// Writes an hourly record: an AR(1) in every spatial mode with variance 4 / (1 + wavenumber^2) around 280 K.
class GaussianFitTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    path_ = std::filesystem::path(::testing::TempDir()) / "foehn_gaussian_fit_test.nc";
    io::FieldHeader header;
    header.variables = {{"tas", "air_temperature", "K"}};
    header.grid = {{"lat", "latitude", "degrees_north", {50, 51, 52, 53}},
                   {"lon", "longitude", "degrees_east", {0, 1, 2, 3, 4, 5}},
                   std::nullopt};
    io::FieldWriter writer(path_, header);
    const at::Tensor variance = mode_variance();
    const at::Tensor ty = cosine_transform(kNy), tx = cosine_transform(kNx);
    at::Tensor modes = at::zeros({kNy, kNx}, at::kDouble), noise = at::empty({kNy, kNx}, at::kDouble);
    for (std::int64_t hour = 0; hour < kHours; ++hour) {
      core::fill_normal<double>({.seed = 11}, static_cast<std::uint32_t>(hour),
                                {noise.data_ptr<double>(), kNy * kNx});
      const double innovation = hour == 0 ? 1 : std::sqrt(1 - kMemory * kMemory);
      modes = modes * (hour == 0 ? 0 : kMemory) + noise * variance.sqrt() * innovation;
      const at::Tensor field = (at::matmul(ty.t(), at::matmul(modes, tx)) + 280).to(at::kFloat).contiguous();
      writer.append({field.data_ptr<float>(), kNy * kNx});
    }
    writer.commit();
  }
  static void TearDownTestSuite() { std::filesystem::remove(path_); }

  static at::Tensor mode_variance() {
    at::Tensor variance = at::empty({kNy, kNx}, at::kDouble);
    for (std::int64_t y = 0; y < kNy; ++y)
      for (std::int64_t x = 0; x < kNx; ++x) variance[y][x] = 4.0 / static_cast<double>(1 + y * y + x * x);
    return variance;
  }

  static inline std::filesystem::path path_;
};

TEST_F(GaussianFitTest, FindsTheCovarianceBehindTheRecord) {
  const io::FieldReader reader({path_}, {});
  std::int64_t read = 0;
  // One deviation for all: the modes' variances are those of anomalies, not of anomalies by cell.
  const GaussianFit fit = fit_gaussian_prior(reader, {0, kHours}, {.markov_order = 2, .may_deviate = false},
                                             [&](std::int64_t hours) { read += hours; });
  EXPECT_EQ(read, kFitPasses * kHours);
  EXPECT_EQ(fit.domain.normalisation.deviation(), nullptr);
  const at::Tensor scale = fit.domain.normalisation.scale();
  // Total variance over modes divided by cells is a cell's variance.
  EXPECT_NEAR(scale.item<double>(), std::sqrt(mode_variance().sum().item<double>() / (kNy * kNx)), 0.03);
  const at::Tensor covariance = fit.lag_covariance.select(1, 0).select(1, 0) * scale.square();
  for (const std::int64_t lag : {0, 1, 4}) {
    const at::Tensor ratio = covariance[lag] / (mode_variance() * std::pow(kMemory, lag));
    // About 4000 (1 - 0.9)/(1 + 0.9) = 210 independent hours: a variance is known to 10 %.
    EXPECT_GT(ratio.min().item<double>(), 0.65) << lag;
    EXPECT_LT(ratio.max().item<double>(), 1.4) << lag;
    EXPECT_NEAR(ratio.mean().item<double>(), 1, 0.08) << lag;
  }
  EXPECT_NEAR(fit.quality.normalised_square, 1, 0.1);
  EXPECT_GT(fit.quality.held_out_log_likelihood, fit.quality.climatology_log_likelihood + 0.3);
  EXPECT_NEAR(fit.domain.quantiles[0][4].item<double>(), 280, 0.3);
  EXPECT_NEAR((fit.domain.quantiles[0][6] - fit.domain.quantiles[0][4]).item<double>(),
              1.645 * scale.item<double>(), 0.15);
}

TEST_F(GaussianFitTest, ShrinksALittleRecordMoreThanALongOne) {
  const io::FieldReader reader({path_}, {});
  const auto shrinkage = [&](std::int64_t hours) {
    return fit_gaussian_prior(reader, {0, hours}, {.markov_order = 2}, [](std::int64_t) {}).quality.shrinkage;
  };
  EXPECT_GT(shrinkage(60), shrinkage(kHours));
}

TEST_F(GaussianFitTest, ScalesAnomaliesToHoursThatTheClimatologyDoesNotKnow) {
  const io::FieldReader reader({path_}, {});
  double known = 0, stated = 0, found = 0;
  for (std::int64_t first = 0; first + 400 <= kHours; first += 400) {
    const GaussianFit fit =
        fit_gaussian_prior(reader, {first, first + 200}, {.markov_order = 2}, [](std::int64_t) {});
    const double scale = fit.domain.normalisation.scale().item<double>();
    stated += scale * scale;
    known += std::pow(scale / fit.inflation.item<double>(), 2);
    at::Tensor fields = at::empty({1, kNy, kNx}, at::kFloat);
    for (std::int64_t hour = first + 200; hour < first + 400; ++hour) {
      reader.read(hour, 1, {fields.data_ptr<float>(), kNy * kNx});
      const auto seconds = reader.times().seconds[static_cast<std::size_t>(hour)];
      found += std::pow(scale, 2) *
               fit.domain.normalise(fields, seconds, reader.times().calendar).square().mean().item<double>() /
               200;
    }
  }
  EXPECT_LT(known, 0.9 * found);
  EXPECT_NEAR(stated / found, 1, 0.1);
}

TEST_F(GaussianFitTest, SaysWhenThereAreTooFewHours) {
  EXPECT_THAT(
      [] {
        check_fit({0, 30}, {.markov_order = 6});
      },
      ::testing::ThrowsMessage<core::Error>(::testing::HasSubstr("expected at least 26 and 26")));
  EXPECT_NO_THROW(check_fit({0, 104}, {.markov_order = 6}));
}

TEST_F(GaussianFitTest, RefusesAVariableThatDoesNotVary) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "foehn_constant.nc";
  io::FieldHeader header;
  header.variables = {{"tas", "air_temperature", "K"}};
  header.grid = {{"lat", "latitude", "degrees_north", {50, 51}},
                 {"lon", "longitude", "degrees_east", {0, 1}},
                 std::nullopt};
  io::FieldWriter writer(path, header);
  writer.append(std::vector<float>(60 * 4, 273.F));
  writer.commit();
  const io::FieldReader reader({path}, {});
  EXPECT_THAT(
      [&] {
        fit_gaussian_prior(reader, {0, 60}, {.markov_order = 1}, [](std::int64_t) {});
      },
      ::testing::ThrowsMessage<core::Error>(
          ::testing::AllOf(::testing::HasSubstr("tas"), ::testing::HasSubstr("273"))));
  std::filesystem::remove(path);
}

TEST(IsotropicMean, KeepsWhatDependsOnTheWavenumberAloneAndSmoothsTheRest) {
  const at::Tensor flat = at::full({2, 1, 1, 5, 7}, 3.0, at::kDouble);
  EXPECT_TRUE(at::allclose(isotropic_mean(flat), flat));
  at::manual_seed(12);
  const at::Tensor rough = at::rand({2, 1, 1, 16, 16}, at::kDouble);
  EXPECT_LT(isotropic_mean(rough)[0].std().item<double>(), 0.6 * rough[0].std().item<double>());
}

TEST(LagCovarianceEstimator, CountsEachLagsPairs) {
  at::manual_seed(13);
  const at::Tensor record = at::randn({9, 1, 2}, at::kDouble);
  LagCovarianceEstimator estimator(2, 1, 2);
  at::Tensor lag_one = at::zeros({2}, at::kDouble);
  for (std::int64_t i = 0; i < 9; ++i) {
    estimator.add(record[i]);
    if (i > 0) lag_one += record[i - 1][0] * record[i][0];
  }
  EXPECT_TRUE(at::allclose(estimator.estimate()[1][0][0], lag_one / 9));
  EXPECT_TRUE(at::allclose(estimator.unbiased_estimate()[1][0][0], lag_one / 8));
  EXPECT_NEAR(estimator.root_mean_square().item<double>(), record.square().mean().sqrt().item<double>(),
              1e-12);
}

}  // namespace
}  // namespace foehn::model::gaussian_fit_test
