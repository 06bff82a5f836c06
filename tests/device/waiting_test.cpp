#include "foehn/device/waiting.hpp"

#include <gmock/gmock.h>

#include <optional>

#include "foehn/core/error.hpp"

namespace foehn::device::waiting_test {
namespace {

TEST(WaitCheck, EndsAWaitThatWouldNeverEnd) {
  int looks = 0;
  const WaitCheck check([&] {
    if (++looks == 3) throw core::Error("the link is broken");
  });
  EXPECT_THAT([] { wait_until([] { return false; }, "for the GPU"); },
              ::testing::ThrowsMessage<core::Error>(::testing::HasSubstr("the link is broken")));
}

TEST(WaitCheck, IsNotMadeWhenItIsGone) {
  std::optional<WaitCheck> broken;
  broken.emplace([] { throw core::Error("the link is broken"); });
  const WaitCheck sound([] {});
  broken.reset();
  int looks = 0;
  EXPECT_NO_THROW(wait_until([&] { return ++looks == 3; }, "for the GPU"));
}

}  // namespace
}  // namespace foehn::device::waiting_test
