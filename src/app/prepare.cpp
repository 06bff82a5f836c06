#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <iostream>

#include "foehn/conditioning/plausible_values.hpp"
#include "foehn/core/error.hpp"
#include "foehn/ingestion/observation_preparation.hpp"
#include "foehn/io/overwriting.hpp"
#include "foehn/model/domain.hpp"
#include "options.hpp"
#include "prepare_options.hpp"
#include "subcommands.hpp"

namespace foehn::app {

namespace {

using ingestion::ObservationStream;

bool is_mean(const ObservationStream& stream) {
  return stream.sampling().kind == io::TimeSampling::mean;
}

void check_outputs(const ingestion::ObservationPreparation& preparation, const PrepareOptions& options) {
  const auto& streams = preparation.streams();
  for (const ObservationStream& stream : streams)
    if (preparation.output_of(stream).empty())
      throw core::UsageError(
          fmt::format("{}: {} {}, which go to a file of their own: give {}", ingestion::names_of(stream),
                      is_mean(stream) ? "time means over" : "snapshots every",
                      calendar::format_step(is_mean(stream) ? stream.sampling().interval.seconds()
                                                            : stream.step_seconds()),
                      is_mean(stream) ? "output.means" : "output.path"));
  if (!options.output.empty() && options.output == options.means)
    throw core::UsageError("output.means: must differ from output.path");
  for (const ObservationStream& stream : streams)
    io::refuse_overwriting(preparation.inputs(), preparation.output_of(stream),
                           is_mean(stream) ? "output.means" : "output.path");
  if (streams.size() == 1 && !options.output.empty() && !options.means.empty())
    spdlog::warn("only {} is written: all variables are {}", preparation.output_of(streams.front()),
                 is_mean(streams.front()) ? "time means" : "snapshots");
}

/// The domain that the observations are for.
ingestion::FineDomain read_fine_domain(const PrepareOptions& options) {
  if (options.prior.empty() == options.domain.empty())
    throw core::UsageError("give exactly one of prior.path and domain.path");
  const std::filesystem::path file = options.prior.empty()
                                         ? std::filesystem::path(options.domain)
                                         : std::filesystem::path(options.prior) / "domain.nc";
  return conditioning::fine_domain(model::read_domain(file), file);
}

int run(const Call& call, const PrepareOptions& options) {
  ingestion::ObservationPreparation preparation(
      options, read_fine_domain(options),
      [&](ingestion::Record& record) { record.select_period(options.start, options.end); });
  check_outputs(preparation, options);
  preparation.open();
  if (call.validate_only) {
    for (const ObservationStream& stream : preparation.streams())
      std::cout << "would write " << preparation.describe(stream) << '\n'
                << preparation.describe_sources(stream);
    say_valid("nothing was written");
    return 0;
  }
  preparation.write();
  preparation.commit();
  for (const ObservationStream& stream : preparation.streams())
    std::cout << "wrote " << preparation.describe(stream) << '\n';
  return 0;
}

}  // namespace

Subcommand prepare() {
  return {.name = "prepare",
          .summary =
              "Make observations from a climate model's files: join, convert units, regrid, average, "
              "correct bias.",
          .example =
              "foehn prepare --input.files 'tas_6hr*.nc,psl_6hr*.nc' --prior.path prior "
              "--observation.block 16 --time.start 2050-01-01 --time.end 2050-12-31 --output.path "
              "observations.nc",
          .declare = serial(&declare_prepare_options, &run)};
}

}  // namespace foehn::app
