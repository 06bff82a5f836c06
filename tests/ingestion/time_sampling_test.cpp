#include "foehn/ingestion/time_sampling.hpp"

#include <gtest/gtest.h>

namespace foehn::ingestion {
namespace {

TEST(TimeMethod, IsFoundAmongTheOthers) {
  EXPECT_EQ(time_method("time: mean"), "mean");
  EXPECT_EQ(time_method("area: mean time: point"), "point");
  EXPECT_EQ(time_method("area: time: mean"), "mean");
  EXPECT_EQ(time_method("time: maximum (interval: 1 hour) area: mean"), "maximum");
  EXPECT_EQ(time_method("time: mean within days time: mean over days"), "mean within days mean over days");
  EXPECT_EQ(time_method("area: mean where land time: mean"), "mean");
  EXPECT_EQ(time_method("area: mean"), std::nullopt);
  EXPECT_EQ(time_method(""), std::nullopt);
}

}  // namespace
}  // namespace foehn::ingestion
