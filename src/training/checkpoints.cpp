#include "foehn/training/checkpoints.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <system_error>

#include "foehn/checkpoint/identity.hpp"
#include "foehn/core/error.hpp"

namespace foehn::training {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kKept = 2;
constexpr std::string_view kPrefix = "training_", kSuffix = ".safetensors";

std::string name_of(std::int64_t step) {
  return fmt::format("{}{:06}{}", kPrefix, step, kSuffix);
}

/// The steps of the checkpoints in a folder, the newest first.
std::vector<std::int64_t> steps_in(const fs::path& folder) {
  std::vector<std::int64_t> steps;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(kPrefix)) continue;
    std::int64_t step = 0;
    std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), step);
    if (name == name_of(step)) steps.push_back(step);
  }
  std::sort(steps.begin(), steps.end(), std::greater<>());
  return steps;
}

void remove_if_possible(const fs::path& path) {
  std::error_code ignored;  // a file that cannot be removed does no harm
  fs::remove(path, ignored);
}

/// Removes the parts of checkpoints that a killed process left behind.
void remove_partial(const fs::path& folder) {
  std::vector<fs::path> partial;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (name.starts_with(fmt::format(".{}", kPrefix)) && name.ends_with(fmt::format("{}.part", kSuffix)))
      partial.push_back(entry.path());
  }
  for (const fs::path& path : partial) remove_if_possible(path);
}

}  // namespace

Checkpoints::Checkpoints(fs::path folder, std::string identity)
    : folder_(std::move(folder)), identity_(std::move(identity)) {}

fs::path Checkpoints::path_of(std::int64_t step) const {
  return folder_ / name_of(step);
}

std::optional<TrainingState> Checkpoints::load(const TrainingState& form) {
  std::string problem;  // with the newest
  for (const std::int64_t step : steps_in(folder_)) {
    SavedState saved;
    try {
      saved = load_state(path_of(step));
    } catch (const core::Error& error) {
      spdlog::warn("passing over a checkpoint that is not whole: {}", error.what());
      if (problem.empty()) problem = error.what();
      continue;
    }
    core::with_context(path_of(step).string(), [&] {
      if (saved.identity != identity_)
        throw core::Error(
            fmt::format("the checkpoint belongs to another training: {}; use the options of that training, "
                        "another checkpoint.directory, or checkpoint.restart to start over",
                        checkpoint::difference(saved.identity, identity_)));
      check_form(saved.state, form);
    });
    whole_ = {step};
    return std::move(saved.state);
  }
  if (!problem.empty())
    throw core::Error(
        fmt::format("no checkpoint in {} is whole; checkpoint.restart starts over; the newest: {}",
                    folder_.string(), problem));
  return std::nullopt;
}

void Checkpoints::save(const TrainingState& state) {
  remove_partial(folder_);  // before: it takes space
  save_state(path_of(state.step), state, identity_);
  std::erase(whole_, state.step);
  whole_.push_back(state.step);
  if (whole_.size() > kKept) whole_.erase(whole_.begin());
  for (const std::int64_t step : steps_in(folder_))
    if (std::find(whole_.begin(), whole_.end(), step) == whole_.end()) remove_if_possible(path_of(step));
}

}  // namespace foehn::training
