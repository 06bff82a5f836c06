#include <fstream>

#include "refusal.hpp"

namespace foehn::testing::tune_test {
namespace {

/// A prior of the first seven days, so that the eighth is held out.
const std::filesystem::path& early_prior() {
  static const std::filesystem::path folder = [] {
    const std::filesystem::path path = toy_climate().prior.parent_path() / "early_prior";
    Options options = toy_climate().fit_options(path);
    options["data.end"] = "2001-01-07";
    const Outcome outcome = run_here("fit", options);
    EXPECT_EQ(outcome.exit_code, 0) << outcome;
    return path;
  }();
  return folder;
}

Options tune_options(const std::filesystem::path& output) {
  Options options = toy_climate().sample_options(output);
  options["prior.path"] = early_prior();
  options["input.reference"] = toy_climate().truth;
  options["ensemble.members"] = "2";
  options["sampler.steps"] = "4";
  options["tune.random"] = "2";
  options["tune.local"] = "1";
  return options;
}

class TuneRefuses : public Refusal {};

TEST_P(TuneRefuses, It) {
  expect_refused("tune", tune_options(out()));
}

const std::vector<BadInput> kBadTasks = {
    {"DatesThatThePriorWasLearntFrom",
     [](Options& options, const std::filesystem::path&) { options["prior.path"] = toy_climate().prior; },
     {"time.start, time.hours", "2001-01-08T00:00:00 to 2001-01-09T00:00:00", "touches what",
      "was learnt from, 2001-01-01T00:00:00 to 2001-01-10T23:00:00"}},
    {"DatesThatWillBeScored",
     set("tune.reserved", "2001-01-09/2001-01-10"),
     {"tune.reserved: 2001-01-09/2001-01-10 will be scored", "2001-01-08T00:00:00 to 2001-01-09T00:00:00"}},
    {"APeriodThatIsNone", set("tune.reserved", "2001-01-09"), {"tune.reserved", "found '2001-01-09'"}, 2},
    {"AReferenceWithoutAllHours",
     set("time.hours", "100"),
     {"input.reference", "2001-01-11T00:00:00", "missing"}},
    {"AReferenceOnAnotherGrid", set("data.crop", "0:16,0:16"), {"input.reference", "grid", "lon"}},
    {"NoReference", leave_out("input.reference"), {"input.reference", "required"}, 2},
    {"AMissingReference", set("input.reference", "nowhere.nc"), {"nowhere.nc"}},
    {"NoObservations",
     leave_out("input.observations"),
     {"input.observations, input.stations: one of them"},
     2},
    {"AParameterThatDoesNotExist",
     set("tune.parameters", "bias"),
     {"tune.parameters", "'bias'", "inflation"},
     2},
    {"AParameterTwice", set("tune.parameters", "std,std"), {"tune.parameters", "twice"}, 2},
    {"GammaWithMmps", set("tune.parameters", "gamma"), {"tune.parameters: gamma changes nothing"}, 2},
    {"ARangeThatFalls", set("tune.std", "1,0.1"), {"tune.std: expected two rising numbers"}, 2},
    {"ARangeOfOneNumber", set("tune.std", "1"), {"tune.std"}, 2},
    {"OneMember", set("ensemble.members", "1"), {"ensemble.members", "from 2"}, 2},
    {"ATeamOfMoreRanksThanThereAre", set("tune.ranks_per_trial", "7"), {"tune.ranks_per_trial", "7"}},
};
INSTANTIATE_TEST_SUITE_P(Tasks, TuneRefuses, ::testing::ValuesIn(kBadTasks), name_of);

TEST(Tune, WritesAConfigurationThatSampleTakes) {
  const io::TemporaryFolder folder;
  Options options = tune_options(folder / "tuning");
  options["sampler.stride"] = "3";
  const Outcome tuned = run_here("tune", options);
  ASSERT_EQ(tuned.exit_code, 0) << tuned;
  Options sampled = toy_climate().sample_options(folder / "out");
  for (const char* name : {"prior.path", "observation.std", "sampler.steps"}) sampled.erase(name);
  sampled["config"] = folder / "tuning/tuned.ini";
  const Outcome outcome = run_here("sample", sampled);
  ASSERT_EQ(outcome.exit_code, 0) << outcome;
  if (!is_root()) return;
  EXPECT_EQ(files_in(folder / "tuning"), (Words{"journal.jsonl", "tuned.ini"}));
  const std::string text = io::content_of(folder / "tuning/tuned.ini");
  for (const char* line : {"the best of 3 trials on 2001-01-08T00:00:00 to 2001-01-09T00:00:00",
                           "std = ", "steps = 4", "stride = 3", "early_prior"})
    EXPECT_THAT(text, ::testing::HasSubstr(line));
}

TEST(Tune, KeepsTheErrorsOfStations) {
  const io::TemporaryFolder folder;
  std::ofstream(folder / "stations.csv") << "time,lat,lon,tas[K]\n2001-01-08T03:00,"
                                         << "54.02,-4.03,281\n";
  Options options = tune_options(folder / "tuning");
  options["input.stations"] = folder / "stations.csv";
  options["stations.std"] = "tas=0.5";
  options["tune.local"] = "0";
  const Outcome tuned = run_here("tune", options);
  ASSERT_EQ(tuned.exit_code, 0) << tuned;
  if (!is_root()) return;
  EXPECT_THAT(io::content_of(folder / "tuning/tuned.ini"), ::testing::HasSubstr("tas=0.5"));
}

}  // namespace
}  // namespace foehn::testing::tune_test
