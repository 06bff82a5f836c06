#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <iostream>

#include "foehn/core/error.hpp"
#include "foehn/process/output_folder.hpp"
#include "options.hpp"
#include "preparation.hpp"
#include "subcommands.hpp"

namespace foehn::app {

namespace {

using ingestion::ObservationStream;

bool is_mean(const ObservationStream& stream) {
  return stream.sampling().kind == ingestion::TimeSampling::mean;
}

void check_outputs(const ObservationPreparation& preparation, const PrepareOptions& options) {
  const auto& streams = preparation.streams();
  for (const ObservationStream& stream : streams)
    if (preparation.output_of(stream).empty())
      throw core::UsageError(
          fmt::format("{}: {} {}, which go to a file of their own: give {}", names_of(stream),
                      is_mean(stream) ? "time means over" : "snapshots every",
                      calendar::format_step(is_mean(stream) ? stream.sampling().interval.seconds()
                                                            : stream.step_seconds()),
                      is_mean(stream) ? "output.means" : "output.path"));
  if (!options.output.empty() && options.output == options.means)
    throw core::UsageError("output.means: is output.path as well");
  for (const ObservationStream& stream : streams)
    process::refuse_overwriting(preparation.inputs(), preparation.output_of(stream),
                                is_mean(stream) ? "output.means" : "output.path");
  if (streams.size() == 1 && !options.output.empty() && !options.means.empty())
    spdlog::warn("only {} is written: all variables are {}", preparation.output_of(streams.front()),
                 is_mean(streams.front()) ? "time means" : "snapshots");
}

int run(const Call& call, const PrepareOptions& options) {
  ObservationPreparation preparation(
      options, [&](ingestion::Record& record) { record.select_period(options.start, options.end); });
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
