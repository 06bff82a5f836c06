#include "joined_variable.hpp"

#include <algorithm>
#include <utility>

#include "foehn/core/error.hpp"

namespace foehn::io {
namespace {

/// Checks that one file continues another of the same grid, calendar and step.
void check_continues(const FieldSource& earlier, const FieldSource& later, std::int64_t step_seconds) {
  const std::string earlier_end = earlier.times.format(earlier.times.size() - 1);
  const std::string later_start = later.times.format(0);
  const std::int64_t found = later.times.seconds.front() - earlier.times.seconds.back();
  if (found > 0 && found == step_seconds) return;
  const std::string problem =
      found <= 0 ? "overlap in time" : "do not join at a step of " + calendar::format_step(step_seconds);
  throw core::Error(earlier.path.string() + " and " + later.path.string() + " " + problem +
                    ": the first ends at " + earlier_end + ", the second starts at " + later_start);
}

void check_source_like_first(const FieldSource& first, const FieldSource& other) {
  const std::string where = other.path.string();
  if (const auto difference = grid::difference(first.grid, other.grid)) {
    throw core::Error(where + ": not on the grid of " + first.path.string() + ": " + *difference);
  }
  if (!calendar::are_comparable(other.times, first.times)) {
    throw core::Error(where + ": calendar " + calendar::calendar_name(other.times.calendar) +
                      ", but that of " + first.path.string() + " is " +
                      calendar::calendar_name(first.times.calendar));
  }
  const Variable& expected = first.layouts.front().variable;
  const Variable& found = other.layouts.front().variable;
  if (found.standard_name != expected.standard_name) {
    throw core::Error(where + ": " + found.name + " has standard name '" + found.standard_name +
                      "', but in " + first.path.string() + " it is '" + expected.standard_name + "'");
  }
}

/// The step of the joined files; that between the first two where each holds one instant.
std::int64_t joined_step(const std::vector<FieldSource>& sources) {
  for (const auto& source : sources) {
    if (source.step_seconds > 0) return source.step_seconds;
  }
  if (sources.size() < 2) return 0;
  return sources[1].times.seconds.front() - sources[0].times.seconds.front();
}

/// A file that is open already, or else is opened now in place of the variable's own.
const NetcdfFile& file_of(const FieldSource& source, std::vector<OpenFile>& open, std::size_t own) {
  if (open[own] && open[own]->path() == source.path) return *open[own];
  const auto found = std::find_if(open.begin(), open.end(),
                                  [&](const OpenFile& file) { return file && file->path() == source.path; });
  if (found != open.end()) return *(open[own] = *found);
  open[own].reset();
  open[own] = std::make_shared<const NetcdfFile>(NetcdfFile::open(source.path));
  return *open[own];
}

}  // namespace

JoinedVariable::JoinedVariable(std::vector<FieldSource> sources, bool must_be_plausible)
    : sources_(std::move(sources)), must_be_plausible_(must_be_plausible) {
  for (const auto& source : sources_) check_source_like_first(sources_.front(), source);
  join();
}

void JoinedVariable::join() {
  std::stable_sort(sources_.begin(), sources_.end(), [](const FieldSource& a, const FieldSource& b) {
    return a.times.seconds.front() < b.times.seconds.front();
  });
  step_seconds_ = joined_step(sources_);
  for (const auto& source : sources_) {
    if (source.step_seconds > 0 && source.step_seconds != step_seconds_) {
      throw core::Error(source.path.string() + ": time step " + calendar::format_step(source.step_seconds) +
                        ", but in the other files it is " + calendar::format_step(step_seconds_));
    }
  }
  times_.calendar = sources_.front().times.calendar;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (i > 0) check_continues(sources_[i - 1], sources_[i], step_seconds_);
    first_index_.push_back(times_.size());
    const auto& seconds = sources_[i].times.seconds;
    times_.seconds.insert(times_.seconds.end(), seconds.begin(), seconds.end());
  }
}

std::size_t JoinedVariable::source_of(std::int64_t instant) const {
  const auto after = std::upper_bound(first_index_.begin(), first_index_.end(), instant);
  return static_cast<std::size_t>(after - first_index_.begin() - 1);
}

std::int64_t JoinedVariable::read(std::vector<OpenFile>& open, std::size_t own_file, const grid::Crop& crop,
                                  std::int64_t first, std::int64_t count, float* values,
                                  std::int64_t stride) {
  std::int64_t missing = 0;
  for (std::int64_t done = 0; done < count;) {
    const std::size_t which = source_of(first + done);
    const FieldSource& source = sources_[which];
    const std::int64_t in_file = first + done - first_index_[which];
    const std::int64_t amount = std::min(count - done, source.times.size() - in_file);
    float* target = values + done * stride;
    ahead_.read(file_of(source, open, own_file), source.layouts.front(), crop, in_file, amount, target,
                stride);
    missing += count_missing(source, source.layouts.front(), crop, in_file, amount, target, stride);
    if (must_be_plausible_)
      check_plausible(source, source.layouts.front(), crop, in_file, amount, target, stride);
    done += amount;
  }
  return missing;
}

std::string JoinedVariable::describe_missing(std::int64_t instant, std::int64_t y, std::int64_t x) const {
  const std::size_t which = source_of(instant);
  const FieldSource& source = sources_[which];
  return name_of(source, source.layouts.front()) + "missing value " +
         place_of(source, instant - first_index_[which], y, x);
}

Sampling JoinedVariable::sampling(std::optional<TimeSampling> as_told) const {
  std::optional<Sampling> first;
  for (const FieldSource& source : sources_) {
    const Sampling found = find_sampling(source.path, source.layouts.front(), source.times,
                                         source.time_evidence.front(), as_told);
    if (!first) first = found;
    if (first->doubt.empty()) first->doubt = found.doubt;
    if (found.kind != first->kind || found.interval != first->interval)
      throw core::Error(source.path.string() + ": " + variable().name + ": " + describe(found) + ", but " +
                        describe(*first) + " in " + sources_.front().path.string());
  }
  return *first;
}

}  // namespace foehn::io
