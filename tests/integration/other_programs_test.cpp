#include <gmock/gmock.h>

#include "io/run_command.hpp"
#include "io/test_files.hpp"
#include "process.hpp"
#include "toy_climate.hpp"

namespace foehn::testing::other_programs_test {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

/// Whether others can read what the program writes: a member, the toy reanalysis and the observations.
class OtherPrograms : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const auto& toy = toy_climate();
    folder_ = new io::TemporaryFolder;
    Options options = toy.sample_options(*folder_ / "out");
    options["ensemble.first_member"] = "7";
    const Outcome outcome = run_foehn("sample", options);
    ASSERT_EQ(outcome.exit_code, 0) << outcome;
    files_ = {*folder_ / "out/member_007.nc", toy.truth, toy.observations};
  }
  static void TearDownTestSuite() { delete folder_; }

  static io::TemporaryFolder* folder_;
  static std::vector<std::filesystem::path> files_;
};
io::TemporaryFolder* OtherPrograms::folder_ = nullptr;
std::vector<std::filesystem::path> OtherPrograms::files_;

TEST_F(OtherPrograms, RsvgDrawsEachFigureOfTheReport) {
  if (run_command({"rsvg-convert", "--version"}).exit_code != 0) GTEST_SKIP() << "skipped: no rsvg-convert";
  const Outcome outcome = run_foehn("evaluate", {{"input.members", files_[0]},
                                                 {"input.reference", files_[1]},
                                                 {"input.observations", files_[2]},
                                                 {"output.directory", *folder_ / "scores"}});
  ASSERT_EQ(outcome.exit_code, 0) << outcome;
  const auto drawn = run_command({FOEHN_PYTHON, FOEHN_SOURCE "/tools/figures",
                                  *folder_ / "scores/report.html", *folder_ / "figures", "200"});
  ASSERT_EQ(drawn.exit_code, 0) << drawn;
  std::size_t figures = 0;
  const std::string page = io::content_of(*folder_ / "scores/report.html");
  for (auto at = page.find("<figure"); at != std::string::npos; at = page.find("<figure", at + 1)) ++figures;
  const auto files = files_in(*folder_ / "figures");
  EXPECT_GT(figures, 20U);
  EXPECT_EQ(files.size(), figures);
  EXPECT_THAT(files.front(), ::testing::MatchesRegex("001-.*\\.png"));
}

TEST_F(OtherPrograms, XarrayOpensTheFilesWithoutAWarning) {
  if (run_command({FOEHN_PYTHON, "-c", "import xarray"}).exit_code != 0)
    GTEST_SKIP() << "skipped: " << FOEHN_PYTHON << " has no xarray";
  // Warnings count from here on: those of the imports are not ours.
  const std::string script = R"(
import sys, warnings
import netCDF4, numpy, pandas, xarray
warnings.simplefilter("error")
for path in sys.argv[1:]:
    with xarray.open_dataset(path) as data:
        data.load()
        assert data.psl.dims == ("time", "lat", "lon"), data.psl.dims
        assert data.tas.dtype == numpy.float32
        assert data.tas.attrs["units"] == "K" and data.tas.attrs["standard_name"] == "air_temperature"
        assert bool((abs(data.tas - 283) < 40).all()) and bool((abs(data.psl - 101325) < 8000).all())
        assert numpy.issubdtype(data.time.dtype, numpy.datetime64), data.time.dtype
        print(data.sizes["time"], data.sizes["lat"], data.sizes["lon"], pandas.Timestamp(data.time.values[-1]),
              int(data.coords["realization"]) if "realization" in data.coords else "none")
)";
  Words words = {FOEHN_PYTHON, "-c", script};
  words.insert(words.end(), files_.begin(), files_.end());
  const Outcome outcome = run_command(words);
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(outcome.out,
            "25 16 24 2001-01-09 00:00:00 7\n"
            "240 16 24 2001-01-10 23:00:00 none\n"
            "5 2 3 2001-01-09 00:00:00 none\n");
}

TEST_F(OtherPrograms, CdoReadsTimesAndGridWithoutAWarning) {
  if (!has_program("cdo")) GTEST_SKIP() << "skipped: no cdo";
  for (const auto& file : files_) {
    for (const std::string operation : {"sinfo", "griddes"}) {
      const Outcome outcome = run_command({"cdo", operation, file});
      EXPECT_EQ(outcome.exit_code, 0) << outcome;
      // cdo reports its progress on stderr, on a line that begins with its name.
      EXPECT_THAT(io::without_cdo_on_realization(outcome.out + outcome.err),
                  AllOf(Not(ContainsRegex("[Ww]arning")), Not(HasSubstr("Unsupported"))));
    }
  }
  const std::string grid = run_command({"cdo", "-s", "griddes", files_.front()}).out;
  EXPECT_THAT(grid, AllOf(ContainsRegex("gridtype *= lonlat"), ContainsRegex("xsize *= 24"),
                          ContainsRegex("ysize *= 16")));
  EXPECT_THAT(run_command({"cdo", "-s", "sinfo", files_.front()}).out,
              AllOf(HasSubstr("25 steps"), HasSubstr("2001-01-09 00:00:00"), HasSubstr("NetCDF4 zip"),
                    HasSubstr("Calendar = standard")));
}

}  // namespace
}  // namespace foehn::testing::other_programs_test
