#include "foehn/campaign/standing.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "io/test_files.hpp"

namespace foehn::campaign::standing_test {
namespace {

using ::testing::HasSubstr;

class StandingTest : public ::testing::Test {
 protected:
  StandingTest() {
    io::FieldFile file;
    file.calendar = "noleap";
    file.write(folder_ / kFile);
    job_.files = {folder_ / kFile};
  }
  Standing standing() const { return standing_of(job_, folder_ / "campaign", 3600, 2); }
  /// A run that was asked for two members.
  void record(const std::string& state, std::int64_t members = 2, const std::string& more = "{}") const {
    nlohmann::json json = nlohmann::json::parse(more);
    json["state"] = state;
    json["options"]["ensemble.members"] = members;
    record_text(json.dump());
  }
  void record_text(const std::string& json) const {
    std::filesystem::create_directories(folder_ / "campaign" / job_.folder());
    io::write_content(folder_ / "campaign" / job_.folder() / "run.json", json);
  }

  static constexpr const char* kFile = "tas_6hrPlevPt_A_ssp585_r1i1p1f1_gn_2052-2052.nc";
  io::TemporaryFolder folder_;
  Job job_{"A", "r1i1p1f1", {"ssp585", "2052-01-01", "2052-12-31"}, {}, {}};
};

TEST_F(StandingTest, FollowsTheRecordOfTheRun) {
  EXPECT_EQ(standing().state, State::to_do);
  EXPECT_EQ(standing().steps, 365 * 24);
  EXPECT_FALSE(standing().rank_seconds_per_step);
  record("unfinished");
  EXPECT_EQ(standing().state, State::begun);
  record("stopped", 2, R"({"ranks": 2, "rates": {"simulated_years_per_day": 4}})");
  EXPECT_EQ(standing().state, State::begun);
  // 4 x 365.25 x 24 hours in 86400 s.
  EXPECT_DOUBLE_EQ(*standing().rank_seconds_per_step, 2 * 86400.0 / (4 * 365.25 * 24));
  record("done");
  EXPECT_EQ(standing().state, State::done);
  record("done", 2, R"({"files": ["member_000.nc"]})");
  EXPECT_EQ(standing().state, State::begun) << "its member is gone";
  // Torn, or of another program.
  for (const char* text : {"{", "[]", R"({"title": "a page"})"}) {
    record_text(text);
    EXPECT_EQ(standing().state, State::to_do) << text;
  }
}

TEST_F(StandingTest, IsNotDoneWithFewerMembersThanAreAskedFor) {
  record("done", 1);
  EXPECT_EQ(standing().state, State::begun);
  EXPECT_EQ(standing().members_done, 1);
  EXPECT_THAT(list_text({standing()}, 2), HasSubstr("; begun, 1 member done\n"));
  EXPECT_EQ(to_json({standing()}, 2).at("steps_left"), 365 * 24);
  record("done", 3);
  EXPECT_EQ(standing().state, State::done);
}

TEST_F(StandingTest, IsImpossibleWithoutFiles) {
  job_.missing = {"uas: none from 2052-01-01 to 2052-12-31"};
  EXPECT_EQ(standing().state, State::impossible);
}

TEST_F(StandingTest, IsListedWithWhatTheRestCosts) {
  Standing done = standing(), to_do = done, impossible = done;
  done.state = State::done;
  done.rank_seconds_per_step = 0.1;
  to_do.job.model = "LONGER-NAME";
  impossible.state = State::impossible;
  impossible.job.missing = {"uas: ends on 2051-11-30"};
  const std::vector<Standing> all{done, to_do, impossible};
  const std::string text = list_text(all, 2);
  EXPECT_THAT(
      text,
      HasSubstr("A_ssp585_r1i1p1f1_20520101-20521231            2 members of 8760 steps, 1 file; done\n"));
  EXPECT_THAT(
      text,
      HasSubstr("LONGER-NAME_ssp585_r1i1p1f1_20520101-20521231  2 members of 8760 steps, 1 file; to do\n"));
  EXPECT_THAT(text, HasSubstr("cannot be run (uas: ends on 2051-11-30)\n"));
  EXPECT_THAT(text, HasSubstr("3 jobs: 1 done, 1 to do, 1 cannot be run\n"));
  EXPECT_THAT(text, HasSubstr("1.752e+04 steps of members to draw, about 29 min 12 s on one rank"));
  const nlohmann::json json = to_json(all, 2);
  EXPECT_EQ(json.at("jobs").size(), 3);
  EXPECT_EQ(json.at("jobs")[1].at("state"), "to do");
  EXPECT_EQ(json.at("steps_left"), 2 * 8760);
}

}  // namespace
}  // namespace foehn::campaign::standing_test
