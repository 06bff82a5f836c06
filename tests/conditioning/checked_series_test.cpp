#include "foehn/conditioning/checked_series.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cmath>

#include "conditioning/coarse_file.hpp"
#include "foehn/core/error.hpp"
#include "io/test_files.hpp"

namespace foehn::conditioning::checked_series_test {
namespace {

using io::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr std::int64_t kKeepNothing = 0;

TEST(CheckedSeries, GivesTheSameValuesWhetherItKeepsThemOrNot) {
  const TemporaryFolder folder;
  const std::filesystem::path path = write_coarse(folder / "coarse.nc", NAN);
  const auto kept = check_series(open_series({path}, coarse_file_domain()), 0.1);
  const auto read_again = check_series(open_series({path}, coarse_file_domain()), 0.1, kKeepNothing);
  ASSERT_EQ(kept.size(), 1);
  for (const auto& [first, count] : {std::pair{0, 3}, std::pair{1, 2}, std::pair{2, 1}})
    EXPECT_TRUE(at::allclose(kept[0].read(first, count), read_again[0].read(first, count), 0, 0,
                             /*equal_nan=*/true));
  EXPECT_TRUE(std::isnan(kept[0].read(0, 1)[0][0][0][0].item<float>()));
}

TEST(CheckedSeries, IsReadOnceWhereItIsKept) {
  const TemporaryFolder folder;
  const std::filesystem::path path = write_coarse(folder / "coarse.nc", 270);
  const auto kept = check_series(open_series({path}, coarse_file_domain()), 0);
  const at::Tensor before = kept[0].read(0, 3).clone();
  std::filesystem::remove(path);
  EXPECT_TRUE(at::equal(kept[0].read(0, 3), before));
}

TEST(CheckedSeries, RefusesValuesThatHaveChangedSinceTheyWereChecked) {
  const TemporaryFolder folder;
  const std::filesystem::path path = write_coarse(folder / "coarse.nc", 270);
  auto checked = check_series(open_series({path}, coarse_file_domain()), 0, kKeepNothing);
  write_coarse(path, 271);
  checked[0].move_to(std::move(open_series({path}, coarse_file_domain()).front()));
  EXPECT_NO_THROW(checked[0].read(1, 2));
  EXPECT_THAT([&] { checked[0].read(0, 3); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("coarse.nc"), HasSubstr("1970-01-01T00:00:00"),
                                               HasSubstr("changed since they were checked"))));
}

TEST(CheckedSeries, NamesTheFirstMissingValueOfTooMany) {
  const TemporaryFolder folder;
  const std::filesystem::path path = write_coarse(folder / "coarse.nc", NAN);
  EXPECT_THAT([&] { check_series(open_series({path}, coarse_file_domain()), 0.01); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("coarse.nc"), HasSubstr("1 of 18 values of tas"),
                                               HasSubstr("observation.missing_fraction"))));
}

TEST(CheckedSeries, NamesAValueThatIsFarFromAllThatThePriorKnows) {
  const TemporaryFolder folder;
  const std::filesystem::path path = write_coarse(folder / "coarse.nc", 340);
  EXPECT_THAT([&] { check_series(open_series({path}, coarse_file_domain()), 0); },
              ThrowsMessage<core::Error>(
                  AllOf(HasSubstr("coarse.nc"), HasSubstr("tas: 340 K at 1970-01-01T00:00:00"))));
}

}  // namespace
}  // namespace foehn::conditioning::checked_series_test
