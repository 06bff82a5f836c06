#include "member_output.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "foehn/config/option_table.hpp"
#include "foehn/core/error.hpp"
#include "foehn/io/cordex_writer.hpp"

namespace foehn::app {

namespace {

constexpr const char* kTemplate = "configs/cordex_metadata.ini is a template";

}  // namespace

io::CordexMetadata read_cordex_metadata(const std::filesystem::path& path) {
  io::CordexMetadata metadata;
  // The table knows how to read such a file, and what an unknown key may have meant.
  config::OptionTable table("metadata", "What is said of a simulation.", "");
  for (const io::CordexKey& key : io::cordex_keys())
    table.add(key.name, &metadata.attributes.at(key.name), {.doc = key.expected});
  table.add("version", &metadata.version,
            {.doc = "Version of the simulation.", .unit = "1", .minimum = 1, .maximum = 9999});
  table.add("tracking_prefix", &metadata.tracking_prefix, {.doc = "Handle before the files' tracking_id."});
  table.add("earth_radius", &metadata.earth_radius,
            {.doc = "Radius of the grid's sphere.", .unit = "m", .minimum = 6e6, .maximum = 7e6});
  table.parse({"--config", path.string()});
  try {
    io::check(metadata);
  } catch (const core::Error& error) {
    throw core::UsageError(fmt::format("{}: {}", path.string(), error.what()));
  }
  return metadata;
}

std::optional<io::CordexMetadata> output_metadata(const SampleOptions& options) {
  if (options.layout == Layout::member) {
    if (!options.metadata.empty())
      throw core::UsageError("output.metadata: only output.layout = cordex takes it");
    return std::nullopt;
  }
  if (options.metadata.empty())
    throw core::UsageError(fmt::format("output.metadata: required with output.layout = {}; {}",
                                       config::name_of(options.layout), kTemplate));
  return core::with_context("output.metadata", [&] { return read_cordex_metadata(options.metadata); });
}

void check_driving(const io::CordexMetadata& metadata, const std::string& observations,
                   const io::Attributes& attributes) {
  for (const std::string name : {"source_id", "institution_id", "experiment_id", "variant_label"}) {
    const auto found = attributes.find(name);
    const auto* text = found == attributes.end() ? nullptr : std::get_if<std::string>(&found->second);
    const std::string& driving = metadata.attributes.at("driving_" + name);
    if (text == nullptr || *text == driving) continue;
    // Several are listed: a historical run and the scenario that goes on from it.
    if ((", " + *text + ", ").find(", " + driving + ", ") == std::string::npos)
      throw core::UsageError(fmt::format("output.metadata: driving_{} is {}, but {} is of {} ({})", name,
                                         driving, observations, *text, name));
    spdlog::warn(
        "output.metadata: {} is of {} ({}), but all files will say that it is {}; a run of each "
        "tells them apart",
        observations, *text, name, driving);
  }
}

io::TrajectoryHeader member_header(const SampleJob& job, const SampleOptions& options, std::int64_t member) {
  const auto& domain = job.prior.domain;
  io::TrajectoryHeader header;
  header.variables = domain.variables;
  header.grid = domain.grid;
  header.calendar = job.period.calendar;
  header.first_seconds = job.period.first_seconds;
  header.step_seconds = job.period.step_seconds;
  header.realization = member;
  header.chunk_steps = options.chunk_hours;
  header.deflate = static_cast<int>(options.compression);
  header.attributes = {
      {"title", std::string(options.is_conditioned() ? "weather sampled from a posterior given coarse data"
                                                     : "weather sampled from a prior")},
      {"source", fmt::format("foehn {}", FOEHN_VERSION)},
      {"history", fmt::format("foehn sample: {} with {} steps from t = {}, guidance {}, stride {}",
                              config::name_of(options.method), job.sampler.steps, job.sampler.t_first,
                              config::name_of(options.is_conditioned() ? options.guidance : Guidance::none),
                              stride_text(options.stride))},
      {"foehn_seed", options.seed},
      {"foehn_prior_digest", job.prior_digest},
      {"foehn_options_digest", job.options_digest},
      {kIdentityAttribute, job.identity}};
  if (options.is_conditioned()) {
    header.attributes["foehn_observations_digest"] = job.observations_digest;
    header.attributes["foehn_observation_std"] = job.observation_std;
  }
  return header;
}

std::vector<std::filesystem::path> member_files(const SampleJob& job, const SampleOptions& options,
                                                std::int64_t member) {
  if (!job.metadata) return {fmt::format("member_{:03}.nc", member)};
  return core::with_context("output.layout", [&] {
    std::vector<std::filesystem::path> names;
    for (const io::CordexFile& file :
         io::cordex_files(member_header(job, options, member), *job.metadata, job.period.hours))
      names.push_back(file.name);
    return names;
  });
}

std::unique_ptr<io::MemberWriter> make_member_writer(const SampleJob& job, const SampleOptions& options,
                                                     std::int64_t member) {
  const std::filesystem::path folder = options.output;
  const io::TrajectoryHeader header = member_header(job, options, member);
  if (job.metadata)
    return std::make_unique<io::CordexWriter>(folder, header, *job.metadata, job.period.hours);
  return std::make_unique<io::TrajectoryWriter>(folder / member_files(job, options, member).front(), header);
}

}  // namespace foehn::app
