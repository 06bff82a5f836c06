#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <deque>
#include <iostream>

#include "foehn/core/error.hpp"
#include "foehn/core/progress.hpp"
#include "foehn/ingestion/provenance.hpp"
#include "foehn/io/trajectory_writer.hpp"
#include "options.hpp"
#include "prepare_bias.hpp"
#include "prepare_inputs.hpp"
#include "subcommands.hpp"

namespace foehn::app {

namespace {

using ingestion::ObservationStream;
using ingestion::TimeSampling;

std::string names_of(const ObservationStream& stream) {
  std::vector<std::string> names;
  for (const io::Variable& variable : stream.variables()) names.push_back(variable.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

/// The file that a stream goes to.
const std::string& output_of(const ObservationStream& stream, const PrepareOptions& options) {
  const bool is_mean = stream.sampling().kind == TimeSampling::mean;
  const std::string& path = is_mean ? options.means : options.output;
  if (path.empty())
    throw core::UsageError(fmt::format(
        "{}: {} {}, which go to a file of their own: give {}", names_of(stream),
        is_mean ? "time means over" : "snapshots every",
        calendar::format_step(is_mean ? stream.sampling().interval.seconds() : stream.step_seconds()),
        is_mean ? "output.means" : "output.path"));
  return path;
}

io::TrajectoryHeader header_of(const ObservationStream& stream, const PrepareOptions& options,
                               const PreparedBias& bias) {
  const bool is_mean = stream.sampling().kind == TimeSampling::mean;
  io::TrajectoryHeader header;
  header.variables = stream.variables();
  header.grid = stream.grid();
  header.calendar = stream.times().calendar;
  header.first_seconds = stream.times().seconds.front();
  // A file of one instant has no step; any will do.
  header.step_seconds = std::max<std::int64_t>(stream.step_seconds(), 1);
  header.cell_methods = is_mean ? "time: mean area: mean" : "time: point area: mean";
  if (is_mean) header.mean_interval = stream.sampling().interval;
  header.attributes = ingestion::provenance(stream.records());
  header.attributes["title"] = std::string("coarse observations: a climate model's fields as block means");
  header.attributes["source"] = fmt::format("foehn {}", FOEHN_VERSION);
  header.attributes["regridding"] = fmt::format(
      "{}, then means over {} x {} cells{}", options.weights.empty() ? options.method : "weight file",
      options.block, options.block, stream.turns_winds() ? ", winds turned" : "");
  if (!bias.description().empty()) header.attributes["bias_correction"] = bias.description();
  header.attributes["history"] =
      fmt::format("foehn prepare: {} from {} to {}", names_of(stream), stream.times().format(0),
                  stream.times().format(stream.times().size() - 1));
  return header;
}

std::vector<std::filesystem::path> files_of(const ObservationStream& stream) {
  std::vector<std::filesystem::path> files;
  for (const ingestion::Record& record : stream.records())
    for (const ingestion::SourceFile& file : record.files()) files.push_back(file.path);
  return files;
}

void check_outputs(const std::vector<ObservationStream>& streams, const PrepareOptions& options) {
  for (const ObservationStream& stream : streams) output_of(stream, options);
  if (!options.output.empty() && options.output == options.means)
    throw core::UsageError("output.means: is output.path as well");
  for (const ObservationStream& stream : streams)
    for (const ObservationStream& other : streams)
      refuse_overwriting(files_of(other), output_of(stream, options),
                         stream.sampling().kind == TimeSampling::mean ? "output.means" : "output.path");
  if (streams.size() == 1 && !options.output.empty() && !options.means.empty())
    spdlog::warn("only {} is written: all variables are {}", output_of(streams.front(), options),
                 streams.front().sampling().kind == TimeSampling::mean ? "time means" : "snapshots");
}

void write(ObservationStream& stream, std::optional<ingestion::BiasCorrection> correction,
           io::TrajectoryWriter& writer) {
  std::vector<float> values(stream.variables().size() * static_cast<std::size_t>(stream.grid().cells()));
  core::Progress progress("preparing", stream.times().size(), "instants", true);
  for (std::int64_t i = 0; i < stream.times().size(); ++i) {
    stream.read(i, values);
    if (correction)
      correction->apply(values, stream.times().seconds[static_cast<std::size_t>(i)], stream.times().calendar);
    writer.append(values);
    progress.advance();
  }
  say_missing(stream);
  if (!correction) return;
  const auto extrapolated = correction->extrapolated();
  for (std::size_t v = 0; v < extrapolated.size(); ++v)
    if (extrapolated[v] > 0)
      spdlog::warn("{}: {} values lie beyond those of the statistics; the correction at their end was used",
                   stream.variables()[v].name, extrapolated[v]);
}

void report(const ObservationStream& stream, const std::string& path) {
  std::cout << fmt::format("wrote {}: {} of {} on {} x {} blocks, {} {} from {} to {} ({})\n", path,
                           stream.sampling().kind == TimeSampling::mean ? "means" : "snapshots",
                           names_of(stream), stream.grid().ny(), stream.grid().nx(), stream.times().size(),
                           stream.times().size() == 1 ? "instant" : "instants", stream.times().format(0),
                           stream.times().format(stream.times().size() - 1),
                           calendar::calendar_name(stream.times().calendar));
}

}  // namespace

int prepare(const Arguments& arguments) {
  PrepareOptions options;
  config::OptionTable table = prepare_option_table(options);
  const config::OptionTable::Outcome outcome = table.parse(arguments);
  if (!outcome.page.empty()) {
    std::cout << outcome.page;
    return 0;
  }

  const PrepareTarget target = prepare_target(options);
  std::vector<ObservationStream> streams = open_streams(options, target);
  check_outputs(streams, options);
  PreparedBias bias(options, target, streams);
  std::deque<io::TrajectoryWriter> writers;
  for (const ObservationStream& stream : streams)
    writers.emplace_back(output_of(stream, options), header_of(stream, options, bias));
  if (outcome.validate_only) {
    say_valid("nothing was written");
    return 0;
  }

  bias.estimate();
  for (std::size_t i = 0; i < streams.size(); ++i) write(streams[i], bias.correction(streams[i]), writers[i]);
  // Only now: of two files, both or none.
  for (io::TrajectoryWriter& writer : writers) writer.commit();
  for (const ObservationStream& stream : streams) report(stream, output_of(stream, options));
  return 0;
}

}  // namespace foehn::app
