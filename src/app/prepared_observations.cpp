#include "prepared_observations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <map>

#include "finished_members.hpp"
#include "foehn/core/digest.hpp"
#include "foehn/core/error.hpp"
#include "foehn/ingestion/provenance.hpp"
#include "foehn/process/output_folder.hpp"
#include "options.hpp"

namespace foehn::app {

namespace {

using ingestion::ObservationStream;
using Path = std::filesystem::path;

PrepareOptions prepare_options(const SampleOptions& options) {
  const Path folder = options.output;
  return {options.preparation,        options.missing_fraction,       options.prior, "", "", "",
          folder / "observations.nc", folder / "observation_means.nc"};
}

std::int64_t index_of(const io::Variable& variable, const model::Domain& domain) {
  return std::find(domain.variables.begin(), domain.variables.end(), variable) - domain.variables.begin();
}

ObservationTimes times_of(const ObservationStream& stream, const Path& file, std::int64_t block,
                          const model::Domain& domain) {
  ObservationTimes times{.name = file.string(),
                         .variables = {},
                         .block = block,
                         .calendar = stream.times().calendar,
                         .is_mean = stream.sampling().kind == ingestion::TimeSampling::mean,
                         .hour_seconds = domain.step_seconds,
                         .step_seconds = stream.step_seconds(),
                         .spans = {}};
  for (const io::Variable& variable : stream.variables())
    times.variables.push_back(index_of(variable, domain));
  const io::MeanInterval& interval = stream.sampling().interval;  // of snapshots, of no length
  for (const std::int64_t seconds : stream.times().seconds)
    times.spans.push_back({seconds + interval.begin_seconds, seconds + interval.end_seconds});
  return times;
}

}  // namespace

PreparedObservations::PreparedObservations(const SampleOptions& options, const model::Domain& domain)
    : options_(options),
      prepare_options_(prepare_options(options)),
      preparation_(prepare_options_, [&](ingestion::Record& record) {
        cut_to_trajectory(record, options.start, options.hours, domain.step_seconds);
      }) {
  for (const ObservationStream& stream : preparation_.streams()) {
    process::refuse_overwriting(inputs(), preparation_.output_of(stream), "output.directory");
    times_.push_back(times_of(stream, preparation_.output_of(stream), prepare_options_.block, domain));
  }
  std::sort(times_.begin(), times_.end(),
            [](const ObservationTimes& a, const ObservationTimes& b) { return a.variables < b.variables; });
}

std::vector<io::Attributes> PreparedObservations::provenance() const {
  std::vector<io::Attributes> all;
  for (const ObservationStream& stream : preparation_.streams())
    all.push_back(ingestion::provenance(stream.records()));
  return all;
}

void PreparedObservations::make() {
  check_space();
  preparation_.open();
  preparation_.write();
  check_replaceable();
}

void PreparedObservations::check_space() const {
  double bytes = 0;
  for (const ObservationStream& stream : preparation_.streams())
    bytes += 4.0 * static_cast<double>(stream.times().size()) *
             static_cast<double>(stream.variables().size()) * static_cast<double>(stream.grid().cells());
  check_free(options_.output, kBestCompression * bytes, bytes, "the observations to be prepared");
}

void PreparedObservations::check_replaceable() const {
  if (options_.restart) return;
  std::map<Path, Path> made;  // by final name
  for (std::size_t i = 0; i < published().size(); ++i) made[published()[i]] = unpublished()[i];
  for (const Path& path : {Path(prepare_options_.output), Path(prepare_options_.means)}) {
    if (!std::filesystem::exists(path)) continue;
    const auto own = made.find(path);
    if (own != made.end() && core::sha256_of_file(own->second) == core::sha256_of_file(path)) continue;
    throw core::Error(
        fmt::format("{} exists and differs from what input.files and their options give; use another "
                    "output.directory, or checkpoint.restart to overwrite it",
                    path.string()));
  }
}

std::vector<Path> PreparedObservations::published() const {
  std::vector<Path> paths;
  for (const ObservationStream& stream : preparation_.streams())
    paths.emplace_back(preparation_.output_of(stream));
  return paths;
}

std::vector<Path> PreparedObservations::publish() {
  preparation_.commit();
  const std::vector<Path> paths = published();
  // After a restart, a file of a kind that this run has not.
  for (const Path& path : {Path(prepare_options_.output), Path(prepare_options_.means)})
    if (std::find(paths.begin(), paths.end(), path) == paths.end()) std::filesystem::remove(path);
  for (const ObservationStream& stream : preparation_.streams())
    std::cout << "prepared " << preparation_.describe(stream) << '\n';
  return paths;
}

}  // namespace foehn::app
