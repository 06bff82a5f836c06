#include "foehn/job/self_check.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "app/toy_prior.hpp"
#include "job/field_check.hpp"
#include "job/hour_packing.hpp"

namespace foehn::job::self_check_test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A domain of toy variables whose data lie between 0 and 10, and a plan of 12 hours that observes the first
/// variable every 6 h.
struct Setting {
  model::Domain domain = foehn::testing::toy_domain();
  Plan plan;

  Setting() {
    const auto variables = static_cast<std::int64_t>(domain.variables.size());
    domain.quantiles = at::linspace(0, 10, 9, at::kDouble).expand({variables, 9}).contiguous();
    plan.period.hours = 12;
    plan.observations = {{{0}, 2, 6, {{0, 1}, {6, 7}}}};
    plan.windows.strides = {.noisy = 1, .clear = 1};
  }

  /// Hours of fields that are equal everywhere. @param value  at an hour, of every variable
  template <class Value>
  std::vector<float> member(Value&& value) const {
    std::vector<float> values;
    const std::size_t size = domain.variables.size() * static_cast<std::size_t>(domain.grid.cells());
    for (int hour = 0; hour < 12; ++hour) values.insert(values.end(), size, static_cast<float>(value(hour)));
    return values;
  }

  /// What ranks say of a member's hours, [hour, variable].
  std::vector<HourFacts> facts(const std::vector<float>& values) const {
    const HourPacking packing(plan, domain);
    const std::size_t hour = values.size() / 12;
    std::vector<HourFacts> facts;
    for (std::size_t first = 0; first < values.size(); first += hour) {
      const std::span all(values);
      const auto found = packing.facts_of(
          all.subspan(first, hour), first == 0 ? std::span<const float>() : all.subspan(first - hour, hour));
      facts.insert(facts.end(), found.begin(), found.end());
    }
    return facts;
  }

  /// Hands a member to a check.
  void watch(FieldCheck& check, const std::vector<float>& values) const {
    FieldCheck::Member member = check.new_member();
    check.add(member, facts(values));
    check.take(member);
  }
};

TEST(FieldCheck, CountsWhatIsBeyondTheRange) {
  const Setting setting;
  FieldCheck check(setting.plan, setting.domain);
  setting.watch(check, setting.member([](int hour) { return hour < 3 ? -1.0 : hour < 6 ? 11.0 : 5.0; }));
  EXPECT_EQ(check.members(), 1);
  for (const VariableCheck& found : check.finish()) EXPECT_EQ(found.beyond_range, 0.5);
}

/// Changes by 1 up and down, but by 3 to hour 6.
double jumping(int hour) {
  return (hour % 2 == 0 ? 0 : 1) + (hour >= 6 ? 4 : 0);
}

TEST(FieldCheck, ComparesChangesToObservedHoursWithOthers) {
  Setting setting;
  FieldCheck check(setting.plan, setting.domain);
  // Two members, so that the one change to an observed hour has a variance: 3 and -1 there, +-1 elsewhere.
  setting.watch(check, setting.member(jumping));
  setting.watch(check, setting.member([](int hour) { return hour % 2; }));
  const auto found = check.finish();
  ASSERT_TRUE(found[0].jump_at_observations);
  // Others: twelve of +1 and eight of -1, of variance 1 - 0.2^2.
  EXPECT_NEAR(*found[0].jump_at_observations, 2 / std::sqrt(1 - 0.04), 1e-12);
  EXPECT_FALSE(found[1].jump_at_observations);
  EXPECT_FALSE(found[0].jump_at_windows);
}

TEST(FieldCheck, ComparesChangesBetweenWindowsWithThoseWithin) {
  Setting setting;
  setting.plan.windows.strides.clear = 6;
  FieldCheck check(setting.plan, setting.domain);
  setting.watch(check, setting.member(jumping));
  setting.watch(check, setting.member([](int hour) { return hour % 2; }));
  const auto found = check.finish();
  ASSERT_TRUE(found[1].jump_at_windows);
  EXPECT_NEAR(*found[1].jump_at_windows, 2 / std::sqrt(1 - 0.04), 1e-12);
}

TEST(FieldCheck, MeasuresSpreadAtObservedHoursAndBetween) {
  const Setting setting;
  FieldCheck check(setting.plan, setting.domain);
  const auto spreading = [&](double sign) {
    return setting.member([sign](int hour) { return 5 + sign * (hour % 6 == 0 ? 0.5 : 2); });
  };
  for (const double sign : {-1.0, 0.0, 1.0}) setting.watch(check, spreading(sign));
  const auto found = check.finish();
  EXPECT_NEAR(found[0].spread_observed.value(), 0.5, 1e-12);
  EXPECT_NEAR(found[0].spread_between.value(), 2, 1e-12);
  EXPECT_FALSE(found[1].spread_observed);  // nothing of it is observed
}

TEST(FieldCheck, IsTheSameForAnyChunk) {
  const Setting setting;
  FieldCheck whole(setting.plan, setting.domain), parts(setting.plan, setting.domain);
  for (const double factor : {1.0, 1.1}) {
    const auto facts = setting.facts(setting.member([factor](int hour) { return factor * std::sin(hour); }));
    FieldCheck::Member one = whole.new_member(), other = parts.new_member();
    whole.add(one, facts);
    const std::size_t chunk = 5 * setting.domain.variables.size();
    for (std::size_t first = 0; first < facts.size(); first += chunk)
      parts.add(other, std::span(facts).subspan(first, std::min(chunk, facts.size() - first)));
    whole.take(one);
    parts.take(other);
  }
  EXPECT_EQ(*whole.finish()[0].jump_at_observations, *parts.finish()[0].jump_at_observations);
  EXPECT_EQ(*whole.finish()[0].spread_between, *parts.finish()[0].spread_between);
}

TEST(FieldCheck, ForgetsAMemberThatWasNotWritten) {
  const Setting setting;
  FieldCheck check(setting.plan, setting.domain);
  FieldCheck::Member member = check.new_member();
  check.add(member, setting.facts(setting.member([](int) { return 99.0; })));
  EXPECT_EQ(check.members(), 0);
  EXPECT_EQ(check.finish()[0].beyond_range, 0);
}

/// All that a check can find, and nothing wrong.
VariableCheck sound() {
  VariableCheck check;
  check.distance_rms = 1.02;
  check.distance_mean = 0.01;
  check.beyond_range = 0.0001;
  check.jump_at_observations = check.jump_at_windows = 1.05;
  check.spread_observed = 0.5;
  check.spread_between = 1;
  return check;
}

TEST(SelfCheck, SaysWhatItFinds) {
  const Setting setting;
  const SelfCheck check{3, std::vector<VariableCheck>(setting.domain.variables.size(), sound())};
  EXPECT_THAT(warnings(check, setting.domain), IsEmpty());
  EXPECT_THAT(describe(check, setting.domain.variables).front(),
              AllOf(HasSubstr("1.02 standard deviations from the observations"), HasSubstr("0.01 %"),
                    HasSubstr("1.05 times the others"), HasSubstr("spread 0.5")));
}

/// Something that is off, and what the warning says.
struct Off {
  const char* name;
  void (*spoil)(VariableCheck&);
  const char* words;
};

class SelfCheckWarns : public ::testing::TestWithParam<Off> {};

TEST_P(SelfCheckWarns, OfWhatIsOff) {
  const Setting setting;
  SelfCheck check{3, std::vector<VariableCheck>(setting.domain.variables.size(), sound())};
  GetParam().spoil(check.variables.back());
  EXPECT_THAT(
      warnings(check, setting.domain),
      ElementsAre(AllOf(HasSubstr(setting.domain.variables.back().name), HasSubstr(GetParam().words))));
}

INSTANTIATE_TEST_SUITE_P(
    SelfCheck, SelfCheckWarns,
    ::testing::Values(
        Off{"FarFromObservations", [](VariableCheck& check) { check.distance_rms = 2.5; },
            "2.5 standard deviations"},
        Off{"NotANumber", [](VariableCheck& check) { check.distance_rms = std::nan(""); },
            "standard deviations"},
        Off{"BeyondTheRange", [](VariableCheck& check) { check.beyond_range = 0.03; },
            "3.0 % of the members' values"},
        Off{"Jumps", [](VariableCheck& check) { check.jump_at_observations = 1.8; }, "1.80 times as strong"},
        Off{"StandsStill", [](VariableCheck& check) { check.jump_at_observations = 0.3; },
            "0.30 times as strong"},
        Off{"Windows", [](VariableCheck& check) { check.jump_at_windows = 1.8; }, "smaller sampler.stride"},
        Off{"WideSpread", [](VariableCheck& check) { check.spread_between = 5; },
            "more than the data of the prior"},
        Off{"NoSpread", [](VariableCheck& check) { check.spread_between = 0.01; }, "hardly differ"}),
    [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace foehn::job::self_check_test
