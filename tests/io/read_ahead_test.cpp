#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "foehn/io/field_reader.hpp"
#include "foehn/io/field_values.hpp"
#include "foehn/io/field_writer.hpp"
#include "io/test_files.hpp"

namespace foehn::io::read_ahead_test {
namespace {

constexpr std::int64_t kSide = 48, kCells = kSide * kSide, kChunk = 24;

/// A file of `tas` that compresses well: the hour in every cell.
void write_hours(const std::filesystem::path& path, std::int64_t hours, std::int64_t chunk = kChunk) {
  FieldHeader header;
  header.variables = {{"tas", "air_temperature_anomaly", "K"}};
  header.grid = {{"lat", "latitude", "degrees_north", {}}, {"lon", "longitude", "degrees_east", {}}, {}};
  for (std::int64_t i = 0; i < kSide; ++i) {
    header.grid.y.values.push_back(static_cast<double>(i));
    header.grid.x.values.push_back(static_cast<double>(i));
  }
  header.chunk_steps = chunk;
  FieldWriter writer(path, header);
  for (std::int64_t hour = 0; hour < hours; ++hour)
    writer.append(std::vector<float>(kCells, static_cast<float>(hour)));
  writer.commit();
}

double resident_mebibytes() {
  std::ifstream file("/proc/self/statm");
  double all = 0, resident = 0;
  file >> all >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

TEST(ReadAhead, KeepsNoMoreChunksThanReadingForwardNeeds) {
  const TemporaryFolder folder;
  write_hours(folder / "a.nc", 5 * kChunk);
  const NetcdfFile file = NetcdfFile::open(folder / "a.nc");
  const FieldLayout layout = read_layout(file, {"tas", "", ""}, Horizontal::rows_and_columns);
  ReadAhead ahead;
  std::vector<float> values(30 * kCells);
  for (const std::int64_t first : {0, 30, 60, 90}) {
    ahead.read(file, layout, {0, kSide, 0, kSide}, first, 30, values.data(), kCells);
    EXPECT_EQ(values.front(), first);
    EXPECT_EQ(values.back(), first + 29);
  }
  EXPECT_EQ(file.chunk_cache_bytes(layout.header), kChunk * kCells * 4);
}

TEST(ReadAhead, OfManyReadersFitsIntoABoundTogether) {
  constexpr std::int64_t kMebibyte = std::int64_t{1} << 20, kReaders = 40;
  std::vector<std::unique_ptr<ReadAhead::Share>> shares;
  for (std::int64_t reader = 0; reader < kReaders; ++reader) {
    shares.push_back(std::make_unique<ReadAhead::Share>());
    shares.back()->take();
    ASSERT_LE(ReadAhead::bytes_of_all(), ReadAhead::kMostBytesOfAll) << reader;
  }
  // Those that came first give back what is more than an even part.
  for (const auto& share : shares) EXPECT_LE(share->take(), ReadAhead::kMostBytesOfAll / kReaders);
  for (const auto& share : shares) EXPECT_EQ(share->take(), ReadAhead::kMostBytesOfAll / kReaders);
  EXPECT_LE(ReadAhead::bytes_of_all(), ReadAhead::kMostBytesOfAll);
  shares.resize(1);
  EXPECT_EQ(shares.front()->take(), 256 * kMebibyte);
  shares.clear();
  EXPECT_EQ(ReadAhead::bytes_of_all(), 0);
}

TEST(ReadAhead, KeepsWholeChunksThatNoCacheHoldsUntilItRests) {
  constexpr std::int64_t kHours = 7600;  // one chunk of 67 MiB, more than NetCDF-C keeps by itself
  const TemporaryFolder folder;
  write_hours(folder / "a.nc", kHours, kHours);
  std::filesystem::copy_file(folder / "a.nc", folder / "b.nc");  // HDF5 has one cache per file
  std::vector<FieldReader> readers;
  for (const char* name : {"a.nc", "b.nc"})
    readers.emplace_back(std::vector{folder / name}, FieldSelection{});
  std::vector<float> values(7 * kCells);
  for (std::int64_t first = 0; first + 7 <= kHours; first += 1803)
    for (const FieldReader& reader : readers) {
      reader.read(first, 7, values);
      ASSERT_EQ(values.front(), first);
      ASSERT_EQ(values.back(), first + 6);
    }
  EXPECT_EQ(ReadAhead::bytes_of_all(), 2 * kHours * kCells * 4);
  readers.front().rest();
  EXPECT_EQ(ReadAhead::bytes_of_all(), kHours * kCells * 4);
  readers.clear();
  EXPECT_EQ(ReadAhead::bytes_of_all(), 0);
}

TEST(ReadAhead, LeavesNothingInTheCacheOnceAChunkIsRead) {
  constexpr std::int64_t kHours = 600;  // one chunk of 5 MiB
  const TemporaryFolder folder;
  write_hours(folder / "a.nc", kHours, kHours);
  const NetcdfFile file = NetcdfFile::open(folder / "a.nc");
  const FieldLayout layout = read_layout(file, {"tas", "", ""}, Horizontal::rows_and_columns);
  ReadAhead ahead;
  std::vector<float> values(10 * kCells);
  ahead.read(file, layout, {0, kSide, 0, kSide}, 590, 10, values.data(), kCells);
  EXPECT_EQ(values.front(), 590);
  EXPECT_EQ(ReadAhead::bytes_of_all(), kHours * kCells * 4);
  EXPECT_EQ(file.chunk_cache_bytes(layout.header), 0);
}

TEST(FieldReader, TakesNoMoreMemoryForLongFiles) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the address sanitizer keeps memory that was freed";
#endif
  constexpr std::int64_t kFiles = 12, kHours = 80 * kChunk, kStep = 2 * kChunk;
  const TemporaryFolder folder;
  write_hours(folder / "0.nc", kHours);
  std::vector<FieldReader> readers;
  for (std::int64_t i = 0; i < kFiles; ++i) {
    const std::filesystem::path path = folder / (std::to_string(i) + ".nc");
    if (i > 0) std::filesystem::copy_file(folder / "0.nc", path);
    readers.emplace_back(std::vector{path}, FieldSelection{});
  }
  std::vector<float> values(kStep * kCells);
  double after_some = 0;
  for (std::int64_t first = 0; first < kHours; first += kStep) {
    for (const FieldReader& reader : readers) {
      reader.read(first, kStep, values);
      ASSERT_EQ(values.front(), first);
    }
    if (first == 2 * kStep) after_some = resident_mebibytes();
  }
  // The files hold 17 MiB each.
  EXPECT_LT(resident_mebibytes() - after_some, 20);
}

}  // namespace
}  // namespace foehn::io::read_ahead_test
