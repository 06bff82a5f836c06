#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netcdf.h>

#include <array>

#include "foehn/core/error.hpp"
#include "io/test_files.hpp"

namespace foehn::io::classic_netcdf_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// What a file in a classic format holds: sizes that need padding, and those that do not.
struct Shape {
  int format;
  std::size_t records;
  bool two_record_variables;
  bool fixed_variable_last;
};

void write_classic(const std::filesystem::path& path, const Shape& shape) {
  int file = -1;
  int time = -1;
  int x = -1;
  ASSERT_EQ(nc_create(path.c_str(), NC_CLOBBER | shape.format, &file), NC_NOERR);
  ASSERT_EQ(nc_def_dim(file, "time", NC_UNLIMITED, &time), NC_NOERR);
  ASSERT_EQ(nc_def_dim(file, "x", 3, &x), NC_NOERR);
  ASSERT_EQ(nc_put_att_text(file, NC_GLOBAL, "title", 5, "whole"), NC_NOERR);
  const std::array<int, 2> dimensions{time, x};
  const std::array<short, 3> odd{1, 2, 3};
  int scalar = -1;
  int first = -1;
  int second = -1;
  int fixed = -1;
  ASSERT_EQ(nc_def_var(file, "scalar", NC_DOUBLE, 0, nullptr, &scalar), NC_NOERR);
  ASSERT_EQ(nc_put_att_short(file, scalar, "range", NC_SHORT, 3, odd.data()), NC_NOERR);
  ASSERT_EQ(nc_def_var(file, "first", NC_SHORT, 2, dimensions.data(), &first), NC_NOERR);
  if (shape.two_record_variables) {
    ASSERT_EQ(nc_def_var(file, "second", NC_BYTE, 2, dimensions.data(), &second), NC_NOERR);
  }
  if (shape.fixed_variable_last) {
    ASSERT_EQ(nc_def_var(file, "fixed", NC_SHORT, 1, &x, &fixed), NC_NOERR);
  }
  ASSERT_EQ(nc_enddef(file), NC_NOERR);
  for (std::size_t record = 0; record < shape.records; ++record) {
    const std::array<std::size_t, 2> start{record, 0};
    const std::array<std::size_t, 2> count{1, 3};
    ASSERT_EQ(nc_put_vara_short(file, first, start.data(), count.data(), odd.data()), NC_NOERR);
  }
  ASSERT_EQ(nc_close(file), NC_NOERR);
}

TEST(ClassicNetcdf, OpensWholeFilesAndRefusesTruncatedOnes) {
  const TemporaryFolder folder;
  for (const int format : {0, NC_64BIT_OFFSET, NC_64BIT_DATA}) {
    for (const std::size_t records : {0U, 1U, 5U}) {
      for (const bool two : {false, true}) {
        for (const bool fixed : {false, true}) {
          SCOPED_TRACE(::testing::Message()
                       << "format " << format << ", " << records << " records, " << two << fixed);
          write_classic(folder / "a.nc", {format, records, two, fixed});
          EXPECT_NO_THROW(NetcdfFile::open(folder / "a.nc"));
          // Up to three bytes at the end may be padding.
          const std::string whole = content_of(folder / "a.nc");
          for (std::size_t size = 40; size + 4 <= whole.size(); size += 29) {
            write_content(folder / "cut.nc", std::string_view(whole).substr(0, size));
            EXPECT_THAT([&] { NetcdfFile::open(folder / "cut.nc"); },
                        ThrowsMessage<core::Error>(AllOf(HasSubstr("cut.nc"), HasSubstr("truncated"))))
                << size << " of " << whole.size() << " bytes";
          }
          write_content(folder / "cut.nc", std::string_view(whole).substr(0, whole.size() - 4));
          EXPECT_THROW(NetcdfFile::open(folder / "cut.nc"), core::Error);
        }
      }
    }
  }
}

TEST(ClassicNetcdf, OpensFilesWhoseVariablesWereNeverWritten) {
  const TemporaryFolder folder;
  int file = -1;
  int x = -1;
  int variable = -1;
  ASSERT_EQ(nc_create((folder / "a.nc").c_str(), NC_CLOBBER, &file), NC_NOERR);
  int old_mode = 0;
  ASSERT_EQ(nc_set_fill(file, NC_NOFILL, &old_mode), NC_NOERR);
  ASSERT_EQ(nc_def_dim(file, "x", 1000, &x), NC_NOERR);
  ASSERT_EQ(nc_def_var(file, "v", NC_FLOAT, 1, &x, &variable), NC_NOERR);
  ASSERT_EQ(nc_close(file), NC_NOERR);
  EXPECT_NO_THROW(NetcdfFile::open(folder / "a.nc"));
}

}  // namespace
}  // namespace foehn::io::classic_netcdf_test
