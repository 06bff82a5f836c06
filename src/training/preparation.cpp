#include "foehn/training/preparation.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <vector>

#include "foehn/core/digest.hpp"
#include "foehn/core/error.hpp"
#include "foehn/process/output_folder.hpp"
#include "foehn/training/field_cache.hpp"

namespace foehn::training {

namespace fs = std::filesystem;

TrainLocks::TrainLocks(const Settings& settings, bool validate_only) {
  const process::OutputFolder prior(settings.prior, "prior.path", validate_only);
  const process::OutputFolder checkpoints(settings.checkpoint_folder(), "checkpoint.directory",
                                          validate_only);
  if (validate_only) return;
  prior_.emplace(settings.prior, "prior.path");
  if (!fs::equivalent(settings.prior, settings.checkpoint_folder()))
    checkpoints_.emplace(settings.checkpoint_folder(), "checkpoint.directory");
}

PreparedPaths::PreparedPaths(const Settings& settings)
    : gaussian(settings.prior + ".gaussian"),
      cache(settings.cache.empty() ? settings.prior + ".cache.nc" : settings.cache) {}

void PreparedData::broadcast(const comm::Communicator& ranks) {
  std::vector<std::int64_t> numbers{span.hours, span.held_out, span.first_seconds};
  ranks.broadcast(numbers);
  span = {numbers[0], numbers[1], numbers[2]};
  ranks.broadcast(gaussian);
  ranks.broadcast(residuals);
  ranks.broadcast(cache);
  ranks.broadcast(static_fields);
}

at::Tensor PreparedData::static_tensor(const grid::Grid& grid) const {
  if (static_fields.empty()) return {};
  return at::tensor(static_fields, at::kDouble).to(at::kFloat).reshape({-1, grid.ny(), grid.nx()});
}

std::string PreparedData::static_digest() const {
  if (static_fields.empty()) return "none";
  return core::sha256(
      {reinterpret_cast<const char*>(static_fields.data()), static_fields.size() * sizeof(double)});
}

PreparedData prepare(const Record& record, const Settings& settings, const PreparedPaths& paths,
                     const process::StopToken& stop) {
  struct Stopped {};
  const Interruption interruption = [&] {
    if (stop.is_requested()) throw Stopped();
  };
  try {
    at::Tensor inflation =
        at::ones({static_cast<std::int64_t>(record.reader.variables().size())}, at::kDouble);
    if (settings.has_graph())
      fit_anomalies(record, settings, paths.gaussian, interruption);
    else
      inflation = fit_gaussian(record, settings, paths.gaussian, interruption);
    if (settings.is_conditional()) inflation = fit_residuals(record, settings, paths.gaussian, interruption);
    const Material material = read_material(settings, paths.gaussian, record.span());
    const bool are_anomalies = settings.kind != NetworkKind::score_unet;
    const std::int64_t known = are_anomalies ? record.trained().size() : 0;
    const std::string cache = make_cache(paths.cache, record, material, {known, inflation}, interruption);
    return {record.span(), fitted_digest(settings, paths.gaussian),
            residuals_digest(settings, paths.gaussian), cache, record.static_fields};
  } catch (const Stopped&) {
    return {};
  }
}

void check_prepared(const PreparedData& prepared, const Settings& settings, const PreparedPaths& paths) {
  if (fitted_digest(settings, paths.gaussian) != prepared.gaussian ||
      residuals_digest(settings, paths.gaussian) != prepared.residuals ||
      !FieldCache::exists(paths.cache, prepared.cache))
    throw core::Error(
        fmt::format("prior.path, data.cache: this rank does not see the files that the root wrote to {} and "
                    "{}; all ranks need a shared folder",
                    paths.gaussian.string(), paths.cache.string()));
}

}  // namespace foehn::training
