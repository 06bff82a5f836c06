#include "member_output.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <string>

#include "foehn/core/error.hpp"
#include "foehn/core/version.hpp"
#include "foehn/diffusion/names.hpp"
#include "foehn/io/chunk_writer.hpp"
#include "foehn/io/cordex_writer.hpp"
#include "foehn/job/names.hpp"
#include "foehn/model/transformed_fields.hpp"

namespace foehn::job {

namespace {

std::string title_of(const Plan& plan) {
  if (plan.is_conditioned()) return "weather sampled from a posterior given coarse data";
  return plan.coarse.empty() ? "weather sampled from a prior"
                             : "weather sampled from a prior given coarse data";
}

}  // namespace

void check_driving(const io::CordexMetadata& metadata, const conditioning::Origin& observations) {
  for (const std::string name : {"source_id", "institution_id", "experiment_id", "variant_label"}) {
    const auto found = observations.attributes.find(name);
    const auto* text =
        found == observations.attributes.end() ? nullptr : std::get_if<std::string>(&found->second);
    const std::string& driving = metadata.attributes.at("driving_" + name);
    if (text == nullptr || *text == driving) continue;
    // Several are listed: a historical run and the scenario that continues it.
    if ((", " + *text + ", ").find(", " + driving + ", ") == std::string::npos)
      throw core::UsageError(fmt::format("output.metadata: driving_{} is {}, but {} comes from {} ({})", name,
                                         driving, observations.name, *text, name));
    spdlog::warn(
        "output.metadata: {} comes from {} ({}), but all files will be labelled {}; run each separately to "
        "tell them apart",
        observations.name, *text, name, driving);
  }
}

io::FieldHeader MemberOutput::header(std::int64_t member) const {
  const Settings& settings = root_.settings;
  io::FieldHeader header;
  header.variables = domain_.variables;
  header.grid = domain_.grid;
  header.calendar = plan_.period.calendar;
  header.first_seconds = plan_.period.first_seconds;
  header.step_seconds = plan_.period.step_seconds;
  header.realization = plan_.index_of(member);
  header.chunk_steps = plan_.output.chunk_hours;
  header.deflate = static_cast<int>(plan_.output.compression);
  header.significant_digits = plan_.output.significant_digits;
  header.attributes = {
      {"title", title_of(plan_)},
      {"source", fmt::format("foehn {}", core::version())},
      {"history", fmt::format("foehn sample: {} with {} steps from {}{}, guidance {}, stride {}",
                              core::name_of(plan_.sampler.method), plan_.sampler.steps,
                              plan_.sampler.t_first ? "t = " : "", first_level_text(plan_.sampler),
                              core::name_of(plan_.guidance), stride_text(settings.stride))},
      {"foehn_seed", plan_.seed},
      {"foehn_prior_digest", plan_.prior_digest},
      {"foehn_options_digest", root_.options_digest},
      {kIdentityAttribute, plan_.identity_of(member)}};
  if (const auto& transforms = domain_.normalisation.transforms(); observation::any(transforms))
    header.attributes["foehn_transforms"] = model::text_of(transforms, domain_.variables);
  const std::size_t place = plan_.driver_of(member);
  const std::string& label = plan_.drivers[place].label;
  const DrivingData& data = root_.drivers[place];
  if (!label.empty()) header.attributes["driving_variant_label"] = label;
  if (!data.observations.digest.empty())
    header.attributes[label.empty() ? "foehn_observations_digest" : "foehn_driving_observations_digest"] =
        data.observations.digest;
  if (plan_.is_conditioned()) {
    if (!plan_.observation_std.empty()) header.attributes["foehn_observation_std"] = plan_.observation_std;
    if (!plan_.points.empty()) header.attributes["foehn_stations_digest"] = data.points_digest;
  }
  return header;
}

io::CordexMetadata driven_by(io::CordexMetadata metadata, const std::string& label) {
  if (!label.empty()) metadata.attributes.at("driving_variant_label") = label;
  return metadata;
}

io::CordexMetadata MemberOutput::simulation(std::int64_t member) const {
  return driven_by(*root_.settings.simulation, plan_.drivers[plan_.driver_of(member)].label);
}

std::vector<std::filesystem::path> MemberOutput::files(std::int64_t member) const {
  if (!root_.settings.simulation) return {plan_.name_of(member) + ".nc"};
  return core::with_context("output.layout", [&] {
    std::vector<std::filesystem::path> names;
    for (const io::CordexFile& file :
         io::cordex_files(header(member), simulation(member), plan_.period.hours))
      names.push_back(file.name);
    return names;
  });
}

std::vector<std::int64_t> MemberOutput::file_starts() const {
  if (!root_.settings.simulation) return {0};
  const std::int64_t first = root_.settings.member_numbers().front();
  return core::with_context("output.layout", [&] {
    return io::cordex_file_starts(io::cordex_files(header(first), simulation(first), plan_.period.hours));
  });
}

std::unique_ptr<io::MemberWriter> MemberOutput::writer(std::int64_t member) const {
  const std::filesystem::path folder = root_.settings.output;
  if (root_.settings.simulation)
    return std::make_unique<io::CordexWriter>(folder, header(member), simulation(member), plan_.period.hours);
  return std::make_unique<io::ChunkWriter>(folder / files(member).front(), header(member),
                                           plan_.period.hours);
}

}  // namespace foehn::job
