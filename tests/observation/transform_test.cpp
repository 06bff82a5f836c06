#include "foehn/observation/transform.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cmath>

#include "foehn/core/error.hpp"
#include "foehn/observation/field_map.hpp"

namespace foehn::observation::transform_test {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(Transform, GoesThereAndBack) {
  const at::Tensor amounts = at::tensor({0.2, 1.0, 30.0}, at::kDouble);
  for (const char* text : {"log:0.1", "log:0.1:0.05", "power:0.33", "power:0.5:0.1", "none"}) {
    const Transform transform = Transform::parse(text);
    EXPECT_EQ(transform.text(), text);
    EXPECT_EQ(Transform::parse(transform.text()), transform);
    const at::Tensor there = transform.apply(amounts);
    EXPECT_TRUE(at::allclose(transform.invert(there), amounts, 1e-12)) << text;
    EXPECT_TRUE(there.diff().gt(0).all().item<bool>()) << text;
  }
  EXPECT_NEAR(Transform::parse("log:0.1").apply(amounts)[0].item<double>(), std::log(0.3), 1e-15);
  EXPECT_NEAR(Transform::parse("power:0.5").apply(amounts)[2].item<double>(), std::sqrt(30.0), 1e-14);
  const Transform share = Transform::parse("logit:0:100");
  const at::Tensor percent = at::tensor({0.0, 0.01, 50.0, 100.0}, at::kDouble);
  EXPECT_TRUE(at::allclose(share.invert(share.apply(percent)), percent, 1e-12, 1e-12));
  EXPECT_NEAR(share.apply(percent)[2].item<double>(), 0, 1e-15);
}

TEST(Transform, NeverLeavesItsBounds) {
  const at::Tensor anything = at::tensor({-1e3, -5.0, 0.0, 3.0}, at::kDouble);
  for (const char* text : {"log:0.1", "log:0.1:0.05", "power:0.33", "logit:0:100"})
    EXPECT_GE(Transform::parse(text).invert(anything).min().item<double>(), 0) << text;
  EXPECT_LE(Transform::parse("logit:0:100").invert(at::tensor({50.0, 1e3}, at::kDouble)).max().item<double>(),
            100);
}

TEST(Transform, TakesAllUpToDryForZero) {
  const Transform transform = Transform::parse("log:0.1:0.05");
  const at::Tensor limit = transform.apply(at::tensor({0.0, 0.03, 0.05}, at::kDouble));
  EXPECT_NEAR(limit.min().item<double>(), std::log(0.15), 1e-15);
  EXPECT_EQ(limit.min().item<double>(), limit.max().item<double>());
  const at::Tensor back = transform.invert(std::log(0.15) + at::tensor({-2.0, -1e-9, 1e-9}, at::kDouble));
  EXPECT_EQ(back[0].item<double>(), 0);
  EXPECT_EQ(back[1].item<double>(), 0);
  EXPECT_NEAR(back[2].item<double>(), 0.05, 1e-8);
  EXPECT_NEAR(transform.invert_smoothly(at::scalar_tensor(std::log(0.12), at::kDouble)).item<double>(), 0.02,
              1e-12);
}

TEST(Transform, RefusesWhatIsNone) {
  const auto refuses = [](const char* text, const char* expected) {
    EXPECT_THAT([&] { Transform::parse(text); }, ThrowsMessage<core::Error>(HasSubstr(expected))) << text;
  };
  refuses("sqrt", "expected log:SCALE[:DRY], power:EXPONENT[:DRY], logit:LOW:HIGH or none, found 'sqrt'");
  refuses("log", "expected log:SCALE or log:SCALE:DRY, SCALE above 0, found 'log'");
  refuses("log:0", "SCALE above 0, found 'log:0'");
  refuses("log:x", "expected numbers between colons");
  refuses("log:0.1:-1", "expected DRY of 0 or more, found 'log:0.1:-1'");
  refuses("power:2", "EXPONENT above 0 and below 1, found 'power:2'");
  refuses("logit:1:0", "expected logit:LOW:HIGH, LOW below HIGH, found 'logit:1:0'");
  refuses("log:nan", "expected numbers between colons");
}

/// Of the second of three variables: ln(x + 1) = 0.5 + 0.8 u, x in units of 2.
FieldMap log_map() {
  FieldMap::Variable variable{1, Transform::parse("log:1"), at::full({1, 1, 2}, 0.5),
                              at::full({1, 1, 2}, 0.8)};
  variable.scale = 2;
  return FieldMap({variable});
}

TEST(FieldMap, LeavesOtherVariablesAsTheyAre) {
  at::manual_seed(2);
  const at::Tensor slab = at::randn({3, 3, 1, 2}), mapped = log_map().apply(slab);
  EXPECT_TRUE(at::equal(mapped.select(1, 0), slab.select(1, 0)));
  EXPECT_TRUE(at::equal(mapped.select(1, 2), slab.select(1, 2)));
  const at::Tensor expected = (((slab.select(1, 1) * 0.8 + 0.5).exp() - 1) / 2).clamp_min(0);
  EXPECT_TRUE(at::allclose(mapped.select(1, 1), expected, 1e-5, 1e-6));
  const FieldMap::Line line = log_map().line_at(slab, 0.5);
  EXPECT_TRUE(at::equal(line.mean.select(1, 0), slab.select(1, 0)));
  EXPECT_EQ(line.slope.select(1, 2).min().item<float>(), 1);
}

TEST(FieldMap, KnowsHowWidelyVariablesSpread) {
  FieldMap::Variable variable{1, Transform::parse("log:1"), at::zeros({1, 1, 1}), at::ones({1, 1, 1})};
  variable.deviation = 0.3;
  const at::Tensor deviations = FieldMap({variable}).deviations(at::zeros({4, 3, 2, 5}, at::kDouble));
  EXPECT_TRUE(at::equal(deviations, at::tensor({1.0, 0.3, 1.0}, at::kDouble).view({3, 1, 1})));
}

TEST(FieldMap, FindsTheLineOfALogNormalVariable) {
  at::Tensor slab = at::zeros({1, 3, 1, 2});
  slab[0][1][0][0] = 3;  // far above the bound
  slab[0][1][0][1] = 4;
  for (const double noise : {1e-3, 0.2, 0.5}) {
    // u is known to d^2 = noise^2/(1 + noise^2), and ln(x + 1) to (0.8 d)^2.
    const double d2 = noise * noise / (1 + noise * noise), v = 0.64 * d2;
    const FieldMap::Line line = log_map().line_at(slab, noise);
    for (int x = 0; x < 2; ++x) {
      const double mean = std::exp(0.5 + 0.8 * slab[0][1][0][x].item<double>() + v / 2);
      EXPECT_NEAR(line.mean[0][1][0][x].item<double>(), (mean - 1) / 2, 1e-4 * mean) << noise;
      EXPECT_NEAR(line.slope[0][1][0][x].item<double>(), 0.8 * mean / 2, 1e-3 * mean) << noise;
      const FieldMap::Line known = log_map().line_at(slab, noise, at::full_like(slab, 0.5));
      EXPECT_NEAR(known.mean[0][1][0][x].item<double>(), (mean * std::exp(-0.375 * v) - 1) / 2, 1e-4 * mean);
    }
  }
}

TEST(FieldMap, HasASlopeWhereItIsDry) {
  at::Tensor slab = at::full({1, 3, 1, 2}, -1.5);  // ln(x + 1) = -0.7: dry
  EXPECT_EQ(log_map().apply(slab).select(1, 1).max().item<float>(), 0);
  // 0.4 exp(-0.7 + 0.16) Phi(-0.67)
  EXPECT_NEAR(log_map().line_at(slab, 1).slope.select(1, 1).min().item<float>(), 0.0585, 0.015);
}

}  // namespace
}  // namespace foehn::observation::transform_test
