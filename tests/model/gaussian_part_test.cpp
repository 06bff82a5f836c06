#include "foehn/model/gaussian_part.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <functional>
#include <optional>

#include "foehn/core/error.hpp"
#include "foehn/model/gaussian_prior.hpp"
#include "foehn/model/prior_bundle.hpp"
#include "io/test_files.hpp"
#include "model/two_variables.hpp"

namespace foehn::model::gaussian_part_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr std::int64_t kHours = 3, kVariables = 2, kNy = 4, kNx = 6;

Domain anomalies(const std::optional<Deviation>& deviation = {}) {
  return two_variables(anomalies_of_two_variables(deviation),
                       at::arange(9, at::kDouble).repeat({kVariables, 1}));
}

class GaussianPartTest : public ::testing::Test {
 protected:
  GaussianPartTest() {
    at::manual_seed(12);
    // Of a moving average: positive in every mode.
    const at::Tensor weights = at::randn({4, kVariables, kVariables, kNy * kNx}, at::kDouble);
    lags_ = at::zeros({kHours, kVariables, kVariables, kNy * kNx}, at::kDouble);
    for (std::int64_t lag = 0; lag < kHours; ++lag)
      for (std::int64_t i = 0; i + lag < 4; ++i)
        lags_[lag] += at::einsum("acm,bcm->abm", {weights[i], weights[i + lag]});
    lags_ = lags_.reshape({kHours, kVariables, kVariables, kNy, kNx});
  }
  void expect_refusal(const std::function<void(Domain&)>& change,
                      const ::testing::Matcher<const std::string&>& message) {
    Domain other = anomalies();
    change(other);
    save_gaussian_prior(folder_ / "prior", other, lags_, {});
    const ::testing::Matcher<const std::string&> both = AllOf(HasSubstr(folder_ / "prior"), message);
    EXPECT_THAT([&] { load_gaussian_part(folder_ / "prior", whole_); }, ThrowsMessage<core::Error>(both));
  }

  io::TemporaryFolder folder_;
  at::Tensor lags_;
  Domain whole_ = two_variables(
      Normalisation::of_quantiles(
          "quant95", at::stack({at::arange(9, at::kDouble) * 500, at::arange(9, at::kDouble) * 3})),
      at::arange(9, at::kDouble).repeat({kVariables, 1}));
};

TEST_F(GaussianPartTest, HasTheCovarianceOfFieldsInTheOtherPriorsUnits) {
  save_gaussian_prior(folder_ / "prior", anomalies(), lags_, {});
  const GaussianPart part = load_gaussian_part(folder_ / "prior", whole_);
  EXPECT_EQ(part.markov_order, 1);
  // Anomalies in physical units are 700 u and 4 u; the other prior divides these by its own scales.
  const at::Tensor scale = whole_.normalisation.scale();
  for (std::int64_t a = 0; a < kVariables; ++a)
    for (std::int64_t b = 0; b < kVariables; ++b) {
      const double unit[] = {700 / scale[0].item<double>(), 4 / scale[1].item<double>()};
      EXPECT_TRUE(at::allclose(part.lag_covariance.select(1, a).select(1, b),
                               lags_.select(1, a).select(1, b) * (unit[a] * unit[b]), 1e-12, 0));
    }
}

TEST_F(GaussianPartTest, RefusesAPriorOfOtherFields) {
  expect_refusal([](Domain& other) { other.variables[1].units = "km h-1"; },
                 AllOf(HasSubstr("uas [m s-1]"), HasSubstr("uas [km h-1]")));
  expect_refusal([](Domain& other) { other.variables[1].name = "vas"; }, HasSubstr("vas"));
  expect_refusal([](Domain& other) { other.grid.y.values[0] += 0.1; }, HasSubstr("grid"));
  expect_refusal([](Domain& other) { other.step_seconds = 7200; }, AllOf(HasSubstr("2 h"), HasSubstr("1 h")));
  expect_refusal(
      [](Domain& other) {
        at::Tensor variance = at::zeros({5, kVariables, kNy, kNx}, at::kDouble);
        variance[0] =
            at::linspace(0.5, 1.5, kVariables * kNy * kNx, at::kDouble).reshape({kVariables, kNy, kNx});
        other.normalisation =
            anomalies_of_two_variables(Deviation(Climatology(harmonics_for(3600, 5 * 86400), variance), 0.1));
      },
      HasSubstr("prior.deviation one"));
}

}  // namespace
}  // namespace foehn::model::gaussian_part_test
