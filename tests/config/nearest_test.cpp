#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "foehn/config/option_table.hpp"

namespace foehn::config::nearest_test {
namespace {

const std::vector<std::string> kCommands = {"synth",  "coarsen",  "fit",   "train", "prepare",
                                            "sample", "evaluate", "serve", "info",  "bench"};

TEST(Nearest, FindsTheWordASlipAway) {
  EXPECT_EQ(nearest("smaple", kCommands), "sample");      // swapped
  EXPECT_EQ(nearest("sampl", kCommands), "sample");       // left out
  EXPECT_EQ(nearest("traain", kCommands), "train");       // doubled
  EXPECT_EQ(nearest("eveluate", kCommands), "evaluate");  // mistyped
  EXPECT_EQ(nearest("fti", kCommands), "fit");
  EXPECT_EQ(nearest("info", kCommands), "info");
}

TEST(Nearest, PrefersTheNearer) {
  EXPECT_EQ(nearest("abcx", {"abyy", "abcd", "abcxx"}), "abcd") << "of equally near ones the first";
  EXPECT_EQ(nearest("sampler.step", {"sampler.stop1", "sampler.steps"}), "sampler.steps");
}

TEST(Nearest, OffersNothingFarAway) {
  EXPECT_EQ(nearest("downscale", kCommands), std::nullopt);
  EXPECT_EQ(nearest("x", kCommands), std::nullopt);
  EXPECT_EQ(nearest("", kCommands), std::nullopt);
  EXPECT_EQ(nearest("fit", {}), std::nullopt);
}

}  // namespace
}  // namespace foehn::config::nearest_test
