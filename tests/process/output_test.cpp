// The folder that results go to, and its lock.
#include <gmock/gmock.h>

#include <filesystem>

#include "foehn/core/error.hpp"
#include "foehn/io/overwriting.hpp"
#include "foehn/process/output_folder.hpp"
#include "foehn/process/output_lock.hpp"
#include "io/test_files.hpp"

namespace foehn::process::output_test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(OutputFolder, StaysWhereItIsMeantToAndGoesWhereItIsNot) {
  const io::TemporaryFolder folder;
  { const OutputFolder made(folder / "a/b", "output.directory", true); }
  EXPECT_FALSE(fs::exists(folder / "a"));
  { const OutputFolder made(folder / "a/b", "output.directory", false); }
  EXPECT_TRUE(fs::is_empty(folder / "a/b"));
  { const OutputFolder made(folder / "a/b", "output.directory", true); }
  EXPECT_TRUE(fs::exists(folder / "a/b"));  // it was there before
}

TEST(OutputFolder, NamesTheOptionAndTheFolderThatCannotBeMade) {
  const io::TemporaryFolder folder;
  io::write_content(folder / "file", "in the way");
  EXPECT_THAT([&] { OutputFolder(folder / "file/below", "output.directory", false); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("output.directory"), HasSubstr("file/below"))));
}

TEST(OutputLock, KeepsAFolderForOneWriter) {
  const io::TemporaryFolder folder;
  {
    const OutputLock lock(folder / "", "output.directory");
    EXPECT_THAT([&] { OutputLock(folder / "", "output.directory"); },
                ThrowsMessage<core::Error>(AllOf(HasSubstr("output.directory: another run writes here"),
                                                 HasSubstr("is held by process"))));
  }
  const OutputLock again(folder / "", "output.directory");
}

TEST(RefuseOverwriting, NamesAnOutputThatIsRead) {
  const io::TemporaryFolder folder;
  io::write_content(folder / "tas.nc", "");
  EXPECT_THAT([&] { io::refuse_overwriting({folder / "tas.nc"}, folder / "./tas.nc", "output.path"); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("output.path"), HasSubstr("tas.nc"))));
  EXPECT_NO_THROW(io::refuse_overwriting({folder / "tas.nc"}, folder / "psl.nc", "output.path"));
}

}  // namespace
}  // namespace foehn::process::output_test
