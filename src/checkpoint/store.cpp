#include "foehn/checkpoint/store.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
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

Store::Store(const comm::Communicator& team, fs::path folder, std::string identity, Hours mine)
    : team_(team), folder_(std::move(folder)), identity_(std::move(identity)), mine_(mine) {}

Store::~Store() {
  if (!background_) return;
  background_.reset();
  if (team_.is_root()) discard_partial();
}

void Store::discard_partial() const {
  std::error_code ignored;
  fs::remove_all(folder_ / kPartial, ignored);
}

std::optional<Snapshot> Store::load() {
  std::vector<std::int64_t> steps;
  if (team_.is_root()) {
    discard_partial();
    steps = steps_in(folder_);
  }
  team_.broadcast(steps);
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
        manifest =
            core::with_context((folder / kManifestName).string(), [&] { return parse_manifest(text); });
      });
    } catch (const comm::AgreedError& error) {
      if (team_.is_root()) spdlog::warn("passing over a checkpoint that is not whole: {}", error.what());
      continue;
    }
    team_.agree([&] {
      if (manifest.identity != identity_)
        throw core::Error(
            fmt::format("the checkpoint {} is of another run: {}; take the options of that run, another "
                        "output.directory, or "
                        "checkpoint.restart to start over",
                        folder.string(), difference(manifest.identity, identity_)));
    });
    try {
      team_.agree([&] {
        // Files are checked by all ranks together, each some of them.
        for (std::size_t i = static_cast<std::size_t>(team_.rank()); i < manifest.files.size();
             i += static_cast<std::size_t>(team_.size()))
          check_slab_file(folder, manifest.files[i]);
      });
      team_.agree([&] { snapshot.fields = read_hours(folder, manifest, mine_); });
    } catch (const comm::AgreedError& error) {
      if (team_.is_root()) spdlog::warn("passing over a checkpoint that is not whole: {}", error.what());
      continue;
    }
    snapshot.facts = manifest.facts;
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
    at::Tensor& copy = copies[name] = at::empty(field.sizes(), at::kFloat);
    copy.copy_(field);
  }
  try {
    team_.agree([&] {
      if (!team_.is_root()) return;
      discard_partial();
      fs::create_directories(partial);
    });
  } catch (const comm::AgreedError& error) {
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
  const std::vector<double> done = team_.gather_all(writing.is_done ? 1 : 0);
  if (*std::min_element(done.begin(), done.end()) == 0) return Progress::writing;

  const fs::path folder = folder_ / step_name(*writing_);
  try {
    // As text to the root, in the order of ranks.
    std::vector<std::string> described(static_cast<std::size_t>(team_.size()));
    team_.agree([&] {
      if (!writing.failure.empty()) throw core::Error(writing.failure);
    });
    for (int rank = 0; rank < team_.size(); ++rank) {
      std::string& text = described[static_cast<std::size_t>(rank)];
      if (rank == team_.rank() && mine_.size() > 0)
        text = nlohmann::json{writing.file.first, writing.file.last, writing.file.bytes, writing.file.digest}
                   .dump();
      team_.broadcast(text, rank);
    }
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
      const std::vector<std::int64_t> steps = steps_in(folder_);
      for (std::size_t i = kKept; i < steps.size(); ++i) fs::remove_all(folder_ / step_name(steps[i]));
    });
  } catch (const comm::AgreedError& error) {
    failure_ = fmt::format("writing the checkpoint {}: {}", folder.string(), error.what());
    if (team_.is_root()) discard_partial();
  }
  background_.reset();
  writing_.reset();
  return failure_.empty() ? Progress::published : Progress::failed;
}

}  // namespace foehn::checkpoint
