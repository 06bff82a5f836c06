#include <limits>

#include "refusal.hpp"

namespace foehn::testing::serial_test {
namespace {

constexpr std::size_t kTas = 1;  // among psl, tas, uas, vas

/// Writes a NaN at the first cell of an instant.
std::function<void(ToyFields&)> nan_at(std::size_t time) {
  return [=](ToyFields& fields) { fields.field(time, kTas)[0] = std::numeric_limits<float>::quiet_NaN(); };
}

/// Writes NaN at the first cell of more instants than are filled.
std::function<void(ToyFields&)> gap_at(std::size_t time) {
  return [=](ToyFields& fields) {
    for (std::size_t i = 0; i < 7; ++i) nan_at(time + i)(fields);
  };
}

/// Of subcommands whose output is a file: a folder for it.
class FileRefusal : public Refusal {
 protected:
  FileRefusal() { std::filesystem::create_directory(out()); }
};

using SynthRefuses = FileRefusal;

TEST_P(SynthRefuses, It) {
  expect_refused("synth", {{"grid.size", "16"},
                           {"time.hours", "30"},
                           {"output.path", out() / "truth.nc"},
                           {"output.coarse", out() / "coarse.nc"}});
}

const std::vector<BadInput> kBadSynth = {
    {"AnUnknownOption", set("grid.sizes", "8"), {"'grid.sizes'", "did you mean 'grid.size'?"}, 2},
    {"ASizeThatIsNotWhole", set("grid.size", "16.5"), {"grid.size", "16.5"}, 2},
    {"AGridOfOneCell", set("grid.size", "1"), {"grid.size", "found 1"}, 2},
    {"AStartThatIsNoDate", set("time.start", "tomorrow"), {"time.start", "tomorrow"}},
    {"BlocksThatDoNotDivideTheGrid", set("observation.block", "5"), {"observation.block", "5 x 5"}},
    {"NoOutput", leave_out("output.path"), {"required", "output.path"}, 2},
    {"AnOutputInAMissingFolder", set("output.path", "nowhere/truth.nc"), {"nowhere/truth.nc", "no folder"}},
    {"AnOutputBelowAFile", set_below_a_file("output.path"), {"file/below"}},
    {"ATwinInTheSameFile",
     [](Options& options, const std::filesystem::path&) {
       options["output.coarse"] = options["output.path"];
     },
     {"output.coarse", "another file than output.path"},
     2},
    {"ATwinInAMissingFolder", set("output.coarse", "nowhere/coarse.nc"), {"nowhere/coarse.nc", "no folder"}},
};
INSTANTIATE_TEST_SUITE_P(, SynthRefuses, ::testing::ValuesIn(kBadSynth), name_of);

using FitRefuses = Refusal;

TEST_P(FitRefuses, It) {
  expect_refused("fit", toy_.fit_options(out()));
}

const std::vector<BadInput> kBadFit = {
    {"AMissingFile", set("data.files", "nowhere.nc"), {"nowhere.nc", "no such file"}},
    {"APatternThatMatchesNothing", set("data.files", "nowhere_*.nc"), {"'nowhere_*.nc'"}},
    {"ATruncatedFile", truncate("data.files", 0.5), {"truncated.nc"}},
    {"AFileThatIsNoNetcdf", set_to_text_file("data.files"), {"text.nc", "NetCDF"}},
    {"AMissingVariable",
     set("data.variables", "t2m=air_temperature"),
     {"truth.nc", "no variable t2m", "tas"}},
    {"AGapInTime",
     bend("data.files", [](ToyFields& fields) { fields.hours.back() += 1; }),
     {"bent.nc", "time", "2 h", "expected 1 h"}},
    {"ARepeatedTime",
     bend("data.files", [](ToyFields& fields) { fields.hours[100] = fields.hours[99]; }),
     {"bent.nc", "time", "2001-01-05T03:00:00 is repeated"}},
    {"FewerHoursThanWindows", set("data.end", "2001-01-01"), {"too few steps", "found", "expected at least"}},
    {"ADateOutsideTheData",
     set("data.start", "2002-01-01"),
     {"data.start", "2002-01-01", "2001-01-01T00:00:00"}},
    {"ACropThatIsNone", set("data.crop", "0-8,0-8"), {"crop '0-8,0-8'", "y0:y1,x0:x1"}},
    {"ACropBeyondTheGrid", set("data.crop", "0:32,0:24"), {"crop 0:32,0:24", "16"}},
    {"AMarkovOrderOutOfRange", set("prior.markov_order", "-1"), {"prior.markov_order", "found -1"}, 2},
    {"AnUnknownOption", set("prior.order", "2"), {"'prior.order'"}, 2},
    {"NoData", leave_out("data.files"), {"required", "data.files"}, 2},
    {"AFolderBelowAFile", set_below_a_file("prior.path"), {"prior.path", "file/below"}},
    {"ALongGap",
     bend("data.files", gap_at(150)),
     {"bent.nc", "tas", "2001-01-07T06:00:00", "more than 6 instants"},
     1,
     false},
};
INSTANTIATE_TEST_SUITE_P(, FitRefuses, ::testing::ValuesIn(kBadFit), name_of);

using TrainRefuses = Refusal;

TEST_P(TrainRefuses, It) {
  expect_refused("train", toy_.train_options(out()));
}

const std::vector<BadInput> kBadTrain = {
    {"AMissingFile", set("data.files", "nowhere.nc"), {"nowhere.nc", "no such file"}},
    {"AMissingVariable",
     set("data.variables", "t2m=air_temperature"),
     {"truth.nc", "no variable t2m", "tas"}},
    {"AGapInTime",
     bend("data.files", [](ToyFields& fields) { fields.hours.back() += 1; }),
     {"bent.nc", "time", "2 h", "expected 1 h"}},
    {"FilesOnDifferentGrids",
     add_bent("data.files", [](ToyFields& fields) { fields.grid.y.values.back() += 0.1; }),
     {"bent.nc", "not on the grid of", "truth.nc"}},
    {"AFileWithoutAVariable",
     add_bent("data.files", [](ToyFields& fields) { fields.variables[kTas].name = "t2m"; }),
     {"bent.nc", "no variable tas"}},
    {"AFieldThatDoesNotVary",
     bend("data.files",
          [](ToyFields& fields) {
            for (std::size_t time = 0; time < fields.hours.size(); ++time)
              for (float& value : fields.field(time, kTas)) value = 280;
          }),
     {"'tas' does not vary", "280"},
     1,
     false},
    {"ALongGap",
     bend("data.files", gap_at(150)),
     {"bent.nc", "tas", "2001-01-07T06:00:00", "more than 6 instants"},
     1,
     false},
    {"SidesThatTheNetworkCannotHalve",
     set("data.crop", "0:15,0:24"),
     {"data.crop", "multiples of 2", "15 x 24"}},
    {"TooFewHoursHeldOut",
     set("data.held_out_fraction", "0.01"),
     {"data.held_out_fraction", "2 fields", "7"}},
    {"TooFewHours", set("data.end", "2001-01-01"), {"data.held_out_fraction", "2 fields"}},
    {"AWidthThatIsNotWhole", set("network.hidden", "4,6.5"), {"network.hidden", "whole", "6.5"}, 2},
    {"AnAttentionLevelThatIsNotThere", set("network.attention", "2"), {"network.attention", "found 2"}, 2},
    {"BlocksForOtherLevels", set("network.blocks", "1"), {"network.blocks", "one number per level"}, 2},
    {"AnUnknownKind",
     set("prior.kind", "gaussian"),
     {"prior.kind", "'gaussian'", "gaussian-preconditioned"},
     2},
    {"ACacheThatIsNone", set_to_text_file("data.cache"), {"text.nc", "NetCDF", "remove it"}, 1, false},
    {"MixingOfFieldsThatAreNoAnomalies",
     [](Options& options, const std::filesystem::path&) {
       options["prior.kind"] = "score-unet";
       options["train.mixing"] = "0.5";
     },
     {"train.mixing", "anomalies", "gaussian-preconditioned"},
     2},
    {"MixingOfLessThanTwoDays",
     [](Options& options, const std::filesystem::path&) {
       options["data.end"] = "2001-01-02";
       options["data.held_out_fraction"] = "0.25";
       options["train.mixing"] = "1";
     },
     {"train.mixing", "two days or more", "found 36 steps of 1 h"}},
    {"ADailyCycleOfFieldsTwiceADay",
     [](Options& options, const std::filesystem::path& folder) {
       bend("data.files", [](ToyFields& fields) {
         for (double& hour : fields.hours) hour *= 12;
       })(options, folder);
       options["train.daily_cycle"] = "1";
     },
     {"train.daily_cycle", "8 h or less", "found steps of 12 h"}},
    {"NoRate", set("train.learning_rate", "0"), {"train.learning_rate", "above 0"}, 2},
    {"AnUnknownOption", set("train.batches", "2"), {"'train.batches'", "did you mean 'train.batch'?"}, 2},
};
INSTANTIATE_TEST_SUITE_P(, TrainRefuses, ::testing::ValuesIn(kBadTrain), name_of);

using CoarsenRefuses = FileRefusal;

TEST_P(CoarsenRefuses, It) {
  expect_refused("coarsen", toy_.coarsen_options(out() / "coarse.nc"));
}

const std::vector<BadInput> kBadCoarsen = {
    {"AMissingFile", set("input.file", "nowhere.nc"), {"nowhere.nc", "no such file"}},
    {"ATruncatedFile", truncate("input.file", 0.5), {"truncated.nc"}},
    {"AMissingVariable",
     set("data.variables", "t2m=air_temperature"),
     {"truth.nc", "no variable t2m", "tas"}},
    {"AnIrregularStep",
     bend("input.file", [](ToyFields& fields) { fields.hours.back() += 0.5; }),
     {"bent.nc", "time", "step 239", "90 min", "expected 1 h"}},
    {"BlocksThatDoNotDivideTheGrid", set("observation.block", "5"), {"5 x 5", "16"}},
    {"MoreHoursThanThereAre", set("time.hours", "1000"), {"time.hours", "truth.nc", "1000"}},
    {"AStartOutsideTheData", set("time.start", "1999-01-01"), {"1999-01-01", "2001-01-01T00:00:00"}},
    {"AStartBetweenInstants", set("time.start", "2001-01-02T00:30"), {"time.start", "2001-01-02T01:00:00"}},
    {"ACropBeyondTheGrid", set("data.crop", "0:16,8:32"), {"crop 0:16,8:32", "24"}},
    {"APeriodOfNothing", set("observation.every", "0"), {"observation.every", "found 0"}, 2},
    {"AnUnknownOption", set("output.file", "x"), {"'output.file'"}, 2},
    {"AnOutputThatIsTheInput",
     [](Options& options, const std::filesystem::path&) { options["output.path"] = options["input.file"]; },
     {"output.path", "is an input file", "overwritten"}},
    {"AnOutputInAMissingFolder", set("output.path", "nowhere/coarse.nc"), {"nowhere/coarse.nc", "no folder"}},
    {"ANaN", bend("input.file", nan_at(180)), {"bent.nc", "tas", "2001-01-08T12:00:00"}, 1, false},
};
INSTANTIATE_TEST_SUITE_P(, CoarsenRefuses, ::testing::ValuesIn(kBadCoarsen), name_of);

using EvaluateRefuses = Refusal;

TEST_P(EvaluateRefuses, It) {
  // The truth stands in for a member.
  expect_refused("evaluate", {{"input.members", toy_.truth},
                              {"input.reference", toy_.truth},
                              {"input.observations", toy_.observations},
                              {"input.prior", toy_.prior},
                              {"output.directory", out()}});
}

const std::vector<BadInput> kBadEvaluate = {
    {"APatternThatMatchesNothing", set("input.members", "nowhere_*.nc"), {"input.members", "'nowhere_*.nc'"}},
    {"ATruncatedMember", truncate("input.members", 0.5), {"truncated.nc"}},
    {"AMissingReference", set("input.reference", "nowhere.nc"), {"nowhere.nc", "no such file"}},
    {"AReferenceOfAnotherTime",
     bend("input.reference",
          [](ToyFields& fields) {
            for (double& hour : fields.hours) hour += 480;
          }),
     {"bent.nc", "no instant in common"}},
    {"ACropOfAnotherGrid", set("data.crop", "0:16,0:16"), {"truth.nc", "grid"}},
    {"AReferenceInAnotherUnit",
     bend("input.reference", [](ToyFields& fields) { fields.variables[kTas].units = "m"; }),
     {"bent.nc", "tas", "K"}},
    {"ObservationsOutsideTheMembers",
     bend("input.observations",
          [](ToyFields& fields) {
            for (double& hour : fields.hours) hour += 48;
          }),
     {"bent.nc", "2001-01-11T00:00:00"}},
    {"TooFewObservationErrors", set("observation.std", "1,2"), {"2", "4"}},
    {"AMissingPrior", set("input.prior", "nowhere"), {"input.prior", "nowhere/domain.nc"}},
    {"AnUnknownOption",
     set("input.refrence", "x"),
     {"'input.refrence'", "did you mean 'input.reference'?"},
     2},
    {"AFolderBelowAFile", set_below_a_file("output.directory"), {"output.directory", "file/below"}},
    {"ANaNInTheReference",
     bend("input.reference", nan_at(180)),
     {"bent.nc", "tas", "2001-01-08T12:00:00"},
     1,
     false},
};
INSTANTIATE_TEST_SUITE_P(, EvaluateRefuses, ::testing::ValuesIn(kBadEvaluate), name_of);

}  // namespace
}  // namespace foehn::testing::serial_test
