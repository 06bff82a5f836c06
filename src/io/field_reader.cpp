#include "foehn/io/field_reader.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "field_source.hpp"
#include "foehn/core/error.hpp"

namespace foehn::io {
namespace {

/// Numbers read at once from one variable (32 MiB as float64): bounds the memory of a long read.
constexpr std::int64_t kValuesARead = std::int64_t{1} << 22;

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

void check_like_first(const FieldSource& first, const FieldSource& other) {
  const std::string where = other.path.string();
  if (const auto difference = grid::difference(first.grid, other.grid)) {
    throw core::Error(where + ": not on the grid of " + first.path.string() + ": " + *difference);
  }
  if (!calendar::are_comparable(other.times, first.times)) {
    throw core::Error(where + ": calendar " + calendar::calendar_name(other.times.calendar) +
                      ", but that of " + first.path.string() + " is " +
                      calendar::calendar_name(first.times.calendar));
  }
  for (std::size_t i = 0; i < first.layouts.size(); ++i) {
    const Variable& expected = first.layouts[i].variable;
    const Variable& found = other.layouts[i].variable;
    if (found.standard_name != expected.standard_name) {
      throw core::Error(where + ": " + found.name + " has standard name '" + found.standard_name +
                        "', but in " + first.path.string() + " it is '" + expected.standard_name + "'");
    }
  }
}

void check_standard_names(const FieldSource& source) {
  for (const FieldLayout& layout : source.layouts) {
    const std::string found = layout.header.text("standard_name").value_or("");
    if (!found.empty() && found != layout.variable.standard_name)
      throw core::Error(source.path.string() + ": " + layout.variable.name + ": standard name " + found +
                        ", expected " + layout.variable.standard_name);
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

}  // namespace

struct FieldReader::Implementation {
  std::vector<FieldSource> sources;  ///< in order of time
  std::vector<Variable> variables;
  grid::Crop crop;
  grid::Grid grid;
  calendar::TimeAxis times;
  std::int64_t step_seconds = 0;
  std::vector<std::int64_t> first_index;  ///< of each source in `times`

  std::int64_t longest_gap = 0;
  std::int64_t filled = 0, first_uncounted = 0;  ///< values filled of the instants before the latter

  /// The file read last stays open: reads go forward in time, and a thousand files may be joined.
  std::optional<NetcdfFile> open_file;

  const NetcdfFile& file_of(const FieldSource& source) {
    if (!open_file || open_file->path() != source.path) {
      open_file.reset();
      open_file.emplace(NetcdfFile::open(source.path));
    }
    return *open_file;
  }

  void open(const std::vector<std::filesystem::path>& files, const FieldSelection& selection) {
    if (files.empty()) throw core::Error("no input file was named");
    std::vector<Variable> wanted = selection.variables;
    for (const auto& path : files) {
      const NetcdfFile file = NetcdfFile::open(path);
      if (wanted.empty()) wanted = field_variables(file);
      sources.push_back(read_field_source(file, wanted));
      if (!selection.overrules_standard_names) check_standard_names(sources.back());
      // Later files are converted to the units settled for the first.
      for (std::size_t i = 0; i < wanted.size(); ++i)
        wanted[i].units = sources.front().layouts[i].variable.units;
    }
    for (const auto& layout : sources.front().layouts) variables.push_back(layout.variable);
    for (const auto& source : sources) check_like_first(sources.front(), source);
  }

  void join() {
    std::stable_sort(sources.begin(), sources.end(), [](const FieldSource& a, const FieldSource& b) {
      return a.times.seconds.front() < b.times.seconds.front();
    });
    step_seconds = joined_step(sources);
    for (const auto& source : sources) {
      if (source.step_seconds > 0 && source.step_seconds != step_seconds) {
        throw core::Error(source.path.string() + ": time step " + calendar::format_step(source.step_seconds) +
                          ", but in the other files it is " + calendar::format_step(step_seconds));
      }
    }
    times.calendar = sources.front().times.calendar;
    for (std::size_t i = 0; i < sources.size(); ++i) {
      if (i > 0) check_continues(sources[i - 1], sources[i], step_seconds);
      first_index.push_back(times.size());
      const auto& seconds = sources[i].times.seconds;
      times.seconds.insert(times.seconds.end(), seconds.begin(), seconds.end());
    }
  }

  void choose_crop(const std::optional<grid::Crop>& wanted) {
    const FieldSource& first = sources.front();
    crop = wanted.value_or(grid::Crop{0, first.grid.ny(), 0, first.grid.nx()});
    grid = core::with_context(first.path.string(), [&] { return grid::crop_grid(first.grid, crop); });
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
    const std::int64_t fields = static_cast<std::int64_t>(variables.size());
    const std::int64_t most_instants = std::max<std::int64_t>(1, kValuesARead / grid.cells());
    std::int64_t done = 0, missing = 0;
    while (done < count) {
      const std::size_t which = source_of(first + done);
      const FieldSource& source = sources[which];
      const std::int64_t in_file = first + done - first_index[which];
      const std::int64_t amount = std::min({count - done, source.times.size() - in_file, most_instants});
      for (std::int64_t v = 0; v < fields; ++v) {
        float* target = values.data() + done * instant + v * grid.cells();
        missing += read_fields(file_of(source), source, source.layouts[static_cast<std::size_t>(v)], crop,
                               in_file, amount, target, instant);
      }
      done += amount;
    }
    return missing;
  }

  std::string describe_missing(std::int64_t time, std::int64_t value) const {
    const std::size_t which = source_of(time);
    const std::int64_t cell = value % grid.cells();
    return describe_cell(
        sources[which], sources[which].layouts[static_cast<std::size_t>(value / grid.cells())],
        "missing value", time - first_index[which], crop.y0 + cell / grid.nx(), crop.x0 + cell % grid.nx());
  }

 private:
  std::int64_t instant_values() const { return static_cast<std::int64_t>(variables.size()) * grid.cells(); }

  std::size_t source_of(std::int64_t index) const {
    const auto after = std::upper_bound(first_index.begin(), first_index.end(), index);
    return static_cast<std::size_t>(after - first_index.begin() - 1);
  }

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
  implementation_->join();
  implementation_->choose_crop(selection.crop);
  implementation_->longest_gap = selection.longest_gap;
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

std::int64_t FieldReader::filled() const {
  return implementation_->filled;
}

void FieldReader::rest() const {
  implementation_->open_file.reset();
}

}  // namespace foehn::io
