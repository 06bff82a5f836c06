#include "service/experience.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace foehn::service::experience_test {
namespace {

Order order_of(std::int64_t hours, std::int64_t members, std::int64_t steps = 16) {
  Order order;
  order.settings.prior = "/prior";
  order.settings.steps = steps;
  order.settings.hours = hours;
  order.settings.members = members;
  return order;
}

/// 1000 instants in 10 s of loading and 50 s on 4 ranks: 0.2 rank-seconds each.
nlohmann::json line(const std::string& device = "cpu", double seconds = 60) {
  return {{"setting", setting_of(order_of(100, 10))},
          {"device", device},
          {"ranks", 4},
          {"seconds", seconds},
          {"loading_seconds", 10},
          {"instants", 1000}};
}

TEST(Experience, KnowsNothingAtFirst) {
  const Experience experience(2);
  EXPECT_EQ(experience.of(order_of(10, 1)).loading, 0);
  EXPECT_FALSE(experience.of(order_of(10, 1)).whole);
}

TEST(Experience, ScalesWithHoursMembersAndRanks) {
  Experience experience(2);
  experience.learn(line(), false);
  EXPECT_DOUBLE_EQ(*experience.of(order_of(50, 2)).whole, 10 + 0.2 * 100 / 2);
  EXPECT_EQ(experience.of(order_of(50, 2)).loading, 10);
  // Other settings take other times, and how long a trajectory is may stand in its observations.
  EXPECT_FALSE(experience.of(order_of(50, 2, 32)).whole);
  EXPECT_FALSE(experience.of(order_of(0, 2)).whole);
}

TEST(Experience, CountsTheServicesOwnDeviceOnceItIsKnown) {
  Experience experience(4);
  experience.learn(line("cpu", 60), false);
  experience.learn(line("cuda", 11), false);
  EXPECT_DOUBLE_EQ(*experience.of(order_of(1000, 1)).whole, 60) << "the slowest";
  experience.learn(line("cuda", 11), true);
  EXPECT_DOUBLE_EQ(*experience.of(order_of(1000, 1)).whole, 11);
}

TEST(Experience, TakesNoNoticeOfOtherLines) {
  Experience experience(4);
  for (const char* text :
       {R"({"event": "claimed"})", R"({"setting": 3})", R"({"setting": "a", "seconds": "b"})"})
    experience.learn(nlohmann::json::parse(text), false);
  EXPECT_FALSE(experience.of(order_of(10, 1)).whole);
}

}  // namespace
}  // namespace foehn::service::experience_test
