#include "foehn/checkpoint/store.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <functional>
#include <nlohmann/json.hpp>
#include <vector>

#include "foehn/checkpoint/identity.hpp"
#include "foehn/core/background_tasks.hpp"
#include "foehn/core/error.hpp"
#include "foehn/device/waiting.hpp"
#include "foehn/io/durable.hpp"
#include "manifest.hpp"
#include "slab_files.hpp"

namespace foehn::checkpoint {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kKept = 2;
constexpr std::size_t kMostManifestBytes = std::size_t{64} << 20;
constexpr const char* kPartial = ".partial";
constexpr const char* kPrefix = "step_";

std::string step_name(std::int64_t step) {
  return fmt::format("{}{:06}", kPrefix, step);
}

/// The steps of which there is a checkpoint, the newest first.
std::vector<std::int64_t> steps_in(const fs::path& folder) {
  std::vector<std::int64_t> steps;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename();
    const std::string number = name.starts_with(kPrefix) ? name.substr(std::string(kPrefix).size()) : "";
    std::int64_t step = 0;
    const auto [end, problem] = std::from_chars(number.data(), number.data() + number.size(), step);
    if (problem == std::errc() && end == number.data() + number.size() && name == step_name(step))
      steps.push_back(step);
  }
  std::sort(steps.rbegin(), steps.rend());
  return steps;
}

}  // namespace

/// The thread that writes this rank's file, and what became of it.
struct Store::Writing {
  SlabFile file;
  std::map<std::string, std::vector<std::int64_t>> fields;
  std::map<std::string, std::string> facts;
  std::atomic<bool> is_done = false;
  std::string failure;              // read when done
  core::BackgroundTasks thread{1};  // last: ends before what it uses
};

Store::Store(const comm::Communicator& team, fs::path folder, std::string identity, Form form, Hours mine)
    : team_(team),
      folder_(std::move(folder)),
      identity_(std::move(identity)),
      form_(std::move(form)),
      mine_(mine) {}

Store::~Store() {
  if (!background_) return;
  background_.reset();
  if (team_.is_root()) discard_partial();
}

void Store::remove_old(const fs::path& newest) {
  std::error_code ignored;  // what cannot be removed now does no harm
  for (const fs::path& broken : passed_over_)
    if (broken != newest) fs::remove_all(broken, ignored);
  passed_over_.clear();
  const std::vector<std::int64_t> steps = steps_in(folder_);
  for (std::size_t i = kKept; i < steps.size(); ++i) fs::remove_all(folder_ / step_name(steps[i]), ignored);
}

void Store::discard_partial() const {
  std::error_code ignored;
  fs::remove_all(folder_ / kPartial, ignored);
}

Manifest Store::parse(const std::string& text, std::int64_t step) const {
  Manifest manifest = parse_manifest(text);
  if (manifest.step != step)
    throw core::Error(fmt::format("step {}, expected {} by the folder's name", manifest.step, step));
  if (manifest.identity != identity_) return manifest;  // which says more than that its form is another
  if (manifest.files.back().last != form_.hours)
    throw core::Error(fmt::format("{} hours, expected {}", manifest.files.back().last, form_.hours));
  for (const auto& [name, shape] : manifest.fields)
    if (shape != form_.hour_shape)
      throw core::Error(fmt::format("field '{}' of {} values per hour, expected {}", name,
                                    fmt::join(shape, " x "), fmt::join(form_.hour_shape, " x ")));
  return manifest;
}

void Store::check_identity(const fs::path& folder, const std::string& identity) {
  for (const std::int64_t step : steps_in(folder)) {
    const fs::path path = folder / step_name(step);
    std::string there;
    try {
      there = parse_manifest(io::read_small_file(path / kManifestName, kMostManifestBytes)).identity;
    } catch (const core::Error&) {
      continue;  // passed over, and said so, when it is loaded
    }
    if (there == identity) return;
    throw core::Error(
        fmt::format("the checkpoint {} was written by a different run: {}; use that run's options, another "
                    "output.directory, or checkpoint.restart to start over",
                    path.string(), difference(there, identity)));
  }
}

bool Store::remove_all(const fs::path& folder) {
  std::error_code ignored;
  for (const std::int64_t step : steps_in(folder)) fs::remove_all(folder / step_name(step), ignored);
  fs::remove_all(folder / kPartial, ignored);
  fs::remove(folder, ignored);  // fails where something else is in it
  return steps_in(folder).empty();
}

std::optional<Snapshot> Store::load(const std::function<void(const Snapshot&)>& check) {
  std::vector<std::int64_t> steps;
  if (team_.is_root()) {
    discard_partial();
    steps = steps_in(folder_);
  }
  team_.broadcast(steps);
  const auto pass_over = [&](const fs::path& folder, const core::CollectiveError& error) {
    if (!team_.is_root()) return;
    spdlog::warn("passing over a checkpoint that is not whole: {}", error.what());
    passed_over_.push_back(folder);
  };
  for (const std::int64_t step : steps) {
    const fs::path folder = folder_ / step_name(step);
    Manifest manifest;
    Snapshot snapshot{.step = step, .facts = {}, .fields = {}};
    try {
      std::string text;
      team_.agree([&] {
        if (team_.is_root()) text = io::read_small_file(folder / kManifestName, kMostManifestBytes);
      });
      team_.broadcast(text);
      team_.agree([&] {
        manifest = core::with_context((folder / kManifestName).string(), [&] { return parse(text, step); });
      });
    } catch (const core::CollectiveError& error) {
      pass_over(folder, error);
      continue;
    }
    team_.agree([&] {
      if (team_.is_root()) check_identity(folder_, identity_);
    });
    try {
      team_.agree([&] {
        // Files are checked by all ranks together, each some of them.
        for (std::size_t i = static_cast<std::size_t>(team_.rank()); i < manifest.files.size();
             i += static_cast<std::size_t>(team_.size()))
          check_slab_file(folder, manifest.files[i]);
      });
      team_.agree([&] {
        snapshot.fields = read_hours(folder, manifest, mine_);
        snapshot.facts = manifest.facts;
        core::with_context(folder.string(), [&] { check(snapshot); });
      });
    } catch (const core::CollectiveError& error) {
      pass_over(folder, error);
      continue;
    }
    return snapshot;
  }
  return std::nullopt;
}

void Store::save(const Snapshot& snapshot) {
  writing_ = snapshot.step;
  failure_.clear();
  const fs::path partial = folder_ / kPartial;
  background_ = std::make_unique<Writing>();
  Writing& writing = *background_;
  writing.facts = snapshot.facts;
  std::map<std::string, at::Tensor> copies;
  for (const auto& [name, field] : snapshot.fields) {
    writing.fields[name] = {field.sizes().begin() + 1, field.sizes().end()};
    device::wait_for(field.device());
    at::Tensor& copy = copies[name] = at::empty(field.sizes(), at::kFloat);
    copy.copy_(field);
  }
  try {
    team_.agree([&] {
      if (!team_.is_root()) return;
      discard_partial();
      io::make_folders(partial);
    });
  } catch (const core::CollectiveError& error) {
    writing.failure = error.what();
    writing.is_done = true;
    return;
  }
  writing.thread.submit([&writing, partial, hours = mine_, fields = std::move(copies)] {
    try {
      if (hours.size() > 0) writing.file = write_slab_file(partial, hours, fields);
    } catch (const std::exception& error) {
      writing.failure = error.what();
    }
    writing.is_done = true;
  });
}

Store::Progress Store::publish(bool wait) {
  Writing& writing = *background_;
  if (wait) writing.thread.wait();
  if (team_.any(!writing.is_done)) return Progress::writing;

  const fs::path folder = folder_ / step_name(*writing_);
  try {
    team_.agree([&] {
      if (!writing.failure.empty()) throw core::Error(writing.failure);
    });
    const nlohmann::json mine{writing.file.first, writing.file.last, writing.file.bytes, writing.file.digest};
    const std::vector<std::string> described = team_.gather(mine_.size() > 0 ? mine.dump() : "");
    team_.agree([&] {
      if (!team_.is_root()) return;
      Manifest manifest{identity_, *writing_, writing.facts, writing.fields, {}};
      for (const std::string& text : described) {
        if (text.empty()) continue;
        const auto json = nlohmann::json::parse(text);
        manifest.files.push_back({json[0], json[1], json[2], json[3]});
      }
      io::write_file_atomically(folder_ / kPartial / kManifestName, manifest_text(manifest));
      io::publish_folder(folder_ / kPartial, folder);
      remove_old(folder);
    });
  } catch (const core::CollectiveError& error) {
    failure_ = fmt::format("writing the checkpoint {}: {}", folder.string(), error.what());
    if (team_.is_root()) discard_partial();
  }
  background_.reset();
  writing_.reset();
  return failure_.empty() ? Progress::published : Progress::failed;
}

}  // namespace foehn::checkpoint
