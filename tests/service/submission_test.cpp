#include "foehn/service/submission.hpp"

#include <gmock/gmock.h>

namespace foehn::service::submission_test {
namespace {

using ::testing::HasSubstr;

TEST(Submission, LeavesTheTextAsItWas) {
  // The second begins with a comment of its own.
  for (const std::string text : {"[prior]\npath = prior\n", "# mine\n[prior]\n", ""}) {
    const std::string with = with_origin(text, "/jobs/europe.ini");
    EXPECT_THAT(with, HasSubstr("from /jobs/europe.ini\n"));
    EXPECT_TRUE(submitted_at(with));
    EXPECT_EQ(without_origin(with), text);
    EXPECT_EQ(without_origin(text), text);
    EXPECT_FALSE(submitted_at(text));
  }
}

}  // namespace
}  // namespace foehn::service::submission_test
