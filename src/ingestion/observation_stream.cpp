#include "foehn/ingestion/observation_stream.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <utility>

#include "foehn/core/error.hpp"
#include "foehn/grid/rotation.hpp"
#include "foehn/grid/winds.hpp"
#include "regridding_weights.hpp"

namespace foehn::ingestion {

namespace {

std::string describe(const Record& record) {
  return fmt::format("{} ({})", record.variable().name, record.files().front().path.string());
}

}  // namespace

ObservationStream::ObservationStream(std::vector<Record> records, Target target)
    : records_(std::move(records)),
      target_(std::move(target)),
      grid_(grid::block_mean_grid(target_.domain, target_.block)) {
  for (const Record& record : records_) variables_.push_back(record.variable());
  find_common_times();
  for (std::size_t i = 0; i < records_.size(); ++i)
    core::with_context(fmt::format("regridding {}", describe(records_[i])),
                       [&] { regrid(*records_[i].grid(), i); });
  fields_.resize(records_.size());
  missing_.resize(records_.size());
  pair_winds();
  for (std::size_t i = 0; i < records_.size(); ++i) records_[i].check_overlaps(regridding_[i]->region());
}

void ObservationStream::find_common_times() {
  const Record& first = records_.front();
  times_ = first.times();
  for (const Record& record : records_) {
    if (!calendar::are_comparable(record.times(), first.times()))
      throw core::Error(fmt::format("{} is in the calendar {}, but {} in {}", describe(record),
                                    calendar::calendar_name(record.times().calendar), describe(first),
                                    calendar::calendar_name(times_.calendar)));
    if (record.sampling().interval != first.sampling().interval)
      throw core::Error(
          fmt::format("{} holds means over {}, but {} over {}: intervals must have the same length and the "
                      "same place relative to their time stamps",
                      describe(record), calendar::format_step(record.sampling().interval.seconds()),
                      describe(first), calendar::format_step(first.sampling().interval.seconds())));
    std::vector<std::int64_t> common;
    std::set_intersection(times_.seconds.begin(), times_.seconds.end(), record.times().seconds.begin(),
                          record.times().seconds.end(), std::back_inserter(common));
    if (common.empty())
      throw core::Error(
          fmt::format("{} and {} have no instant in common; the first starts at {}, the second at {}",
                      describe(first), describe(record), first.times().format(0), record.times().format(0)));
    times_.seconds = std::move(common);
  }
  step_seconds_ = calendar::regular_step_seconds(times_);
  for (const Record& record : records_) {
    const auto& own = record.times().seconds;
    if (record.times().size() > times_.size())
      spdlog::info("{}: {} of its {} instants are used, those that all variables have",
                   record.variable().name, times_.size(), own.size());
    std::vector<std::int64_t>& instants = instants_.emplace_back();
    for (const std::int64_t seconds : times_.seconds)
      instants.push_back(std::lower_bound(own.begin(), own.end(), seconds) - own.begin());
  }
}

void ObservationStream::regrid(const SourceGrid& source, std::size_t record) {
  for (std::size_t i = 0; i < record; ++i)
    if (records_[i].grid().get() == &source) {
      regridding_.push_back(regridding_[i]);
      return;
    }
  regridding_.push_back(std::make_shared<const BlockRegridding>(
      regridding_weights(source, target_), target_.domain, target_.block, grid::grid_angles(target_.domain)));
}

bool ObservationStream::comes_along_grid(std::size_t record) const {
  const auto found = grid::wind_component(records_[record].source_standard_name());
  const SourceGrid& source = *records_[record].grid();
  return found && found->is_along_grid && (!source.rectilinear || source.rectilinear->rotated_pole);
}

bool ObservationStream::share_grid(std::size_t record, std::size_t other) const {
  // A grid with cell bounds and one without are kept apart, though their points are the same.
  return !difference(*records_[record].grid(), *records_[other].grid()) &&
         regridding_[record]->region() == regridding_[other]->region();
}

void ObservationStream::pair_winds() {
  // The partner of a component has the same directions in the domain: [along the grid, first or second].
  std::map<std::pair<bool, bool>, std::size_t> components;
  for (std::size_t i = 0; i < variables_.size(); ++i)
    if (const auto component = grid::wind_component(variables_[i].standard_name))
      components.emplace(std::pair(component->is_along_grid, component->is_first), i);
  for (const auto& [directions, index] : components) {
    const auto [is_along_grid, is_first] = directions;
    const Record& record = records_[index];
    const SourceGrid& source = *record.grid();
    const bool is_source_along = comes_along_grid(index);
    const bool is_target_along = is_along_grid && target_.domain.rotated_pole;
    if (!is_source_along && !is_target_along) continue;
    const auto partner = components.find({is_along_grid, !is_first});
    if (partner == components.end())
      throw core::Error(fmt::format(
          "{}: its wind can only be turned with the other component at the same instants, which is missing",
          describe(record)));
    if (comes_along_grid(partner->second) != is_source_along)
      throw core::Error(fmt::format(
          "{} is {}, but {} is {}: the two components of a wind must have matching directions; correct the "
          "standard names with data.variables if the files are wrong",
          describe(record), record.source_standard_name(), describe(records_[partner->second]),
          records_[partner->second].source_standard_name()));
    if (!is_first) continue;
    WindPair pair{index, partner->second, {}, is_target_along};
    if (is_source_along) {
      if (!share_grid(index, partner->second))
        throw core::Error(fmt::format(
            "{} and {} are winds along their grid, but on two different grids: bring them onto one first",
            describe(record), describe(records_[partner->second])));
      if (!source.rectilinear)
        throw core::Error(
            fmt::format("{}: its winds ({}) are along a curvilinear grid: turn them to geographic directions "
                        "first",
                        describe(record), record.source_standard_name()));
      pair.source_angles =
          grid::grid_angles(grid::crop_grid(*source.rectilinear, regridding_[index]->region()));
    }
    winds_.push_back(std::move(pair));
  }
}

std::span<const float> ObservationStream::field(std::size_t record, std::int64_t index) {
  const std::int64_t instant = instants_[record][static_cast<std::size_t>(index)];
  Field& field = fields_[record];
  if (field.instant != instant) {
    const BlockRegridding& regridding = *regridding_[record];
    field.values.resize(static_cast<std::size_t>(regridding.region().cells()));
    records_[record].read(instant, 1, regridding.region(), field.values, regridding.is_used());
    field.instant = instant;
  }
  return field.values;
}

std::span<float> ObservationStream::part(std::span<float> values, std::size_t record) const {
  const auto blocks = static_cast<std::size_t>(grid_.cells());
  return values.subspan(record * blocks, blocks);
}

void ObservationStream::read(std::int64_t index, std::span<float> values) {
  std::vector<bool> is_done(records_.size(), false);
  for (const WindPair& pair : winds_) {
    const auto east = field(pair.u, index), north = field(pair.v, index);
    // Turned in a copy: the same field may be asked for again.
    std::vector<float> u(east.begin(), east.end()), v(north.begin(), north.end());
    if (!pair.source_angles.empty()) grid::rotate_winds_to_geographic(pair.source_angles, u, v);
    const auto to_u = part(values, pair.u), to_v = part(values, pair.v);
    if (pair.is_turned_to_grid) {
      const MissingWinds missing = apply_to_winds(*regridding_[pair.u], u, *regridding_[pair.v], v,
                                                  target_.cell_missing_fraction, to_u, to_v);
      for (const std::size_t record : {pair.u, pair.v})
        count(record, index, missing.blocks, missing.is_northward ? pair.v : pair.u);
    } else {
      count(pair.u, index, regridding_[pair.u]->apply(u, target_.cell_missing_fraction, to_u), pair.u);
      count(pair.v, index, regridding_[pair.v]->apply(v, target_.cell_missing_fraction, to_v), pair.v);
    }
    is_done[pair.u] = is_done[pair.v] = true;
  }
  for (std::size_t i = 0; i < records_.size(); ++i) {
    if (is_done[i]) continue;
    count(i, index, regridding_[i]->apply(field(i, index), target_.cell_missing_fraction, part(values, i)),
          i);
  }
  first_uncounted_ = std::max(first_uncounted_, index + 1);
}

std::vector<std::int64_t> ObservationStream::missing() const {
  std::vector<std::int64_t> counts;
  for (const Missing& missing : missing_) counts.push_back(missing.count);
  return counts;
}

void ObservationStream::count(std::size_t record, std::int64_t index, const MissingBlocks& found,
                              std::size_t lacking) {
  if (found.count == 0 || index < first_uncounted_) return;
  Missing& missing = missing_[record];
  if (missing.count == 0) missing = {0, index, lacking, found};
  missing.count += found.count;
  const std::int64_t values = times_.size() * grid_.cells();
  if (static_cast<double>(missing.count) / static_cast<double>(values) > target_.missing_fraction)
    throw core::Error(
        fmt::format("{}; at least {} of {} coarse values are missing, at most {:.3g} % is allowed "
                    "(observation.missing_fraction)",
                    describe_missing(record), missing.count, values, 100 * target_.missing_fraction));
}

std::string ObservationStream::describe_missing(std::size_t record) const {
  const auto& [count, index, lacking, missing] = missing_[record];
  const Record& source = records_[lacking];
  const grid::Crop& region = regridding_[lacking]->region();
  const std::int64_t width = region.x1 - region.x0;
  return fmt::format(
      "{}: {}: missing value at {}, {}: {:.3g} % of the coarse cell at {} is missing, "
      "at most {:.3g} % is allowed (data.cell_missing_fraction)",
      file_of(lacking, index).string(), source.variable().name, times_.format(index),
      source.grid()->place(region.y0 + missing.source_cell / width, region.x0 + missing.source_cell % width),
      100 * missing.missing_part, grid::cell_text(grid_, missing.block), 100 * target_.cell_missing_fraction);
}

std::vector<ObservationStream> make_streams(std::vector<Record> records, const Target& target) {
  std::vector<Record> snapshots, means;
  for (Record& record : records)
    (record.sampling().kind == io::TimeSampling::snapshot ? snapshots : means).push_back(std::move(record));
  std::vector<ObservationStream> streams;
  if (!snapshots.empty()) streams.emplace_back(std::move(snapshots), target);
  if (!means.empty()) streams.emplace_back(std::move(means), target);
  return streams;
}

}  // namespace foehn::ingestion
