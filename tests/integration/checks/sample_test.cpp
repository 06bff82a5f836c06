#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <limits>
#include <stdexcept>

#include "foehn/diffusion/noise.hpp"
#include "foehn/diffusion/sampler.hpp"
#include "foehn/model/prior_bundle.hpp"
#include "refusal.hpp"

namespace foehn::testing::sample_test {
namespace {

constexpr auto kObservations = "input.observations";
constexpr std::size_t kTas = 1;  // among psl, tas, uas, vas
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

using SampleRefuses = Refusal;

TEST_P(SampleRefuses, It) {
  expect_refused("sample", toy_.sample_options(out()));
}

Spoil bend_observations(const std::function<void(ToyFields& fields)>& change) {
  return bend(kObservations, change);
}

const std::vector<BadInput> kBadObservations = {
    {"AMissingFile", set(kObservations, "nowhere.nc"), {"nowhere.nc", "no such file"}},
    {"AFolderForAFile", set(kObservations, "/tmp"), {"/tmp", "not a regular file"}},
    {"ATruncatedFile", truncate(kObservations, 0.7), {"truncated.nc"}},
    {"AFileThatIsNoNetcdf", set_to_text_file(kObservations), {"text.nc", "NetCDF"}},
    {"AGridOfAnotherSize",
     bend_observations([](ToyFields& fields) {
       fields.grid.x.values.pop_back();
       fields.values.resize(fields.values.size() / 3 * 2);
     }),
     {"bent.nc", "grid", "2 x 2", "16 x 24"}},
    {"AGridAtAnotherPlace",
     bend_observations([](ToyFields& fields) {
       for (double& longitude : fields.grid.x.values) longitude += 0.5;
     }),
     {"bent.nc", "lon"}},
    {"AMissingVariable",
     bend_observations([](ToyFields& fields) { fields.variables[kTas].name = "temperature"; }),
     {"bent.nc", "no variable tas", "temperature"}},
    {"AnotherQuantity",
     bend_observations(
         [](ToyFields& fields) { fields.variables[kTas].standard_name = "dew_point_temperature"; }),
     {"bent.nc", "tas", "dew_point_temperature", "expected air_temperature"}},
    {"AUnitThatCannotBeConverted",
     bend_observations([](ToyFields& fields) { fields.variables[kTas].units = "Pa"; }),
     {"bent.nc", "tas", "Pa", "K"}},
    {"AGapInTime",
     bend_observations([](ToyFields& fields) { fields.hours[4] += 6; }),
     {"bent.nc", "time", "2001-01-08T18:00:00", "2001-01-09T06:00:00", "12 h", "expected 6 h"}},
    {"ARepeatedTime",
     bend_observations([](ToyFields& fields) { fields.hours[2] = fields.hours[1]; }),
     {"bent.nc", "time", "2001-01-08T06:00:00 is repeated"}},
    {"ATimeThatGoesBack",
     bend_observations([](ToyFields& fields) { fields.hours[4] = fields.hours[0] - 6; }),
     {"bent.nc", "time", "goes back", "2001-01-07T18:00:00"}},
    {"AnIrregularStep",
     bend_observations([](ToyFields& fields) { fields.hours[4] += 1; }),
     {"bent.nc", "time", "step 4", "7 h", "expected 6 h"}},
    {"AStepThatIsNoMultipleOfThePriors",
     bend_observations([](ToyFields& fields) {
       for (std::size_t i = 0; i < 5; ++i) fields.hours[i] = fields.hours[0] + 1.5 * static_cast<double>(i);
     }),
     {"bent.nc", "time", "90 min", "1 h"}},
    {"KelvinThatSayItIsCelsius",
     bend_observations([](ToyFields& fields) { fields.variables[kTas].units = "degC"; }),
     {"bent.nc", "tas", "implausible value", "K at 2001-01-08T00:00:00", "units attribute"}},
    {"ANaN",
     bend_observations([](ToyFields& fields) { fields.field(3, kTas)[4] = kNaN; }),
     {"bent.nc", "tas", "2001-01-08T18:00:00", "y 1, x 1"}},
    {"MoreMissingValuesThanAllowed",
     [](Options& options, const std::filesystem::path& folder) {
       bend_observations([](ToyFields& fields) {
         for (const std::size_t time : {1, 3}) fields.field(time, kTas)[4] = kNaN;
       })(options, folder);
       options["observation.missing_fraction"] = "0.05";
     },
     {"bent.nc: tas: missing value at 2001-01-08T06:00:00, y 1, x 1",
      "2 of 30 values of tas are missing, 6.67 %", "at most 5 % is allowed (observation.missing_fraction)"}},
    {"AnImplausibleValueBesideAMissingOne",
     [](Options& options, const std::filesystem::path& folder) {
       bend_observations([](ToyFields& fields) {
         fields.field(3, kTas)[4] = kNaN;
         fields.field(3, kTas)[5] = -20;
       })(options, folder);
       options["observation.missing_fraction"] = "0.05";
     },
     {"bent.nc", "tas", "implausible value -20 K at 2001-01-08T18:00:00"}},
    {"AnInfinity",
     bend_observations([](ToyFields& fields) { fields.field(2, kTas)[0] = kInfinity; }),
     {"bent.nc", "tas", "2001-01-08T12:00:00", "not finite", "y 0, x 0"}},
};
INSTANTIATE_TEST_SUITE_P(Observations, SampleRefuses, ::testing::ValuesIn(kBadObservations), name_of);

/// Turns the observations into means over the six hours from each on, before `change`.
Spoil bend_means(const std::function<void(ToyFields& fields)>& change) {
  return bend_observations([=](ToyFields& fields) {
    fields.cell_methods = "area: time: mean";
    for (const double hour : fields.hours) fields.bounds.insert(fields.bounds.end(), {hour, hour + 6});
    change(fields);
  });
}

const std::vector<BadInput> kBadMeans = {
    {"NoBounds",
     bend_means([](ToyFields& fields) { fields.bounds.clear(); }),
     {"bent.nc", "psl", "'area: time: mean'", "no bounds"}},
    {"BoundsWithoutAMethod",
     bend_means([](ToyFields& fields) { fields.cell_methods = "area: mean"; }),
     {"bent.nc", "psl", "bounds of 6 h", "expected 'time: mean' or 'time: point'"}},
    {"AnotherMethod",
     bend_means([](ToyFields& fields) { fields.cell_methods = "time: maximum"; }),
     {"bent.nc", "psl", "'time: maximum'", "expected point or mean"}},
    {"OverlappingIntervals",
     bend_means([](ToyFields& fields) { fields.bounds[3] += 1; }),
     {"bent.nc", "the mean of 2001-01-08T12:00:00 overlaps with that of 2001-01-08T06:00:00"}},
    {"BoundsBetweenHours",
     bend_means([](ToyFields& fields) { fields.bounds[3] -= 0.5; }),
     {"bent.nc", "the mean over 2001-01-08T06:00:00 to 2001-01-08T11:30:00 does not cover hours"}},
    {"BoundsOfAnotherTime",
     bend_means([](ToyFields& fields) {
       for (double& hour : fields.hours) hour -= 6;
     }),
     {"bent.nc", "2001-01-08T00:00:00 to 2001-01-08T06:00:00 is not an interval around 2001-01-07T18:00:00"}},
    {"AnIntervalBeyondTheTrajectory",
     [](Options& options, const std::filesystem::path& folder) {
       bend_means([](ToyFields&) {})(options, folder);
       options["time.hours"] = "29";
     },
     {"bent.nc", "the mean over 2001-01-09T00:00:00 to 2001-01-09T06:00:00", "29 steps", "time.hours"}},
    {"AVariableInTwoFiles",
     [](Options& options, const std::filesystem::path& folder) {
       const std::string snapshots = options.at(kObservations);
       bend_means([](ToyFields&) {})(options, folder);
       options[kObservations] = snapshots + "," + options.at(kObservations);
     },
     {"psl is both in", "bent.nc", "observations.nc"}},
};
INSTANTIATE_TEST_SUITE_P(Means, SampleRefuses, ::testing::ValuesIn(kBadMeans), name_of);

const std::vector<BadInput> kBadOptions = {
    {"AnObservationBeforeTheTrajectory",
     set("time.start", "2001-01-08T01"),
     {"observations.nc", "2001-01-08T00:00:00 is not an hour of the trajectory", "time.start"}},
    {"AnObservationAfterTheTrajectory",
     set("time.hours", "24"),
     {"observations.nc", "2001-01-09T00:00:00 is not an hour of the trajectory", "24 steps", "time.hours"}},
    {"AnObservationBetweenHours",
     set("time.start", "2001-01-07T23:30"),
     {"observations.nc", "2001-01-08T00:00:00 is not an hour of the trajectory", "2001-01-07T23:30:00"}},
    {"AStartAfterTheObservations",
     set("time.start", "2002-01-01"),
     {"time.start", "2002-01-01", "2001-01-09T00:00:00"}},
    {"AStartThatIsNoDate", set("time.start", "2001-02-30"), {"time.start", "2001-02-30"}},
    {"FewerHoursThanAWindow",
     [](Options& options, const std::filesystem::path&) {
       options = toy_climate().unconditional_options(options.at("output.directory"), 4);
     },
     {"hours", "found 4", "at least 7"}},
    {"NoPeriodWithoutObservations", leave_out(kObservations), {"time.start", "time.hours"}, 2},
    {"AnEvenStride", set("sampler.stride", "2"), {"sampler.stride", "odd", "found 2"}},
    {"AStrideThatIsNoNumber", set("sampler.stride", "some"), {"sampler.stride", "auto", "'some'"}, 2},
    {"ATrajectoryThatBeginsAmidTheSchedule",
     set("sampler.t_first", "0.5"),
     {"sampler.t_first", "from 0.9 to 1", "found 0.5"},
     2},
    {"AnArithmeticOfNetworksForAPriorWithoutOne",
     set("run.precision", "bf16"),
     {"run.precision: bf16", "a prior of kind gaussian has none", "expected fp32"},
     2},
    {"AnArithmeticOfGpusOnTheCpu",
     set("run.precision", "tf32"),
     {"run.precision: tf32", "computes on the CPU", "expected fp32 or bf16"},
     2},
    {"ATransportOfGpusOnTheCpu",
     set("run.transport", "nccl"),
     {"run.transport: nccl", "computes on the CPU", "expected auto or mpi"},
     2},
    {"TooFewSteps", set("sampler.steps", "1"), {"sampler.steps", "dpmpp-2m", "at least 2", "found 1"}, 2},
    {"ANegativeGamma", set("observation.gamma", "-1"), {"observation.gamma", "found -1"}, 2},
    {"UnknownCovariance",
     set("sampler.covariance", "gausian"),
     {"sampler.covariance", "did you mean 'gaussian'?"},
     2},
    {"NoSolverSteps", set("sampler.solver_steps", "0"), {"sampler.solver_steps", "found 0"}, 2},
    {"AStrideBeyondTheWindow", set("sampler.stride", "9"), {"sampler.stride", "1 to 7", "found 9"}},
    {"AnUnknownOption",
     set("sampler.stepz", "8"),
     {"unknown option 'sampler.stepz'", "did you mean 'sampler.steps'?"},
     2},
    {"AMistypedNumber", set("sampler.steps", "many"), {"sampler.steps", "an integer", "'many'"}, 2},
    {"ANumberWithAnEnd", set("sampler.tau", "0.5K"), {"sampler.tau", "a number", "'0.5K'"}, 2},
    {"AValueOutOfRange", set("sampler.steps", "0"), {"sampler.steps", "from 1 to 100000", "found 0"}, 2},
    {"AnUnknownChoice",
     set("sampler.guidance", "sdaa"),
     {"sampler.guidance", "'sdaa'", "did you mean 'sda'?"},
     2},
    {"AMissingRequiredOption", leave_out("prior.path"), {"required", "prior.path"}, 2},
    {"NoObservationError",
     leave_out("observation.std"),
     {"observation.std", "observation.std_normalised"},
     2},
    {"TooFewObservationErrorsWithoutObservations",
     [](Options& options, const std::filesystem::path&) {
       options = toy_climate().unconditional_options(options.at("output.directory"), 6);
       options["observation.std"] = "20,0.1";
     },
     {"observation.std", "4", "found 2"},
     2},
    {"MoreHoursThanAnyTrajectory", set("time.hours", "20000000"), {"time.hours", "found 20000000"}, 2},
    {"AChunkThatMpiCannotCount",
     set("output.chunk_hours", "100000000"),
     {"output.chunk_hours", "found 100000000"},
     2},
    {"TooFewObservationErrors", set("observation.std", "20,0.1"), {"observation.std", "4", "found 2"}, 2},
    {"AnObservationErrorOfZero",
     set("observation.std", "20,0,0.2,0.2"),
     {"observation.std", "above 0", "found 0"},
     2},
    {"AnObservationErrorOfNaN",
     set("observation.std", "20,nan,0.2,0.2"),
     {"observation.std", "a number", "'nan'"},
     2},
    {"TwoKindsOfObservationErrors",
     set("observation.std_normalised", "0.02"),
     {"observation.std", "observation.std_normalised"},
     2},
    {"RanksThatDoNotFillTeams",
     set("ensemble.ranks_per_member", "2"),
     {"ensemble.ranks_per_member", "found 2"}},
    {"AnOutputFolderBelowAFile", set_below_a_file("output.directory"), {"output.directory", "file/below"}},
    {"AnOutputFolderThatCannotBeMade",
     set("output.directory", "/proc/foehn"),
     {"output.directory", "/proc/foehn"}},
    {"ObservationsAndFilesOfAModel",
     [](Options& options, const std::filesystem::path&) { options["input.files"] = toy_climate().truth; },
     {"input.files and input.observations", "give only one"},
     2},
    {"AWayToPrepareWithoutFiles",
     set("bias.method", "qm"),
     {"bias.method", "applies only to input.files"},
     2},
    {"AGaussianPartForAPriorThatHasOne",
     [](Options& options, const std::filesystem::path&) { options["prior.gaussian"] = toy_climate().prior; },
     {"prior.gaussian", "kind gaussian", "of its own"}},
    {"AMissingConfigurationFile", set("config", "nowhere.ini"), {"nowhere.ini"}, 2},
    {"AnUnknownOptionInTheConfigurationFile",
     [](Options& options, const std::filesystem::path& folder) {
       io::write_content(folder / "job.ini", "[sampler]\nstrid = 3\n");
       options["config"] = folder / "job.ini";
     },
     {"job.ini, line 2", "unknown option 'sampler.strid'", "did you mean 'sampler.stride'?"},
     2},
};
INSTANTIATE_TEST_SUITE_P(Options, SampleRefuses, ::testing::ValuesIn(kBadOptions), name_of);

/// Names a copy of the prior after a change to its folder.
Spoil with_prior(const std::function<void(const std::filesystem::path& prior)>& change) {
  return [=](Options& options, const std::filesystem::path& folder) {
    std::filesystem::copy(options.at("prior.path"), folder / "prior");
    change(folder / "prior");
    options["prior.path"] = folder / "prior";
  };
}

Spoil with_truncated(const std::string& file, double part) {
  return with_prior([=](const std::filesystem::path& prior) {
    const auto size = static_cast<double>(std::filesystem::file_size(prior / file));
    std::filesystem::resize_file(prior / file, static_cast<std::uintmax_t>(part * size));
  });
}

/// Replaces a text in the header of the weights, which keep their tensors.
Spoil with_header(const std::string& from, const std::string& to) {
  return with_prior([=](const std::filesystem::path& prior) {
    std::string file = io::content_of(prior / "weights.safetensors");
    std::uint64_t length = 0;
    std::memcpy(&length, file.data(), sizeof length);
    std::string header = file.substr(sizeof length, length);
    const auto at = header.find(from);
    if (at == std::string::npos) throw std::logic_error("the weights' header does not hold " + from);
    header.replace(at, from.size(), to);
    file.replace(sizeof length, length, header);
    length = header.size();
    std::memcpy(file.data(), &length, sizeof length);
    io::write_content(prior / "weights.safetensors", file);
  });
}

const std::vector<BadInput> kBadPriors = {
    {"AMissingFolder", set("prior.path", "nowhere"), {"nowhere/domain.nc", "no such file"}},
    {"MissingWeights",
     with_prior(
         [](const std::filesystem::path& prior) { std::filesystem::remove(prior / "weights.safetensors"); }),
     {"prior/weights.safetensors", "No such file"}},
    {"TruncatedWeights", with_truncated("weights.safetensors", 0.9), {"prior/weights.safetensors"}},
    {"AHeaderLongerThanTheFile",
     with_prior([](const std::filesystem::path& prior) {
       io::write_content(prior / "weights.safetensors", "\xff\xff\xff\xff\xff\xff\xff\x7f{}");
     }),
     {"prior/weights.safetensors", "header claims"}},
    {"ATruncatedDomain", with_truncated("domain.nc", 0.7), {"prior/domain.nc"}},
    {"AnotherWindow",
     with_header(R"(\"window\":7)", R"(\"window\":9)"),
     {"prior/weights.safetensors", "lag_covariance", "9", "7"}},
    {"AnEvenWindow",
     with_header(R"(\"window\":7)", R"(\"window\":6)"),
     {"prior/weights.safetensors", "window", "odd", "6"}},
    {"AWindowThatIsNoNumber",
     with_header(R"(\"window\":7)", R"(\"window\":\"7\")"),
     {"prior/weights.safetensors", "number"}},
    {"OtherVariables", with_header(R"(\"tas\")", R"(\"ts\")"), {"prior/weights.safetensors", "ts", "tas"}},
    {"AnUnknownKind",
     with_header(R"("gaussian")", R"("gaussien")"),
     {"prior/weights.safetensors", "foehn.kind", "gaussien"}},
};
INSTANTIATE_TEST_SUITE_P(Prior, SampleRefuses, ::testing::ValuesIn(kBadPriors), name_of);

/// Takes the truth for the files of a model, from which the run is to prepare its observations, and sets one
/// option.
Spoil from_files(const std::string& option, const std::string& value) {
  return [=](Options& options, const std::filesystem::path& folder) {
    options.erase(kObservations);
    options["input.files"] = toy_climate().truth;
    options["time.start"] = "2001-01-08";
    options["time.hours"] = "25";
    set(option, value)(options, folder);
    if (value.empty()) options.erase(option);
  };
}

const std::vector<BadInput> kBadFiles = {
    {"AMissingFile", from_files("input.files", "nowhere.nc"), {"nowhere.nc: no such file"}},
    {"AStartBeforeTheFiles",
     from_files("time.start", "2000-12-31"),
     {"psl: the trajectory begins at 2000-12-31T00:00:00, but the files begin at 2001-01-01T00:00:00",
      "truth.nc", "time.start"}},
    {"AnEndAfterTheFiles",
     from_files("time.hours", "80"),
     {"psl: the trajectory continues to 2001-01-11T08:00:00, but the files end at 2001-01-10T23:00:00",
      "truth.nc", "time.hours"}},
    {"HoursWithoutAStart", from_files("time.start", ""), {"time.start", "time.hours"}, 2},
    {"BlocksThatDoNotDivideTheDomain", from_files("observation.block", "5"), {"observation.block", "5 x 5"}},
    {"NoObservationError", from_files("observation.std", ""), {"observation.std"}, 2},
    {"AWrongUnit",
     [](Options& options, const std::filesystem::path& folder) {
       from_files("observation.block", "8")(options, folder);
       bend("input.files", [](ToyFields& fields) { fields.variables[kTas].units = "degC"; })(options, folder);
     },
     {"bent.nc", "tas", "implausible value", "K at 2001-01-08T00:00:00"},
     1,
     false},
};
INSTANTIATE_TEST_SUITE_P(Files, SampleRefuses, ::testing::ValuesIn(kBadFiles), name_of);

TEST(Foehn, OffersTheNearestSubcommand) {
  const BadInput input{"", {}, {"unknown subcommand 'sampel'", "did you mean 'sample'?"}, 2};
  expect_refusal(run_here("sampel", {}), input);
}

/// A member drawn from the observations after a change.
ToyFields member_after(const io::TemporaryFolder& folder, const std::string& name,
                       const std::function<void(ToyFields&)>& change, const Options& more) {
  Options options = toy_climate().sample_options(folder / name);
  bend_observations(change)(options, folder / "");
  for (const auto& [option, value] : more) options[option] = value;
  const Outcome outcome = run_here("sample", options);
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  if (is_root() && options.contains("observation.missing_fraction")) {
    EXPECT_THAT(outcome.err, ::testing::HasSubstr("treated as not observed"));
  }
  return ToyFields(is_root() ? folder / name / "member_000.nc" : toy_climate().observations);
}

TEST(Sample, DrawsFromMissingValuesWhatItDrawsWithoutThem) {
  for (const std::string guidance : {"mmps", "sda", "sda-exact"}) {
    SCOPED_TRACE(guidance);
    const io::TemporaryFolder folder;
    const Options options{{"sampler.guidance", guidance}, {"time.hours", "25"}};
    Options allowed = options;
    allowed["observation.missing_fraction"] = "0.2";
    const auto nothing = [](ToyFields&) {};
    const ToyFields whole = member_after(folder, "whole", nothing, options);
    const ToyFields missing = member_after(
        folder, "missing",
        [](ToyFields& fields) {
          for (std::size_t variable = 0; variable < fields.variables.size(); ++variable)
            std::ranges::fill(fields.field(4, variable), kNaN);
        },
        allowed);
    const ToyFields shorter = member_after(
        folder, "shorter",
        [](ToyFields& fields) {
          fields.values.resize(fields.values.size() / 5 * 4);
          fields.hours.pop_back();
        },
        options);
    const ToyFields cells = member_after(
        folder, "cells", [](ToyFields& fields) { fields.field(2, kTas)[4] = kNaN; }, allowed);
    if (!is_root()) continue;
    EXPECT_EQ(missing.values, shorter.values);
    EXPECT_NE(missing.values, whole.values);
    EXPECT_NE(cells.values, whole.values);
    EXPECT_TRUE(std::ranges::none_of(cells.values, [](float value) { return std::isnan(value); }));
  }
}

TEST(Sample, FollowsTheScheduleOfItsPrior) {
  const io::TemporaryFolder folder;
  const model::GaussianBundle fitted = model::load_gaussian_prior(toy_climate().prior);
  const diffusion::VpCosine schedule{.eta = 2e-3};
  model::save_gaussian_prior(folder / "prior", fitted.domain, fitted.lag_covariance, schedule);
  constexpr std::int64_t kWindow = 7;
  // As many hours as the window: what the prior gives is then all that the sampler asks for.
  Options options = toy_climate().unconditional_options(folder / "out", kWindow);
  options["prior.path"] = folder / "prior";
  const Outcome outcome = run_here("sample", options);
  ASSERT_EQ(outcome.exit_code, 0) << outcome;
  if (!is_root()) return;

  /// A trajectory of one window.
  struct OneWindow : diffusion::TrajectoryDenoiser {
    explicit OneWindow(diffusion::WindowDenoiser& of) : windows(of) {}
    at::Tensor noise_estimate(const at::Tensor& noisy, const diffusion::NoiseLevel& level) override {
      return windows.noise_estimate({noisy.flatten(0, 1).unsqueeze(0), {0}}, level).reshape(noisy.sizes());
    }
    diffusion::WindowDenoiser& windows;
  };
  const at::NoGradGuard no_gradients;
  const ToyFields found(folder / "out/member_000.nc");
  const model::PriorBundle prior = model::load_prior(folder / "prior", at::kFloat);
  EXPECT_EQ(prior.description.schedule.vp_cosine()->eta, 2e-3);
  OneWindow denoiser(*prior.denoiser);
  const auto distance_with = [&](const diffusion::VpCosine& followed) {
    diffusion::SamplerState state{.slab = at::empty({kWindow, 4, 16, 24})};
    diffusion::Surroundings surroundings;
    surroundings.fill_noise = [](at::Tensor& noise, std::uint32_t draw) {
      diffusion::fill_noise({3, 0, draw}, 0, noise);
    };
    surroundings.pass_done = [](const diffusion::SamplerState&) { return true; };
    diffusion::sample(denoiser, followed, {.steps = 8}, surroundings, state);
    const at::Tensor drawn =
        at::tensor(found.values, at::kDouble).reshape({kWindow, 4, 16, 24});  // [hour, variable, y, x]
    double largest = 0;
    for (std::int64_t hour = 0; hour < kWindow; ++hour) {
      const std::int64_t seconds =
          calendar::to_seconds(calendar::parse_date_time("2001-01-08"), calendar::Calendar::standard) +
          3600 * hour;
      const at::Tensor normalised =
          prior.description.domain.normalise(drawn[hour], seconds, calendar::Calendar::standard);
      largest = std::max(largest, (normalised - state.slab[hour]).abs().max().item<double>());
    }
    return largest;
  };
  EXPECT_LT(distance_with(schedule), 1e-3);
  EXPECT_GT(distance_with({}), 1e-2);
}

TEST(Sample, TakesObservationsInAUnitThatCanBeConverted) {
  const io::TemporaryFolder folder;
  const auto run = [&](const std::string& name, const std::function<void(ToyFields&)>& change) {
    Options options = toy_climate().sample_options(folder / name);
    bend_observations(change)(options, folder / "");
    return run_here("sample", options);
  };
  const Outcome kelvin = run("kelvin", [](ToyFields&) {});
  const Outcome celsius = run("celsius", [](ToyFields& fields) {
    fields.variables[kTas].units = "degC";
    for (std::size_t time = 0; time < fields.hours.size(); ++time)
      for (float& value : fields.field(time, kTas)) value -= 273.15F;
  });
  ASSERT_EQ(kelvin.exit_code, 0) << kelvin;
  ASSERT_EQ(celsius.exit_code, 0) << celsius;
  if (!is_root()) return;

  const ToyFields expected(folder / "kelvin/member_000.nc"), found(folder / "celsius/member_000.nc");
  ASSERT_EQ(found.variables, expected.variables);
  ASSERT_EQ(found.values.size(), expected.values.size());
  for (std::size_t i = 0; i < expected.values.size(); ++i)
    ASSERT_NEAR(found.values[i], expected.values[i], 1e-5 * std::abs(expected.values[i]) + 1e-3)
        << "value " << i;
}

}  // namespace
}  // namespace foehn::testing::sample_test
