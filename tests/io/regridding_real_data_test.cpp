#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "foehn/grid/regridding.hpp"
#include "foehn/io/field_reader.hpp"
#include "io/regridding_files.hpp"

namespace foehn::io::regridding_real_data_test {
namespace {

constexpr const char* kNoRealData = "skipped: no real data";

/// The first instant of a file's only variable.
std::vector<float> read_first(const FieldReader& reader) {
  std::vector<float> values(static_cast<std::size_t>(reader.grid().cells()));
  reader.read(0, 1, values);
  return values;
}

TEST(RealData, CmipIsRegriddedToCordexAsByCdo) {
  const auto path = real_data("cmip6_6hr_MPI-ESM1-2-HR_ssp585_tas.nc");
  if (!path) GTEST_SKIP() << kNoRealData;
  const FieldReader source({*path}, {});
  const auto reference = real_data("ref_cdo_remapbil_MPI-HR_tas_to_EUR11.nc");
  const auto cordex = real_data("cordex_EUR11_mon_RACMO22E_tas_rotpole_1step.nc");
  ASSERT_TRUE(reference && cordex);
  const grid::Grid target = FieldReader({*cordex}, {}).grid();
  const std::vector<float> all = read_first(source);
  const std::vector<float> expected = read_first(FieldReader({*reference}, {}));

  // cdo takes the positions that the file names, and then every value is the same; the pole gives positions
  // up to 1e-6 degrees off those, which is one digit of a float32 in a hundredth of the cells.
  const NetcdfFile file = NetcdfFile::open(*cordex);
  const grid::Geographic in_file{file.read_doubles(file.variable("lat")),
                                 file.read_doubles(file.variable("lon"))};
  const auto as_cdo = differences(regrid(grid::bilinear_weights(source.grid(), in_file), all), expected);
  const auto weights = grid::bilinear_weights(source.grid(), grid::geographic_coordinates(target));
  const auto ours = differences(regrid(weights, all), expected);
  std::printf("against cdo: most %.3g K, rms %.3g K; at the file's own positions: %.3g K, %.3g K\n",
              ours.most, ours.rms, as_cdo.most, as_cdo.rms);
  constexpr double kFloatDigit = 3.1e-5;  // of temperatures from 256 to 512 K
  EXPECT_LT(as_cdo.most, kFloatDigit);
  EXPECT_LT(as_cdo.rms, 1e-7);
  EXPECT_LT(ours.most, 3 * kFloatDigit);
  EXPECT_LT(ours.rms, kFloatDigit / 3);

  // A third of the rows is enough: what the others hold changes nothing.
  const grid::Crop used = weights.used_source();
  EXPECT_LT(used.y1 - used.y0, 70);
  FieldSelection region;
  region.crop = used;
  const std::vector<float> part = read_first(FieldReader({*path}, region));
  std::vector<float> only_used(all.size(), 1e9F);
  const std::int64_t columns = used.x1 - used.x0;
  for (std::int64_t y = used.y0; y < used.y1; ++y)
    std::copy_n(part.begin() + (y - used.y0) * columns, columns,
                only_used.begin() + y * weights.source_nx + used.x0);
  EXPECT_EQ(regrid(weights, only_used), regrid(weights, all));
}

TEST(RealData, CmipIsRegriddedConservativelyToCordex) {
  const auto path = real_data("cmip6_6hr_MPI-ESM1-2-HR_ssp585_tas.nc");
  if (!path) GTEST_SKIP() << kNoRealData;
  const FieldReader source({*path}, {});
  const auto cordex = real_data("cordex_EUR11_mon_RACMO22E_tas_rotpole_1step.nc");
  ASSERT_TRUE(cordex);
  const grid::Grid target = FieldReader({*cordex}, {}).grid();
  const std::vector<float> field = read_first(source);
  const auto means = regrid(grid::conservative_weights(source.grid(), target), field);
  const auto points =
      regrid(grid::bilinear_weights(source.grid(), grid::geographic_coordinates(target)), field);
  const auto [most, rms] = differences(means, points);
  // Cells an eighth as wide as the source's take its steps: nowhere as far off as two of its cells.
  std::printf("conservative against bilinear: most %.3g K, rms %.3g K\n", most, rms);
  EXPECT_LT(rms, 1.0);
  EXPECT_LT(most, 15.0);
}

}  // namespace
}  // namespace foehn::io::regridding_real_data_test
