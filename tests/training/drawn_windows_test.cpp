#include "foehn/training/drawn_windows.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace foehn::training::drawn_windows_test {
namespace {

constexpr std::int64_t kDrawnHours = 3, kDrawnNy = 4, kDrawnNx = 6;

model::Normalisation anomalies_of(double scale, const std::optional<model::Deviation>& deviation) {
  const std::vector<model::Harmonic> constant{{}};
  return model::Normalisation::anomaly(
      model::Climatology(constant, at::zeros({1, 2, kDrawnNy, kDrawnNx}, at::kDouble)),
      at::full({2}, scale, at::kDouble), deviation);
}

/// White in space, of variance 1 and 0.25 for the two variables; the correlation of hours one and two apart
/// is 1/2 and 1/3.
at::Tensor covariance_of_hours() {
  at::Tensor lags = at::zeros({4, 2, 2, kDrawnNy, kDrawnNx}, at::kDouble);
  for (int lag = 0; lag < 4; ++lag)
    for (int variable = 0; variable < 2; ++variable)
      lags[lag][variable][variable] = (variable == 0 ? 1 : 0.25) / (1 + lag);
  return lags;
}

TEST(DrawnWindows, HaveTheCovarianceOfThePriorInTheUnitsOfTheRecord) {
  // What the record's anomalies are divided by at hour 30 differs from cell to cell, and from that at hour 6.
  const std::vector<model::Harmonic> daily = model::harmonics_for(3600, 5 * 86400);
  at::Tensor variance = at::zeros({5, 2, kDrawnNy, kDrawnNx}, at::kDouble);
  variance[0] = at::linspace(0.5, 2, 2 * kDrawnNy * kDrawnNx, at::kDouble).reshape({2, kDrawnNy, kDrawnNx});
  variance[1] = 0.4 * variance[0];
  const model::Deviation deviation(model::Climatology(daily, variance), 0.1);
  const model::Clock clock{calendar::Calendar::noleap, 0, 3600};
  const DrawnWindows windows(covariance_of_hours(), anomalies_of(4, {}), anomalies_of(2, deviation), clock,
                             kDrawnHours);
  std::vector<at::Tensor> drawn;
  for (std::uint32_t i = 0; i < 1500; ++i)
    for (const std::int64_t first : {6, 30}) {
      at::Tensor window = windows.draw(first, {.seed = 3, .member = i, .draw = 9}, 1).to(at::kDouble);
      for (std::int64_t hour = 0; hour < kDrawnHours; ++hour)
        window[hour].mul_(deviation.at((first + hour) * 3600, clock.calendar) / 2);
      drawn.push_back(window);
    }
  const at::Tensor all = at::stack(drawn);
  for (std::int64_t v = 0; v < 2; ++v)
    for (std::int64_t lag = 0; lag < kDrawnHours; ++lag) {
      const double expected = (v == 0 ? 1 : 0.25) / (1.0 + static_cast<double>(lag));
      const at::Tensor products = all.select(1, 0).select(1, v) * all.select(1, lag).select(1, v);
      EXPECT_NEAR(products.mean().item<double>(), expected, 0.02 * expected) << v << ", " << lag;
    }
  EXPECT_NEAR((all.select(2, 0) * all.select(2, 1)).mean().item<double>(), 0, 0.01);
}

TEST(DrawnWindows, DependOnTheirKeyAlone) {
  const DrawnWindows windows(covariance_of_hours(), anomalies_of(1, {}), anomalies_of(1, {}), {},
                             kDrawnHours);
  const core::NoiseKey key{.seed = 3, .member = 1, .draw = 9};
  EXPECT_TRUE(at::equal(windows.draw(5, key, 2), windows.draw(8, key, 2)));
  EXPECT_FALSE(at::allclose(windows.draw(5, key, 2), windows.draw(5, key, 3)));
  EXPECT_EQ(windows.draw(5, key, 2).sizes(), at::IntArrayRef({kDrawnHours, 2, kDrawnNy, kDrawnNx}));
}

}  // namespace
}  // namespace foehn::training::drawn_windows_test
