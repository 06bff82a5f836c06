#include "foehn/io/field_reader.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "field_headers.hpp"
#include "foehn/core/error.hpp"
#include "joined_variable.hpp"

namespace foehn::io {
namespace {

void check_variable_like_first(const JoinedVariable& first, const JoinedVariable& other) {
  const FieldSource &one = first.sources().front(), &two = other.sources().front();
  const std::string where = two.path.string() + ": " + other.variable().name;
  const std::string of_first = first.variable().name + " (" + one.path.string() + ")";
  if (const auto difference = grid::difference(one.grid, two.grid))
    throw core::Error(where + ": not on the grid of " + of_first + ": " + *difference);
  if (!calendar::are_comparable(first.times(), other.times()))
    throw core::Error(where + ": calendar " + calendar::calendar_name(two.times.calendar) + ", but that of " +
                      of_first + " is " + calendar::calendar_name(one.times.calendar));
  if (first.step_seconds() > 0 && other.step_seconds() > 0 && first.step_seconds() != other.step_seconds())
    throw core::Error(where + ": time step " + calendar::format_step(other.step_seconds()) +
                      ", but that of " + of_first + " is " + calendar::format_step(first.step_seconds()));
}

std::string span_text(const JoinedVariable& joined) {
  return fmt::format("{} ({}) has {} to {}", joined.variable().name, joined.sources().front().path.string(),
                     joined.times().format(0), joined.times().format(joined.times().size() - 1));
}

}  // namespace

struct FieldReader::Implementation {
  std::vector<JoinedVariable> joined;  ///< [variable]
  std::vector<Variable> variables;
  grid::Crop crop;
  grid::Grid grid;
  calendar::TimeAxis times;
  std::int64_t step_seconds = 0;
  std::vector<std::int64_t> offsets;  ///< [variable]: of the first instant in the variable's own times

  std::int64_t longest_gap = 0;
  std::int64_t filled = 0, first_uncounted = 0;  ///< values filled of the instants before the latter
  std::vector<OpenFile> open_files;              ///< [variable]

  void open(const std::vector<std::filesystem::path>& files, const FieldSelection& selection) {
    if (files.empty()) throw core::Error("no input file was named");
    for (auto& headers : read_headers(files, selection)) {
      joined.emplace_back(std::move(headers), selection.must_be_plausible);
      variables.push_back(joined.back().variable());
      check_variable_like_first(joined.front(), joined.back());
    }
    open_files.resize(joined.size());
    find_common_times();
    choose_crop(selection.crop);
    longest_gap = selection.longest_gap;
  }

  /// The instants that all variables have: their steps are one, so they follow each other.
  void find_common_times() {
    times = joined.front().times();
    for (const JoinedVariable& other : joined) {
      const auto& own = other.times().seconds;
      std::vector<std::int64_t> common;
      std::set_intersection(times.seconds.begin(), times.seconds.end(), own.begin(), own.end(),
                            std::back_inserter(common));
      if (common.empty()) refuse_disjoint();
      times.seconds = std::move(common);
      step_seconds = std::max(step_seconds, other.step_seconds());
    }
    if (times.size() == 1 && joined.size() > 1) step_seconds = 0;
    for (const JoinedVariable& one : joined) {
      const auto& own = one.times().seconds;
      offsets.push_back(std::lower_bound(own.begin(), own.end(), times.seconds.front()) - own.begin());
      say_unused(one);
    }
  }

  [[noreturn]] void refuse_disjoint() const {
    for (std::size_t i = 0; i < joined.size(); ++i)
      for (std::size_t j = i + 1; j < joined.size(); ++j) {
        const auto &one = joined[i].times().seconds, &two = joined[j].times().seconds;
        if (one.back() < two.front() || two.back() < one.front())
          throw core::Error(fmt::format("{}: no variable {} at its instants: {}, but {}",
                                        joined[j].sources().front().path.string(), joined[i].variable().name,
                                        span_text(joined[j]), span_text(joined[i])));
      }
    throw core::Error(fmt::format("variables have no instant in common: {}, but {}",
                                  span_text(joined.front()), span_text(joined.back())));
  }

  /// Of sets of variables some begin or end a few steps apart; more than a day that is left out is a warning.
  void say_unused(const JoinedVariable& one) const {
    const std::int64_t unused = one.times().size() - times.size();
    if (unused == 0) return;
    const auto level =
        unused * step_seconds > calendar::kSecondsPerDay ? spdlog::level::warn : spdlog::level::info;
    spdlog::log(level, "{}: {} of its {} instants are used, {} to {}, those that all variables have",
                one.variable().name, times.size(), one.times().size(), times.format(0),
                times.format(times.size() - 1));
  }

  void choose_crop(const std::optional<grid::Crop>& wanted) {
    const FieldSource& first = joined.front().sources().front();
    // Rows and columns of the file: those of a curvilinear grid are one row of the grid.
    const FieldLayout& layout = first.layouts.front();
    crop = wanted.value_or(grid::Crop{0, layout.ny(), 0, layout.nx()});
    grid = wanted ? core::with_context(first.path.string(), [&] { return grid::crop_grid(first.grid, crop); })
                  : first.grid;
  }

  void read(std::int64_t first, std::int64_t count, std::span<float> values) {
    if (read_with_gaps(first, count, values) > 0) fill_gaps(first, count, values);
    first_uncounted = std::max(first_uncounted, first + count);
  }

  /// @return  the number of missing values, which become NaN
  std::int64_t read_with_gaps(std::int64_t first, std::int64_t count, std::span<float> values) {
    const std::int64_t instant = instant_values();
    if (first < 0 || count < 0 || count > times.size() - first) {
      throw core::Error("reading instants " + std::to_string(first) + " to " + std::to_string(first + count) +
                        " of " + std::to_string(times.size()));
    }
    if (static_cast<std::int64_t>(values.size()) != count * instant) {
      throw core::Error("reading " + std::to_string(count) + " instants of " + std::to_string(instant) +
                        " values into room for " + std::to_string(values.size()));
    }
    std::int64_t missing = 0;
    for (std::size_t v = 0; v < joined.size(); ++v) {
      float* target = values.data() + static_cast<std::int64_t>(v) * grid.cells();
      missing += joined[v].read(open_files, v, crop, offsets[v] + first, count, target, instant);
    }
    return missing;
  }

  std::string describe_missing(std::int64_t time, std::int64_t value) const {
    const auto v = static_cast<std::size_t>(value / grid.cells());
    const std::int64_t cell = value % grid.cells();
    return joined[v].describe_missing(offsets[v] + time, crop.y0 + cell / grid.nx(),
                                      crop.x0 + cell % grid.nx());
  }

 private:
  std::int64_t instant_values() const { return static_cast<std::int64_t>(variables.size()) * grid.cells(); }

  /// Fills the gaps among instants that were read, reading as many more on both sides as a gap may reach to.
  void fill_gaps(std::int64_t first, std::int64_t count, std::span<float> values) {
    const std::int64_t instant = instant_values();
    const std::int64_t begin = std::max<std::int64_t>(0, first - longest_gap);
    const std::int64_t end = std::min(times.size(), first + count + longest_gap);
    std::vector<float> around(static_cast<std::size_t>((end - begin) * instant));
    read_with_gaps(begin, end - begin, around);
    const auto at = [&](std::int64_t time, std::int64_t value) {
      return around[static_cast<std::size_t>((time - begin) * instant + value)];
    };
    for (std::int64_t time = first; time < first + count; ++time) {
      for (std::int64_t value = 0; value < instant; ++value) {
        if (!std::isnan(at(time, value))) continue;
        std::int64_t before = time - 1, after = time + 1;
        while (before >= begin && std::isnan(at(before, value))) --before;
        while (after < end && std::isnan(at(after, value))) ++after;
        if (before < begin || after >= end || after - before - 1 > longest_gap) fail_at(time, value);
        const float weight = static_cast<float>(time - before) / static_cast<float>(after - before);
        values[static_cast<std::size_t>((time - first) * instant + value)] =
            at(before, value) * (1 - weight) + at(after, value) * weight;
        filled += time >= first_uncounted ? 1 : 0;
      }
    }
  }

  [[noreturn]] void fail_at(std::int64_t time, std::int64_t value) const {
    std::string message = describe_missing(time, value);
    if (longest_gap > 0)
      message += ", in a gap of more than " + std::to_string(longest_gap) +
                 " instants, or at an end of the record, which is not filled";
    throw core::Error(message);
  }
};

FieldReader::FieldReader(const std::vector<std::filesystem::path>& files, const FieldSelection& selection)
    : implementation_(std::make_unique<Implementation>()) {
  implementation_->open(files, selection);
}

FieldReader::~FieldReader() = default;
FieldReader::FieldReader(FieldReader&&) noexcept = default;
FieldReader& FieldReader::operator=(FieldReader&&) noexcept = default;

const std::vector<Variable>& FieldReader::variables() const {
  return implementation_->variables;
}
const grid::Grid& FieldReader::grid() const {
  return implementation_->grid;
}
const calendar::TimeAxis& FieldReader::times() const {
  return implementation_->times;
}
std::int64_t FieldReader::step_seconds() const {
  return implementation_->step_seconds;
}

void FieldReader::read(std::int64_t first, std::int64_t count, std::span<float> values) const {
  implementation_->read(first, count, values);
}

std::int64_t FieldReader::read_with_gaps(std::int64_t first, std::int64_t count,
                                         std::span<float> values) const {
  return implementation_->read_with_gaps(first, count, values);
}

std::string FieldReader::describe_missing(std::int64_t instant, std::int64_t value) const {
  return implementation_->describe_missing(instant, value);
}

std::string FieldReader::first_file(std::size_t variable) const {
  return implementation_->joined[variable].sources().front().path.string();
}

Sampling FieldReader::sampling(std::size_t variable, std::optional<TimeSampling> as_told) const {
  return implementation_->joined[variable].sampling(as_told);
}

std::int64_t FieldReader::filled() const {
  return implementation_->filled;
}

void FieldReader::rest() const {
  for (OpenFile& file : implementation_->open_files) file.reset();
  for (JoinedVariable& variable : implementation_->joined) variable.rest();
}

}  // namespace foehn::io
