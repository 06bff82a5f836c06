#include "foehn/conditioning/file_input.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "conditioning/coarse_file.hpp"
#include "foehn/core/digest.hpp"
#include "foehn/core/error.hpp"
#include "io/test_files.hpp"

namespace foehn::conditioning::file_input_test {
namespace {

using io::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(FileInput, GivesTheDigestOfItsFile) {
  const TemporaryFolder folder;
  const std::filesystem::path path = write_coarse(folder / "coarse.nc", 270);
  FileInput input({path}, coarse_file_domain(), 0);
  EXPECT_EQ(input.read().digest, core::sha256_of_file(path));
}

TEST(FileInput, RefusesAFileThatChangedAfterItWasOpened) {
  const TemporaryFolder folder;
  const std::filesystem::path path = write_coarse(folder / "coarse.nc", 270);
  FileInput input({path}, coarse_file_domain(), 0);
  write_coarse(path, 271);
  EXPECT_THAT([&] { input.read(); }, ThrowsMessage<core::Error>(AllOf(
                                         HasSubstr("coarse.nc"), HasSubstr("changed while it was read"))));
}

TEST(FileInput, KnowsItsSeriesAfterReading) {
  const TemporaryFolder folder;
  FileInput input({write_coarse(folder / "coarse.nc", 270)}, coarse_file_domain(), 0);
  input.read();
  ASSERT_EQ(input.series().size(), 1);
  EXPECT_EQ(input.series()[0].spans.size(), 3);
}

}  // namespace
}  // namespace foehn::conditioning::file_input_test
