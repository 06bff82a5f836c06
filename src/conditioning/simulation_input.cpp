#include "foehn/conditioning/simulation_input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "foehn/conditioning/plausible_values.hpp"
#include "foehn/core/digest.hpp"
#include "foehn/core/error.hpp"
#include "foehn/ingestion/provenance.hpp"
#include "foehn/io/disk_space.hpp"
#include "foehn/io/overwriting.hpp"

namespace foehn::conditioning {

namespace {

using ingestion::ObservationStream;
using Path = std::filesystem::path;

ingestion::PreparationTask task_of(const SimulationInput::Settings& settings) {
  return {settings.preparation, settings.missing_fraction, settings.folder / "observations.nc",
          settings.folder / "observation_means.nc"};
}

std::int64_t index_of(const io::Variable& variable, const model::Domain& domain) {
  return std::find(domain.variables.begin(), domain.variables.end(), variable) - domain.variables.begin();
}

Series series_of_stream(const ObservationStream& stream, const Path& file, std::int64_t block,
                        const model::Domain& domain) {
  Series series{.name = file.string(),
                .variables = {},
                .block = block,
                .calendar = stream.times().calendar,
                .is_mean = stream.sampling().kind == io::TimeSampling::mean,
                .hour_seconds = domain.step_seconds,
                .step_seconds = stream.step_seconds(),
                .spans = {}};
  for (const io::Variable& variable : stream.variables())
    series.variables.push_back(index_of(variable, domain));
  const io::MeanInterval& interval = stream.sampling().interval;  // of snapshots, of no length
  for (const std::int64_t seconds : stream.times().seconds)
    series.spans.push_back({seconds + interval.begin_seconds, seconds + interval.end_seconds});
  return series;
}

}  // namespace

SimulationInput::SimulationInput(const Settings& settings, const model::Domain& domain)
    : settings_(settings),
      domain_(domain),
      task_(task_of(settings)),
      preparation_(task_, fine_domain(domain, settings.domain_file), [&](ingestion::Record& record) {
        cut_to_trajectory(record, settings.start, settings.hours, domain.step_seconds);
      }) {
  for (const ObservationStream& stream : preparation_.streams()) {
    io::refuse_overwriting(files(), preparation_.output_of(stream), "output.directory");
    series_.push_back(series_of_stream(stream, preparation_.output_of(stream), task_.block, domain));
  }
  std::sort(series_.begin(), series_.end(),
            [](const Series& a, const Series& b) { return a.variables < b.variables; });
}

std::vector<Origin> SimulationInput::origins() const {
  std::vector<Origin> all;
  for (const ObservationStream& stream : preparation_.streams())
    all.push_back({"what input.files hold", ingestion::provenance(stream.records())});
  return all;
}

CheckedObservations SimulationInput::read() {
  check_space();
  preparation_.open();
  preparation_.write();
  check_replaceable();
  std::vector<CheckedSeries> checked = core::with_context("input.files", [&] {
    return check_series(open_series(preparation_.unpublished(), domain_), settings_.missing_fraction);
  });
  return {std::move(checked), core::sha256_of_files(preparation_.unpublished())};
}

void SimulationInput::check_space() const {
  double bytes = 0;
  for (const ObservationStream& stream : preparation_.streams())
    bytes += 4.0 * static_cast<double>(stream.times().size()) *
             static_cast<double>(stream.variables().size()) * static_cast<double>(stream.grid().cells());
  io::check_free(settings_.folder, io::kBestCompression * bytes, bytes, "the observations to be prepared");
}

void SimulationInput::check_replaceable() const {
  if (settings_.may_replace) return;
  std::map<Path, Path> made;  // by final name
  const std::vector<Path> finally = published(), now = preparation_.unpublished();
  for (std::size_t i = 0; i < now.size(); ++i) made[finally[i]] = now[i];
  for (const Path& path : {Path(task_.output), Path(task_.means)}) {
    if (!std::filesystem::exists(path)) continue;
    const auto own = made.find(path);
    if (own != made.end() && core::sha256_of_file(own->second) == core::sha256_of_file(path)) continue;
    throw core::Error(
        fmt::format("{} exists and differs from what input.files and their options give; use another "
                    "output.directory, or checkpoint.restart to overwrite it",
                    path.string()));
  }
}

std::vector<Path> SimulationInput::published() const {
  std::vector<Path> paths;
  for (const ObservationStream& stream : preparation_.streams())
    paths.emplace_back(preparation_.output_of(stream));
  return paths;
}

std::string SimulationInput::publish(CheckedObservations& observations) {
  preparation_.commit();
  const std::vector<Path> paths = published();
  // After a restart, a file of a kind that this run has not.
  for (const Path& path : {Path(task_.output), Path(task_.means)})
    if (std::find(paths.begin(), paths.end(), path) == paths.end()) std::filesystem::remove(path);
  std::vector<SeriesReader> readers = open_series(paths, domain_);
  for (std::size_t i = 0; i < readers.size(); ++i) observations.series[i].move_to(std::move(readers[i]));
  std::string lines;
  for (const ObservationStream& stream : preparation_.streams())
    lines += fmt::format("prepared {}\n", preparation_.describe(stream));
  return lines;
}

}  // namespace foehn::conditioning
