#include "foehn/campaign/cmip6_files.hpp"

#include <gmock/gmock.h>

#include "foehn/core/error.hpp"
#include "io/test_files.hpp"

namespace foehn::campaign::cmip6_files_test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr const char* kName = "tas_6hrPlevPt_MPI-ESM1-2-HR_ssp585_r1i1p1f1_gn_210001020000-210012311800.nc";

TEST(Cmip6Name, SaysWhatTheFileHolds) {
  const auto file = parse_cmip6_name(fs::path("somewhere") / kName);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->variable, "tas");
  EXPECT_EQ(file->table, "6hrPlevPt");
  EXPECT_EQ(file->model, "MPI-ESM1-2-HR");
  EXPECT_EQ(file->experiment, "ssp585");
  EXPECT_EQ(file->variant, "r1i1p1f1");
  EXPECT_EQ(file->grid, "gn");
  EXPECT_EQ(file->first_day, "21000102");
  EXPECT_EQ(file->last_day, "21001231");
}

TEST(Cmip6Name, SaysWholeYearsAndMonths) {
  const auto years = parse_cmip6_name("tas_Amon_CanESM5_historical_r1i1p1f1_gn_1850-2014.nc");
  const auto months = parse_cmip6_name("tas_Amon_CanESM5_historical_r1i1p1f1_gn_185006-201402.nc");
  ASSERT_TRUE(years && months);
  EXPECT_EQ(years->first_day + years->last_day, "1850010120141231");
  EXPECT_EQ(months->first_day + months->last_day, "1850060120140231");
}

TEST(Cmip6Name, IsToldFromOthers) {
  for (const char* name :
       {"era5_t2m_uk_201903.nc", "orog_fx_CanESM5_historical_r1i1p1f1_gn.nc",
        "tas_day_CanESM5_ssp585_r1i1p1f1_gn_2015-.nc", "tas_day_CanESM5_ssp585_r1i1p1f1_gn_20151-20161.nc",
        "tas_day_CanESM5_ssp585_r1i1p1f1_gn_2016-2015.nc",
        "tas_day_CanESM5_ssp585_r1i1p1f1_gn_2015-2016.nc.part",
        "tas__CanESM5_ssp585_r1i1p1f1_gn_2015-2016.nc"})
    EXPECT_FALSE(parse_cmip6_name(name)) << name;
}

class Cmip6Files : public ::testing::Test {
 protected:
  std::string make(const std::string& folder, const std::string& name = kName) {
    fs::create_directories(folder_ / folder);
    io::write_content(folder_ / folder / name, "");
    return (folder_ / folder).string();
  }
  std::vector<std::string> found(const std::vector<std::string>& folders) {
    std::vector<std::string> paths;
    for (const Cmip6File& file : find_cmip6_files(folders))
      paths.push_back(file.path.lexically_relative(folder_ / "").string());
    return paths;
  }
  io::TemporaryFolder folder_;
};

TEST_F(Cmip6Files, AreFoundInATreeAndInOneFolder) {
  make("tree/CMIP6/ScenarioMIP/tas/gn/v20190710");
  make("tree", "notes.nc");
  make("flat", "uas_6hrPlevPt_MPI-ESM1-2-HR_ssp585_r1i1p1f1_gn_2100-2100.nc");
  EXPECT_THAT(found({folder_ / "tree", folder_ / "flat"}),
              ElementsAre(std::string("tree/CMIP6/ScenarioMIP/tas/gn/v20190710/") + kName,
                          "flat/uas_6hrPlevPt_MPI-ESM1-2-HR_ssp585_r1i1p1f1_gn_2100-2100.nc"));
  // Named twice they are found once.
  EXPECT_EQ(found({folder_ / "tree", folder_ / "tree/CMIP6"}).size(), 1);
}

TEST_F(Cmip6Files, AreThoseOfTheLatestVersion) {
  make("tas/gn/v20190710");
  make("tas/gn/v20210101");
  EXPECT_THAT(found({folder_ / "tas"}), ElementsAre(std::string("tas/gn/v20210101/") + kName));
}

TEST_F(Cmip6Files, AreRefusedWhereTwoMayBeMeant) {
  const std::string a = make("a"), b = make("b");
  EXPECT_THAT(
      [&] {
        find_cmip6_files({a, b});
      },
      ThrowsMessage<core::Error>(AllOf(HasSubstr(a), HasSubstr(b), HasSubstr("two files of one name"))));
  EXPECT_THAT([&] { find_cmip6_files({folder_ / "absent"}); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("absent"), HasSubstr("No such file"))));
}

}  // namespace
}  // namespace foehn::campaign::cmip6_files_test
