#include "foehn/ingestion/record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "foehn/core/error.hpp"
#include "foehn/io/field_reader.hpp"

namespace foehn::ingestion {

namespace {

/// Numbers read at once: bounds the memory of a comparison.
constexpr std::int64_t kValuesARead = std::int64_t{1} << 20;
/// Rounding in float32 and in unit conversion, as a fraction of the value.
constexpr double kStepRounding = 1e-6;

std::string name_of(const SourceFile& file) {
  return file.path.string();
}

/// How far a value in a file may be from what was packed.
double precision_of(const SourceFile& file) {
  const io::Packing& packing = file.layout.packing;
  return packing.is_packed ? 0.5 * std::abs(packing.scale_factor * file.layout.conversion.scale) : 0.0;
}

bool agree(double a, double b, double precision) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) == std::isnan(b);
  return std::abs(a - b) <= precision + kStepRounding * std::max(std::abs(a), std::abs(b));
}

}  // namespace

Record::Record(io::Variable variable, std::vector<SourceFile> files)
    : variable_(std::move(variable)), files_(std::move(files)) {
  std::stable_sort(files_.begin(), files_.end(), [](const SourceFile& a, const SourceFile& b) {
    return a.times.seconds.front() < b.times.seconds.front();
  });
  core::with_context(variable_.name, [&] { check_alike(); });
  join();
}

void Record::check_alike() const {
  const SourceFile& first = files_.front();
  const SourceFile* first_with_level = nullptr;
  for (const SourceFile& other : files_) {
    const auto fail = [&](const std::string& what, const std::string& found, const std::string& expected,
                          const SourceFile& one) {
      throw core::Error(
          fmt::format("{}: {} {}, but in {} it is {}", name_of(other), what, found, name_of(one), expected));
    };
    if (other.grid != first.grid)
      if (const auto differing = difference(*first.grid, *other.grid))
        throw core::Error(
            fmt::format("{}: not on the grid of {}: {}", name_of(other), name_of(first), *differing));
    if (!calendar::are_comparable(other.times, first.times))
      fail("calendar", calendar::calendar_name(other.times.calendar),
           calendar::calendar_name(first.times.calendar), first);
    if (other.layout.variable.standard_name != first.layout.variable.standard_name)
      fail("standard name", other.layout.variable.standard_name, first.layout.variable.standard_name, first);
    if (other.level && first_with_level == nullptr) first_with_level = &other;
    if (other.level && !are_same(*first_with_level->level, *other.level))
      fail("lies at", other.level->text(), first_with_level->level->text(), *first_with_level);
    if (other.sampling.kind != first.sampling.kind || other.sampling.interval != first.sampling.interval)
      throw core::Error(fmt::format("{} holds {}, but {} holds {}", name_of(other), describe(other.sampling),
                                    name_of(first), describe(first.sampling)));
  }
}

void Record::join() {
  struct Entry {
    std::int64_t seconds;
    Slot slot;
  };
  std::vector<Entry> entries;
  for (std::size_t i = 0; i < files_.size(); ++i)
    for (std::int64_t index = 0; index < files_[i].times.size(); ++index)
      entries.push_back({files_[i].times.seconds[at(index)], {i, index}});
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.seconds, a.slot.file, a.slot.index) < std::tie(b.seconds, b.slot.file, b.slot.index);
  });
  times_.calendar = files_.front().times.calendar;
  for (const Entry& entry : entries) {
    if (!times_.seconds.empty() && times_.seconds.back() == entry.seconds) {
      repeats_.push_back({entry.seconds, kept_.back(), entry.slot});
    } else {
      times_.seconds.push_back(entry.seconds);
      kept_.push_back(entry.slot);
    }
  }
}

void Record::select_period(const std::string& start, const std::string& end, const std::string& options) {
  core::with_context(variable_.name, [&] {
    const io::IndexRange range = core::with_context(options, [&] {
      return io::select_period(middles(sampling(), times_), start, end, sampling().interval.seconds() / 2);
    });
    check_borders(range, start, end);
    const auto cut = [&](auto& list) { list.assign(list.begin() + range.first, list.begin() + range.last); };
    cut(times_.seconds);
    cut(kept_);
    std::erase_if(repeats_, [&](const Repeat& repeat) {
      return repeat.seconds < times_.seconds.front() || repeat.seconds > times_.seconds.back();
    });
    check_steps();
    drop_unused_files();
  });
}

void Record::drop_unused_files() {
  std::vector<bool> is_used(files_.size(), false);
  for (const Slot& slot : kept_) is_used[slot.file] = true;
  for (const Repeat& repeat : repeats_) is_used[repeat.other.file] = true;
  std::vector<std::size_t> new_index(files_.size());
  std::vector<SourceFile> used;
  for (std::size_t i = 0; i < files_.size(); ++i) {
    new_index[i] = used.size();
    if (is_used[i]) used.push_back(std::move(files_[i]));
  }
  files_ = std::move(used);
  for (Slot& slot : kept_) slot.file = new_index[slot.file];
  for (Repeat& repeat : repeats_) {
    repeat.kept.file = new_index[repeat.kept.file];
    repeat.other.file = new_index[repeat.other.file];
  }
}

void Record::check_borders(const io::IndexRange& range, const std::string& start,
                           const std::string& end) const {
  const std::int64_t step = calendar::commonest_step(times_);
  // Of the instants missing between two neighbours, the one next to what is selected.
  const auto with_missing = [&](std::int64_t index, std::int64_t missing) {
    calendar::TimeAxis axis = times_;
    axis.seconds = {times_.seconds[at(index - 1)], missing, times_.seconds[at(index)]};
    return middles(sampling(), axis);
  };
  if (range.first > 0 && step_to(range.first) > step &&
      io::select_period(with_missing(range.first, times_.seconds[at(range.first)] - step), start, "").first <
          2)
    refuse_step(range.first, step);
  if (range.last < times_.size() && step_to(range.last) > step &&
      io::select_period(with_missing(range.last, times_.seconds[at(range.last - 1)] + step), "", end).last >
          1)
    refuse_step(range.last, step);
}

void Record::check_steps() {
  step_seconds_ = calendar::commonest_step(times_);
  if (times_.size() > 1 && sampling().interval.seconds() > step_seconds_)
    throw core::Error(
        fmt::format("{}: means over {} every {}: they overlap, which independent observations "
                    "cannot",
                    file_of(0).string(), calendar::format_step(sampling().interval.seconds()),
                    calendar::format_step(step_seconds_)));
  for (std::int64_t i = 1; i < times_.size(); ++i)
    if (step_to(i) != step_seconds_) refuse_step(i, step_seconds_);
}

std::int64_t Record::step_to(std::int64_t index) const {
  return times_.seconds[at(index)] - times_.seconds[at(index - 1)];
}

void Record::refuse_step(std::int64_t index, std::int64_t expected) const {
  throw core::Error(fmt::format("{} between {} ({}) and {} ({}): {}, expected {}",
                                step_to(index) > expected ? "a gap in time" : "an irregular step",
                                times_.format(index - 1), file_of(index - 1).string(), times_.format(index),
                                file_of(index).string(), calendar::format_step(step_to(index)),
                                calendar::format_step(expected)));
}

void Record::check_overlaps(const grid::Crop& crop) const {
  const std::int64_t most = std::max<std::int64_t>(1, kValuesARead / crop.cells());
  OverlapReader of_kept, of_other;
  for (std::size_t first = 0; first < repeats_.size();) {
    std::size_t last = first + 1;
    while (last < repeats_.size() && static_cast<std::int64_t>(last - first) < most &&
           repeats_[last - 1].kept.is_followed_by(repeats_[last].kept) &&
           repeats_[last - 1].other.is_followed_by(repeats_[last].other))
      ++last;
    compare(&repeats_[first], static_cast<std::int64_t>(last - first), crop, of_kept, of_other);
    first = last;
  }
}

void Record::OverlapReader::read(const SourceFile& source, const grid::Crop& crop, std::int64_t first,
                                 std::int64_t count, std::vector<float>& values) {
  if (!file || file->path() != source.path) {
    file.reset();
    file.emplace(io::NetcdfFile::open(source.path));
  }
  ahead.read(*file, source.layout, crop, first, count, values.data(), crop.cells());
}

void Record::compare(const Repeat* first, std::int64_t count, const grid::Crop& crop, OverlapReader& of_kept,
                     OverlapReader& of_other) const {
  const std::int64_t cells = crop.cells(), nx = crop.x1 - crop.x0;
  const SourceFile& kept = file(first->kept);
  const SourceFile& other = file(first->other);
  std::vector<float> a(at(count * cells)), b(a.size());
  of_kept.read(kept, crop, first->kept.index, count, a);
  of_other.read(other, crop, first->other.index, count, b);
  const double precision = precision_of(kept) + precision_of(other);
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (agree(static_cast<double>(a[i]), static_cast<double>(b[i]), precision)) continue;
    const auto cell = static_cast<std::int64_t>(i) % cells;
    const Repeat& repeat = first[static_cast<std::int64_t>(i) / cells];
    const std::string where =
        &kept == &other ? fmt::format("{} holds a time twice, and its values", name_of(kept))
                        : fmt::format("{} and {} overlap in time and", name_of(kept), name_of(other));
    throw core::Error(fmt::format(
        "{}: {} disagree: {:.7g} and {:.7g} {} at {}, {}", variable_.name, where, a[i], b[i], variable_.units,
        calendar::format_date_time(calendar::from_seconds(repeat.seconds, times_.calendar)),
        kept.grid->place(crop.y0 + cell / nx, crop.x0 + cell % nx)));
  }
}

void Record::read(std::int64_t first, std::int64_t count, const grid::Crop& crop, std::span<float> values,
                  std::span<const char> is_used) const {
  const std::int64_t cells = crop.cells();
  for (std::int64_t done = 0; done < count;) {
    const Slot& begin = kept_[at(first + done)];
    std::int64_t run = 1;
    while (done + run < count &&
           kept_[at(first + done + run - 1)].is_followed_by(kept_[at(first + done + run)]))
      ++run;
    const SourceFile& source = file(begin);
    if (!open_file_ || open_file_->path() != source.path) {
      open_file_.reset();
      open_file_.emplace(io::NetcdfFile::open(source.path));
    }
    ahead_.read(*open_file_, source.layout, crop, begin.index, run, values.data() + done * cells, cells);
    done += run;
  }
  check_plausible(first, count, crop, values, is_used);
}

void Record::check_plausible(std::int64_t first, std::int64_t count, const grid::Crop& crop,
                             std::span<const float> values, std::span<const char> is_used) const {
  const std::int64_t cells = crop.cells(), nx = crop.x1 - crop.x0;
  for (std::int64_t i = 0; i < count; ++i) {
    const SourceFile& source = file(kept_[at(first + i)]);
    const auto field = values.subspan(at(i * cells), at(cells));
    const auto cell = io::find_implausible(source.layout, field, is_used);
    if (!cell) continue;
    const std::string place = fmt::format("at {}, {}", times_.format(first + i),
                                          grid()->place(crop.y0 + *cell / nx, crop.x0 + *cell % nx));
    throw core::Error(fmt::format("{}: {}: {}", name_of(source), source.layout.header.name,
                                  io::describe_implausible(source.layout, field[at(*cell)], place)));
  }
}

}  // namespace foehn::ingestion
