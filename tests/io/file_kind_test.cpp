#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "foehn/core/error.hpp"
#include "foehn/io/netcdf.hpp"
#include "io/test_files.hpp"

namespace foehn::io::file_kind_test {
namespace {

using namespace std::string_view_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// What opening a file of this content complains about.
void expect_complaint(std::string_view content, const std::string& kind, const std::string& advice) {
  const TemporaryFolder folder;
  write_content(folder / "tas.nc", content);
  EXPECT_THAT([&] { NetcdfFile::open(folder / "tas.nc"); },
              ThrowsMessage<core::Error>(
                  AllOf(HasSubstr("tas.nc: cannot be opened as NetCDF: it is " + kind), HasSubstr(advice))));
}

TEST(FileKind, OfArchivesAndCompressedFilesIsNamed) {
  expect_complaint("PK\x03\x04\x14\0\0\0data_stream-oper.nc"sv, "a ZIP archive", "unzip");
  expect_complaint("\x1f\x8b\x08\0\0\0"sv, "compressed by gzip", "gunzip");
  expect_complaint("BZh91AY&SY"sv, "compressed by bzip2", "bunzip2");
  expect_complaint(
      "\xfd"
      "7zXZ\0\0\x04"sv,
      "compressed by xz", "unxz");
  expect_complaint("\x28\xb5\x2f\xfd\x04"sv, "compressed by Zstandard", "unzstd");
  std::string tar = "tas.nc" + std::string(251, '\0') + "ustar" + std::string(250, '\0');
  expect_complaint(tar, "a tar archive", "tar -xf");
}

TEST(FileKind, OfOtherFormatsOfFieldsIsNamed) {
  expect_complaint("GRIB\0\0\xff\x02"sv, "a GRIB file", "cdo -f nc4 copy");
  expect_complaint("\x0e\x03\x13\x01\0\0"sv, "an HDF4 file", "convert it to NetCDF-4");
  expect_complaint("netcdf tas {\ndimensions:\n"sv, "NetCDF as text (CDL)", "ncgen");
}

TEST(FileKind, OfWhatADownloadGaveInsteadIsNamed) {
  expect_complaint("\n<!DOCTYPE HTML>\n<html></html>"sv, "a web page (HTML)", "fetch it again");
  expect_complaint("<html>503 Service Unavailable</html>"sv, "a web page (HTML)", "fetch it again");
  expect_complaint("{\"error\": \"not logged in\"}"sv, "a JSON text", "fetch it again");
  expect_complaint("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"sv, "a pointer of Git LFS",
                   "git lfs pull");
  expect_complaint("quota exceeded\nsorry\n"sv, "text, which begins 'quota exceeded'", "");
  expect_complaint(""sv, "empty", "fetch it again");
}

TEST(FileKind, OfATruncatedNetcdf4FileIsSaidWithItsLengths) {
  const TemporaryFolder folder;
  FieldFile().write(folder / "tas.nc");
  const std::string whole = content_of(folder / "tas.nc");
  ASSERT_GT(whole.size(), 4000U);
  expect_complaint(whole.substr(0, 4000), "truncated: 4000 of " + std::to_string(whole.size()) + " bytes",
                   "fetch it again");
}

TEST(FileKind, OfUnknownBytesStaysUnknown) {
  const TemporaryFolder folder;
  write_content(folder / "tas.nc", "\x07\x01\x02\xff"sv);
  EXPECT_THAT([&] { NetcdfFile::open(folder / "tas.nc"); },
              ThrowsMessage<core::Error>(HasSubstr("truncated, unreadable or of another kind")));
}

}  // namespace
}  // namespace foehn::io::file_kind_test
