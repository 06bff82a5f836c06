#include "foehn/conditioning/checked_series.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cmath>

#include "foehn/core/error.hpp"
#include "foehn/io/field_writer.hpp"
#include "io/test_files.hpp"

namespace foehn::conditioning {
namespace {

using io::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// One variable on 4 x 6 cells.
model::Domain domain() {
  const at::Tensor quantiles = at::arange(9, at::kDouble).mul(2).add(272).reshape({1, 9});
  return {{{"tas", "air_temperature", "K"}},
          {{"lat", "latitude", "degrees_north", {58, 57, 56, 55}},
           {"lon", "longitude", "degrees_east", {-3, -2, -1, 0, 1, 2}},
           std::nullopt},
          calendar::Calendar::standard,
          3600,
          model::Normalisation::of_quantiles("quant95", quantiles),
          quantiles};
}

/// Three observations every 6 h in blocks of 2 x 2.
std::filesystem::path write(const std::filesystem::path& path, double first_value) {
  io::FieldHeader header;
  header.variables = domain().variables;
  header.grid = grid::block_mean_grid(domain().grid, 2);
  header.first_seconds = 0;
  header.step_seconds = 6 * 3600;
  header.cell_methods = "time: point area: mean";
  io::FieldWriter writer(path, header);
  for (int i = 0; i < 3; ++i) {
    std::vector<float> values(6, static_cast<float>(280 + i));
    if (i == 0) values[0] = static_cast<float>(first_value);
    writer.append(values);
  }
  writer.commit();
  return path;
}

constexpr std::int64_t kKeepNothing = 0;

TEST(CheckedSeries, GivesTheSameValuesWhetherItKeepsThemOrNot) {
  const TemporaryFolder folder;
  const std::filesystem::path path = write(folder / "coarse.nc", NAN);
  const auto kept = check_series(open_series({path}, domain()), 0.1);
  const auto read_again = check_series(open_series({path}, domain()), 0.1, kKeepNothing);
  ASSERT_EQ(kept.size(), 1);
  for (const auto& [first, count] : {std::pair{0, 3}, std::pair{1, 2}, std::pair{2, 1}})
    EXPECT_TRUE(at::allclose(kept[0].read(first, count), read_again[0].read(first, count), 0, 0,
                             /*equal_nan=*/true));
  EXPECT_TRUE(std::isnan(kept[0].read(0, 1)[0][0][0][0].item<float>()));
}

TEST(CheckedSeries, IsReadOnceWhereItIsKept) {
  const TemporaryFolder folder;
  const std::filesystem::path path = write(folder / "coarse.nc", 270);
  const auto kept = check_series(open_series({path}, domain()), 0);
  const at::Tensor before = kept[0].read(0, 3).clone();
  std::filesystem::remove(path);
  EXPECT_TRUE(at::equal(kept[0].read(0, 3), before));
}

TEST(CheckedSeries, RefusesValuesThatHaveChangedSinceTheyWereChecked) {
  const TemporaryFolder folder;
  const std::filesystem::path path = write(folder / "coarse.nc", 270);
  auto checked = check_series(open_series({path}, domain()), 0, kKeepNothing);
  write(path, 271);
  checked[0].move_to(std::move(open_series({path}, domain()).front()));
  EXPECT_NO_THROW(checked[0].read(1, 2));
  EXPECT_THAT([&] { checked[0].read(0, 3); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("coarse.nc"), HasSubstr("1970-01-01T00:00:00"),
                                               HasSubstr("changed since they were checked"))));
}

TEST(CheckedSeries, NamesTheFirstMissingValueOfTooMany) {
  const TemporaryFolder folder;
  const std::filesystem::path path = write(folder / "coarse.nc", NAN);
  EXPECT_THAT([&] { check_series(open_series({path}, domain()), 0.01); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("coarse.nc"), HasSubstr("1 of 18 values of tas"),
                                               HasSubstr("observation.missing_fraction"))));
}

TEST(CheckedSeries, NamesAValueThatIsFarFromAllThatThePriorKnows) {
  const TemporaryFolder folder;
  const std::filesystem::path path = write(folder / "coarse.nc", 340);
  EXPECT_THAT([&] { check_series(open_series({path}, domain()), 0); },
              ThrowsMessage<core::Error>(
                  AllOf(HasSubstr("coarse.nc"), HasSubstr("tas: 340 K at 1970-01-01T00:00:00"))));
}

}  // namespace
}  // namespace foehn::conditioning
