// What observations may hold, and how far members may go from it.
#include "foehn/conditioning/plausible_values.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <vector>

#include "foehn/core/error.hpp"

namespace foehn::conditioning::plausible_values_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// Precipitation-like and temperature-like values: the first variable's quantiles are far apart at one end.
model::Domain domain(model::Normalisation normalisation, const at::Tensor& quantiles) {
  return {{{"pr", "precipitation_flux", "mm h-1"}, {"tas", "air_temperature", "K"}},
          {{"lat", "latitude", "degrees_north", {58, 57}},
           {"lon", "longitude", "degrees_east", {-3, -2}},
           std::nullopt},
          calendar::Calendar::standard,
          3600,
          std::move(normalisation),
          quantiles};
}

const at::Tensor kQuantiles = at::tensor({0., 0., 0., 0.01, 0.1, 0.2, 0.5, 2., 40.,  //
                                          250., 260., 265., 275., 280., 285., 290., 295., 300.},
                                         at::kDouble)
                                  .reshape({2, 9});

TEST(PlausibleRange, EndsThreeWidthsBeyondWhatThePriorKnows) {
  const auto domain_of_tas = domain(model::Normalisation::of_quantiles("quant95", kQuantiles), kQuantiles);
  const ingestion::PlausibleRange range = plausible_ranges(domain_of_tas)[1];
  const auto check = [&](float value) {
    const std::vector<float> field{280, 280, value, 280};
    ingestion::check_plausible(range, field, "2001-01-01", domain_of_tas.grid);
  };
  EXPECT_NO_THROW(check(449));
  EXPECT_NO_THROW(check(101));
  EXPECT_NO_THROW(check(NAN));
  EXPECT_THAT([&] { check(451); },
              ThrowsMessage<core::Error>(
                  AllOf(HasSubstr("tas: 451 K at 2001-01-01, lat 57, lon -3"), HasSubstr("250 to 300"))));
  EXPECT_THAT([&] { check(99); }, ThrowsMessage<core::Error>(HasSubstr("tas: 99 K")));
}

TEST(PlausibleRange, LiesWithinTheLimitsOfMembersInEveryMode) {
  std::vector<model::Normalisation> modes;
  for (const char* mode : {"minmax", "robust", "robust95", "quant95", "quant99"})
    modes.push_back(model::Normalisation::of_quantiles(mode, kQuantiles));
  // A climatology at the ends of what the prior knows.
  for (const double part : {0., 1.}) {
    const at::Tensor mean = kQuantiles.select(1, 0) * (1 - part) + kQuantiles.select(1, 8) * part;
    const model::Climatology climatology(model::harmonics_for(3600, 3600),
                                         mean.reshape({1, 2, 1, 1}).expand({1, 2, 2, 2}).clone());
    const at::Tensor scale = at::tensor({0.3, 6.0}, at::kDouble);
    modes.push_back(model::Normalisation::anomaly(climatology, scale));
    const at::Tensor variance =
        at::tensor({.04, .1, 1., 3., .3, 1.2, 1., 2.}, at::kDouble).reshape({1, 2, 2, 2});
    modes.push_back(model::Normalisation::anomaly(
        climatology, scale, model::Deviation(model::Climatology(climatology.harmonics(), variance), 0.1)));
  }
  for (const model::Normalisation& mode : modes) {
    const model::Domain one = domain(mode, kQuantiles);
    const at::Tensor limits = normalised_limits(one);
    for (const double beyond : {-3., 4.}) {  // widths from the lower end
      const at::Tensor width = kQuantiles.select(1, 8) - kQuantiles.select(1, 0);
      const at::Tensor values =
          (kQuantiles.select(1, 0) + beyond * width).reshape({2, 1, 1}).expand({2, 2, 2});
      const at::Tensor normalised = one.normalise(values, 0, one.calendar).abs();
      EXPECT_TRUE((normalised <= limits * (1 + 1e-12)).all().item<bool>()) << mode.mode();
      EXPECT_TRUE((normalised >= limits * 0.7).all().item<bool>()) << mode.mode();
    }
  }
}

}  // namespace
}  // namespace foehn::conditioning::plausible_values_test
