#include "foehn/ingestion/observation_preparation.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "foehn/core/error.hpp"
#include "foehn/core/progress.hpp"
#include "foehn/core/version.hpp"
#include "foehn/ingestion/provenance.hpp"
#include "foehn/io/field_reader.hpp"
#include "foehn/io/overwriting.hpp"
#include "prepared_bias.hpp"
#include "regridding_name.hpp"

namespace foehn::ingestion {

namespace {

/// Refuses an instant that `foehn sample` would refuse, naming the file of the first value that is wrong.
void check_all_plausible(const ObservationStream& stream, std::int64_t index, std::span<const float> values,
                         const std::vector<PlausibleRange>& ranges) {
  const auto cells = static_cast<std::size_t>(stream.grid().cells());
  for (std::size_t v = 0; v < ranges.size(); ++v)
    core::with_context(stream.file_of(v, index).string(), [&] {
      check_plausible(ranges[v], values.subspan(v * cells, cells), stream.times().format(index),
                      stream.grid());
    });
}

void write_stream(ObservationStream& stream, const std::vector<PlausibleRange>& ranges,
                  std::optional<BiasCorrection> correction, io::FieldWriter& writer) {
  std::vector<float> values(stream.variables().size() * static_cast<std::size_t>(stream.grid().cells()));
  core::Progress progress("preparing", stream.times().size(), "instants", true);
  const calendar::TimeAxis times = middles(stream.sampling(), stream.times());
  for (std::int64_t i = 0; i < times.size(); ++i) {
    stream.read(i, values);
    if (correction) correction->apply(values, times.seconds[static_cast<std::size_t>(i)], times.calendar);
    check_all_plausible(stream, i, values, ranges);
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

}  // namespace

ObservationPreparation::ObservationPreparation(const PreparationTask& options, FineDomain domain,
                                               const RecordCut& cut)
    : options_(options),
      domain_(std::move(domain)),
      target_(prepare_target(options, domain_)),
      streams_(open_streams(options, target_, cut)),
      bias_(std::make_unique<PreparedBias>(options, target_, streams_)) {
  check_statistics();
}

ObservationPreparation::~ObservationPreparation() = default;

const std::string& ObservationPreparation::output_of(const ObservationStream& stream) const {
  return stream.sampling().kind == io::TimeSampling::mean ? options_.means : options_.output;
}

std::vector<std::filesystem::path> ObservationPreparation::inputs() const {
  std::vector<std::filesystem::path> files{domain_.file};
  for (const auto* patterns : {&options_.files, &options_.historical, &options_.reference}) {
    const std::vector<std::filesystem::path> more = io::expand_files(*patterns);
    files.insert(files.end(), more.begin(), more.end());
  }
  if (!options_.weights.empty()) files.emplace_back(options_.weights);
  const bool reads_statistics = !options_.statistics.empty() && options_.reference.empty();
  if (reads_statistics) files.emplace_back(options_.statistics);
  return files;
}

void ObservationPreparation::check_statistics() const {
  if (options_.statistics.empty() || options_.reference.empty()) return;  // which are not written
  io::refuse_overwriting(inputs(), options_.statistics, "bias.statistics");
  for (const std::string& output : {options_.output, options_.means})
    if (output == options_.statistics)
      throw core::UsageError(fmt::format("bias.statistics: {} is an output as well", output));
}

io::FieldHeader ObservationPreparation::header_of(const ObservationStream& stream) const {
  const bool is_mean = stream.sampling().kind == io::TimeSampling::mean;
  io::FieldHeader header;
  header.variables = stream.variables();
  header.grid = stream.grid();
  header.calendar = stream.times().calendar;
  header.first_seconds = stream.times().seconds.front();
  // A file of one instant has no step; any will do.
  header.step_seconds = std::max<std::int64_t>(stream.step_seconds(), 1);
  header.cell_methods = is_mean ? "time: mean area: mean" : "time: point area: mean";
  if (is_mean) header.mean_interval = stream.sampling().interval;
  header.attributes = provenance(stream.records());
  header.attributes["title"] = std::string("coarse observations: a climate model's fields as block means");
  header.attributes["source"] = fmt::format("foehn {}", core::version());
  header.attributes["regridding"] =
      fmt::format("{}, then means over {} x {} cells{}", regridding_name(options_), options_.block,
                  options_.block, stream.turns_winds() ? ", winds turned" : "");
  if (!bias_->description().empty()) header.attributes["bias_correction"] = bias_->description();
  header.attributes["history"] =
      fmt::format("foehn prepare: {} from {} to {}", names_of(stream), stream.times().format(0),
                  stream.times().format(stream.times().size() - 1));
  return header;
}

void ObservationPreparation::open() {
  for (const ObservationStream& stream : streams_)
    writers_.emplace_back(output_of(stream), header_of(stream));
}

void ObservationPreparation::write() {
  bias_->estimate();
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    write_stream(streams_[i], plausible_ranges(target_.plausible, streams_[i].variables()),
                 bias_->correction(streams_[i]), writers_[i]);
    writers_[i].close();
  }
}

std::vector<std::filesystem::path> ObservationPreparation::unpublished() const {
  std::vector<std::filesystem::path> paths;
  for (const io::FieldWriter& writer : writers_) paths.push_back(writer.temporary_path());
  return paths;
}

void ObservationPreparation::commit() {
  for (io::FieldWriter& writer : writers_) writer.commit();
}

std::string ObservationPreparation::describe(const ObservationStream& stream) const {
  return fmt::format("{}: {} of {} on {} x {} blocks, {} {} from {} to {} ({})", output_of(stream),
                     stream.sampling().kind == io::TimeSampling::mean ? "means" : "snapshots",
                     names_of(stream), stream.grid().ny(), stream.grid().nx(), stream.times().size(),
                     stream.times().size() == 1 ? "instant" : "instants", stream.times().format(0),
                     stream.times().format(stream.times().size() - 1),
                     calendar::calendar_name(stream.times().calendar));
}

std::string ObservationPreparation::describe_sources(const ObservationStream& stream) const {
  std::string lines;
  for (const Record& record : stream.records())
    for (const SourceFile& file : record.files())
      lines +=
          fmt::format("  {} from {} of {}{}, {} to {}\n", record.variable().name, file.layout.variable.name,
                      file.path.string(), file.level ? " (at " + file.level->text() + ")" : "",
                      file.times.format(0), file.times.format(file.times.size() - 1));
  return lines;
}

}  // namespace foehn::ingestion
