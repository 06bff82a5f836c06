#include "foehn/conditioning/point_input.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "conditioning/station_heights.hpp"
#include "conditioning/surface_fields.hpp"
#include "conditioning/withholding.hpp"
#include "foehn/conditioning/plausible_values.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/text.hpp"
#include "foehn/grid/reduced_gaussian.hpp"
#include "foehn/grid/regridding.hpp"

namespace foehn::conditioning {

namespace {

constexpr std::size_t kMostNamed = 3;  // places, in a message
constexpr double kLeastLand = 0.5;     // share of a cell that is one of land

std::string date(std::int64_t seconds, calendar::Calendar calendar) {
  return calendar::format_date_time(calendar::from_seconds(seconds, calendar));
}

/// The step nearest to an instant, and how far away it is.
struct NearestStep {
  std::int64_t hour = 0;
  std::int64_t seconds = 0;  // from it, either way
  bool is_midway = false;
};
NearestStep nearest_step(std::int64_t seconds, std::int64_t first, std::int64_t step) {
  const std::int64_t since = seconds - first;
  const std::int64_t below = since / step - (since % step < 0 ? 1 : 0);
  const std::int64_t over = since - below * step;
  return {2 * over < step ? below : below + 1, std::min(over, step - over), 2 * over == step};
}

/// "station a at ...; station b at ... and 4 more".
std::string places_text(const std::vector<std::string>& places) {
  const std::size_t shown = std::min(places.size(), kMostNamed);
  const auto last = places.begin() + static_cast<std::ptrdiff_t>(shown);
  return fmt::format("{}{}", fmt::join(places.begin(), last, "; "),
                     shown < places.size() ? fmt::format(" and {} more", places.size() - shown) : "");
}

/// What the cells around each place make of its value.
class Footprints {
 public:
  Footprints(const std::vector<io::Place>& places, const grid::Grid& grid, Interpolation interpolation,
             const std::vector<double>& land_shares) {
    grid::Geographic positions;
    for (const io::Place& place : places) {
      positions.latitude.push_back(place.latitude);
      positions.longitude.push_back(place.longitude);
    }
    const grid::RegriddingWeights around = grid::bilinear_weights_inside(grid, positions);
    for (std::size_t i = 0; i < places.size(); ++i) {
      Footprint footprint;
      for (auto link = static_cast<std::size_t>(around.first_link[i]);
           link < static_cast<std::size_t>(around.first_link[i + 1]); ++link) {
        footprint.cells.push_back(around.source_cell[link]);
        footprint.weights.push_back(around.weight[link]);
      }
      if (footprint.cells.empty()) outside_.push_back(io::describe(places[i]));
      if (!land_shares.empty() && !footprint.cells.empty()) {
        keep_land(footprint, land_shares);
        if (footprint.cells.empty()) at_sea_.push_back(io::describe(places[i]));
      }
      if (interpolation == Interpolation::nearest) keep_nearest(footprint);
      all_.push_back(std::move(footprint));
    }
  }

  /// Of each place; empty where it is not used.
  const std::vector<Footprint>& all() const { return all_; }
  const Footprint& of(std::size_t place) const { return all_[place]; }
  /// Which places are not used, and why; empty if all are.
  std::vector<std::string> unused() const {
    std::vector<std::string> texts;
    if (!outside_.empty()) texts.push_back("outside the domain, not used: " + places_text(outside_));
    if (!at_sea_.empty())
      texts.push_back(fmt::format(
          "in the sea, where no cell around is land by half or more (stations.land_mask), not used: "
          "{}",
          places_text(at_sea_)));
    return texts;
  }

 private:
  static void keep_land(Footprint& footprint, const std::vector<double>& land_shares) {
    Footprint land;
    double sum = 0;
    for (std::size_t i = 0; i < footprint.cells.size(); ++i) {
      if (land_shares[static_cast<std::size_t>(footprint.cells[i])] < kLeastLand) continue;
      land.cells.push_back(footprint.cells[i]);
      land.weights.push_back(footprint.weights[i]);
      sum += footprint.weights[i];
    }
    for (double& weight : land.weights) weight /= sum;
    footprint = std::move(land);
  }
  static void keep_nearest(Footprint& footprint) {
    if (footprint.cells.empty()) return;
    const auto nearest = std::max_element(footprint.weights.begin(), footprint.weights.end());
    footprint = {{footprint.cells[static_cast<std::size_t>(nearest - footprint.weights.begin())]}, {1.0}};
  }

  std::vector<Footprint> all_;
  std::vector<std::string> outside_, at_sea_;
};

/// One file's values of a variable on their way into a trajectory.
class Placing {
 public:
  Placing(const io::PointData& data, const PointOptions& options, const model::Domain& domain,
          const Period& period, const SurfaceFields& surface)
      : data_(data),
        options_(options),
        domain_(domain),
        period_(period),
        height_correction_(data, domain.variables[data.variable], surface.heights, options.lapse_rate),
        plausible_(plausible_ranges(domain)[data.variable]),
        footprints_(data.places, domain.grid, options.interpolation, surface.land_shares) {}

  std::vector<PlacedValue> place() {
    // Of each place and interval, the nearest value and when it was.
    std::map<std::tuple<std::size_t, std::int64_t, std::int64_t>, Candidate> nearest;
    for (const io::PointValue& value : data_.values) {
      if (footprints_.of(value.place).cells.empty()) continue;
      const std::optional<Candidate> candidate = locate(value);
      if (!candidate) continue;
      const observation::Interval& hours = candidate->placed.hours;
      const auto [found, is_new] = nearest.try_emplace({value.place, hours.first, hours.last}, *candidate);
      if (is_new) continue;
      if (found->second.span == value.span) refuse(value, "it is given twice");
      ++not_nearest_;
      if (candidate->distance < found->second.distance) found->second = *candidate;
    }
    std::vector<PlacedValue> placed;
    for (const auto& [key, candidate] : nearest) placed.push_back(candidate.placed);
    // Where a file has only gaps, such as of sums of one of its variables, the log says so.
    if (placed.empty() && !data_.values.empty())
      throw core::Error(
          fmt::format("stations {}: no value of {} lies in the domain and in the trajectory, {} to {}{}{}",
                      data_.file, variable().name, period_.date(0), period_.date(period_.hours - 1),
                      footprints_.unused().empty() ? "" : "; ", fmt::join(footprints_.unused(), "; ")));
    log();
    return placed;
  }
  const std::vector<Footprint>& footprints() const { return footprints_.all(); }

 private:
  struct Candidate {
    PlacedValue placed;
    io::TimeSpan span;
    std::int64_t distance = 0;  // from its step, seconds
  };

  const io::Variable& variable() const { return domain_.variables[data_.variable]; }

  [[noreturn]] void refuse(const io::PointValue& value, const std::string& why) const {
    throw core::Error(fmt::format("stations {}: {} of {} at {}: {}", data_.file, variable().name,
                                  io::describe(data_.places[value.place]),
                                  date(value.span.end, data_.calendar), why));
  }

  /// Nothing for a value that is left out.
  std::optional<Candidate> locate(const io::PointValue& value) {
    const double correction = height_correction_.of(data_.places[value.place], footprints_.of(value.place));
    Candidate candidate{{{}, value.place, value.value, error_of(value)}, value.span, 0};
    const auto nearest = [&](std::int64_t seconds) {
      return nearest_step(seconds, period_.first_seconds, period_.step_seconds);
    };
    observation::Interval& hours = candidate.placed.hours;
    if (data_.sampling == io::PointSampling::snapshot) {
      const NearestStep step = nearest(value.span.begin);
      hours = {step.hour, step.hour + 1};
      candidate.distance = step.seconds;
      midway_ += step.is_midway ? 1 : 0;
      if (step.is_midway) return std::nullopt;
    } else {
      const NearestStep begin = nearest(value.span.begin), end = nearest(value.span.end);
      if (begin.seconds != 0 || end.seconds != 0)
        refuse(value,
               fmt::format("it is over {} to {}, expected whole steps of {}",
                           date(value.span.begin, data_.calendar), date(value.span.end, data_.calendar),
                           calendar::format_step(period_.step_seconds)));
      hours = {begin.hour, end.hour};
    }
    if (hours.first < 0 || hours.last > period_.hours) {
      ++outside_period_;
      return std::nullopt;
    }
    const std::int64_t added_up = data_.sampling == io::PointSampling::sum ? hours.hours() : 1;
    check_plausible(value, added_up);
    candidate.placed.value += correction * static_cast<double>(added_up);
    farthest_ = std::max(farthest_, candidate.distance);
    return candidate;
  }

  double error_of(const io::PointValue& value) const {
    if (!std::isnan(value.std)) return value.std;
    const std::optional<double>& std = options_.std[data_.variable];
    if (!std)
      refuse(value, fmt::format("the standard deviation of its error is missing; give it in the file, or as "
                                "stations.std {}=VALUE",
                                variable().name));
    return *std;
  }

  /// @param hours  that a value is the sum of
  void check_plausible(const io::PointValue& value, std::int64_t hours) const {
    const double margin = ingestion::kMostRangesBeyond * (plausible_.high - plausible_.low);
    const double one = value.value / static_cast<double>(hours);
    if (one < plausible_.lowest || one > plausible_.highest)
      refuse(value, fmt::format("{:.6g} {} lies beyond the bounds of the prior's transform; expected {}",
                                value.value, variable().units, plausible_.bounds));
    if (one >= plausible_.low - margin && one <= plausible_.high + margin) return;
    refuse(value,
           fmt::format("{:.6g} {} is far outside the prior's range, {:.6g} to {:.6g}; is its unit right?",
                       value.value, variable().units, plausible_.low, plausible_.high));
  }

  void log() const {
    const auto named = [&](std::int64_t count, const char* what) {
      if (count > 0)
        spdlog::info("stations {}: {} of {} {}; not used", data_.file, core::counted(count, "value"),
                     variable().name, what);
    };
    named(data_.missing, "missing");
    named(data_.flagged, "flagged as wrong");
    named(outside_period_, "outside the trajectory");
    named(not_nearest_, "at steps with a nearer value of the same station");
    if (midway_ > 0)
      spdlog::warn("stations {}: {} of {} midway between two steps of {}; not used", data_.file,
                   core::counted(midway_, "value"), variable().name,
                   calendar::format_step(period_.step_seconds));
    if (farthest_ > 0)
      spdlog::info("stations {}: values of {} lie up to {} from the steps that they are used at", data_.file,
                   variable().name, calendar::format_step(farthest_));
    for (const std::string& text : footprints_.unused()) spdlog::warn("stations {}: {}", data_.file, text);
    height_correction_.log(footprints_.all());
  }

  const io::PointData& data_;
  const PointOptions& options_;
  const model::Domain& domain_;
  const Period& period_;
  HeightCorrection height_correction_;
  ingestion::PlausibleRange plausible_;
  Footprints footprints_;
  std::int64_t outside_period_ = 0, midway_ = 0, not_nearest_ = 0, farthest_ = 0;
};

double of_variable(const std::vector<std::optional<double>>& all, std::size_t variable) {
  return all.empty() ? 0 : all[variable].value_or(0);
}

/// What a value is withheld with.
std::string key_of(const PlacedValue& value, const io::PointData& data, const PointOptions& options,
                   const Period& period) {
  if (options.withheld_unit == WithheldUnit::times) return period.date(value.hours.first);
  const io::Place& place = data.places[value.place];
  return fmt::format("{:.6f},{:.6f}", place.latitude, place.longitude);
}

/// Refuses a value that two files give.
class Uniqueness {
 public:
  void check(const io::PointData& data, const PlacedValue& value, const model::Domain& domain,
             const Period& period) {
    const io::Place& place = data.places[value.place];
    const auto [found, is_new] = seen_.try_emplace(
        {data.variable, data.sampling, value.hours.first, value.hours.last, place.latitude, place.longitude},
        data.file);
    if (is_new) return;
    throw core::Error(fmt::format("stations {}: {} of {} at {}: it is given twice, also in {}", data.file,
                                  domain.variables[data.variable].name, io::describe(place),
                                  period.date(value.hours.first), found->second));
  }

 private:
  std::map<std::tuple<std::size_t, io::PointSampling, std::int64_t, std::int64_t, double, double>,
           std::string>
      seen_;
};

/// Refuses what is said of the errors of a variable that no file has.
void check_observed(const char* option, const std::vector<std::optional<double>>& of_variables,
                    const std::vector<io::PointData>& data, const std::vector<io::Variable>& variables) {
  for (std::size_t i = 0; i < of_variables.size(); ++i)
    if (of_variables[i] &&
        std::none_of(data.begin(), data.end(), [&](const io::PointData& one) { return one.variable == i; }))
      throw core::UsageError(fmt::format("{}: input.stations have no {}", option, variables[i].name));
}

}  // namespace

PointInput::PointInput(PointOptions options, const model::Domain& domain)
    : options_(std::move(options)), domain_(domain) {
  if (domain.grid.unstructured && !options_.files.empty() && !grid::find_rows(*domain.grid.unstructured))
    throw core::Error(
        "input.stations: the prior's cells lie in no rows of a reduced Gaussian grid, between which values "
        "at "
        "points are interpolated");
  for (const std::filesystem::path& file : options_.files)
    for (io::PointData& data : io::read_points(file, domain.variables)) data_.push_back(std::move(data));
  for (const io::PointData& data : data_)
    if (!calendar::are_comparable({data.calendar, {}}, {data_.front().calendar, {}}))
      throw core::Error(fmt::format("stations {}: calendar {}, but {} in {}", data.file,
                                    calendar::calendar_name(data.calendar),
                                    calendar::calendar_name(data_.front().calendar), data_.front().file));
  for (const auto& [option, of_variables] : {std::pair("stations.bias_std", &options_.bias_std),
                                             std::pair("stations.correlation", &options_.correlation_hours)})
    check_observed(option, *of_variables, data_, domain.variables);
  if (!options_.land_mask.empty())
    surface_.land_shares = core::with_context(
        "stations.land_mask", [&] { return read_land_shares(options_.land_mask, domain.grid); });
  if (options_.orography.empty()) return;
  if (std::none_of(data_.begin(), data_.end(), [&](const io::PointData& data) {
        return falls_with_height(domain.variables[data.variable]);
      }))
    throw core::UsageError(
        "stations.orography: input.stations have no air_temperature, which alone is corrected for heights");
  surface_.heights =
      core::with_context("stations.orography", [&] { return read_heights(options_.orography, domain.grid); });
}

calendar::TimeAxis PointInput::extent() const {
  std::vector<std::int64_t> steps;
  for (const io::PointData& data : data_)
    for (const io::PointValue& value : data.values) {
      steps.push_back(nearest_step(value.span.begin, 0, domain_.step_seconds).hour);
      const bool is_instant = data.sampling == io::PointSampling::snapshot;
      steps.push_back(nearest_step(value.span.end, 0, domain_.step_seconds).hour - (is_instant ? 0 : 1));
    }
  if (steps.empty()) throw core::Error("input.stations: all values are missing");
  const auto [first, last] = std::minmax_element(steps.begin(), steps.end());
  return {data_.front().calendar, {*first * domain_.step_seconds, *last * domain_.step_seconds}};
}

PlacedPoints PointInput::place(const Period& period) const {
  std::vector<std::vector<PlacedValue>> values;
  std::vector<std::vector<Footprint>> footprints;
  std::set<std::string> keys;
  Uniqueness uniqueness;
  for (const io::PointData& data : data_) {
    if (!calendar::are_comparable({data.calendar, {period.first_seconds}},
                                  {period.calendar, {period.first_seconds}}))
      throw core::Error(fmt::format("stations {}: calendar {}, but that of the trajectory is {}", data.file,
                                    calendar::calendar_name(data.calendar),
                                    calendar::calendar_name(period.calendar)));
    Placing placing(data, options_, domain_, period, surface_);
    values.push_back(placing.place());
    footprints.push_back(placing.footprints());
    for (const PlacedValue& value : values.back()) {
      uniqueness.check(data, value, domain_, period);
      keys.insert(key_of(value, data, options_, period));
    }
  }
  const bool withholds = options_.withheld > 0;
  const bool by_station = options_.withheld_unit == WithheldUnit::stations;
  const std::set<std::string> chosen = withholds
                                           ? choose_withheld(keys, options_.withheld, options_.withheld_seed,
                                                             by_station ? "stations" : "times")
                                           : std::set<std::string>();
  PlacedPoints placed;
  for (std::size_t i = 0; i < data_.size(); ++i) {
    const io::PointData& data = data_[i];
    std::vector<PlacedValue> used, withheld;
    for (const PlacedValue& value : values[i])
      (chosen.contains(key_of(value, data, options_, period)) ? withheld : used).push_back(value);
    const PointPlacement common{.name = data.file,
                                .variable = static_cast<std::int64_t>(data.variable),
                                .sampling = data.sampling,
                                .intervals = {},
                                .bias_std = of_variable(options_.bias_std, data.variable),
                                .correlation_hours = of_variable(options_.correlation_hours, data.variable)};
    for (auto& [of, into] : {std::pair(&used, &placed.used), std::pair(&withheld, &placed.withheld)})
      for (PointSet& set : make_point_sets(common, std::move(*of), footprints[i], period, domain_))
        into->push_back(std::move(set));
  }
  return placed;
}

}  // namespace foehn::conditioning
