#include "evaluation/joint_scoring.hpp"

#include <algorithm>
#include <cmath>

#include "evaluation/tiles.hpp"
#include "foehn/evaluation/multivariate.hpp"

namespace foehn::evaluation {
namespace {

/// Lags of 0, 3 and 6 h, as far as they are whole numbers of steps.
std::vector<std::size_t> lags_of(double step_hours) {
  std::vector<std::size_t> lags = {0};
  for (const double hours : {3.0, 6.0}) {
    const double steps = hours / step_hours;
    if (steps >= 1 && steps == std::floor(steps)) lags.push_back(static_cast<std::size_t>(steps));
  }
  return lags;
}

}  // namespace

JointScoring::JointScoring(const Sources& sources, const LocalClimate& climate)
    : sources_(sources),
      climate_(climate),
      cells_(static_cast<std::size_t>(sources.blocks.fine_cells())),
      tiles_(spread_tiles(sources.grid(), sources.variables().size())),
      lags_(lags_of(sources.step_hours())),
      every_(std::max<std::int64_t>(1, std::llround(3 / sources.step_hours()))),
      sums_(sources.variables().size()) {}

void JointScoring::add(std::int64_t hour, const HourFields& fields) {
  const std::vector<std::vector<double>> all = standardised(fields);
  const calendar::TimeAxis& times = sources_.members.front().times();
  const calendar::DateTime date =
      calendar::from_seconds(times.seconds[static_cast<std::size_t>(hour)], times.calendar);
  add_pairs(fields, all, climate_.tails(date).high);
  if (fields.members.size() < 2) return;
  std::vector<std::vector<double>> in_tiles;
  for (const std::vector<double>& one : all) {
    std::vector<double>& values = in_tiles.emplace_back();
    for (const auto& tile : tiles_)
      for (const std::size_t place : tile) values.push_back(one[place]);
  }
  recent_.push_back(std::move(in_tiles));
  if (recent_.size() <= lags_.back()) return;
  if ((hour - sources_.first_hour) % every_ == 0) score_tiles();
  recent_.pop_front();
}

std::vector<std::vector<double>> JointScoring::standardised(const HourFields& fields) const {
  std::vector<std::vector<double>> all;
  const auto add = [&](std::span<const float> field) {
    std::vector<double>& out = all.emplace_back(field.size());
    for (std::size_t place = 0; place < field.size(); ++place) {
      const double deviation = climate_.deviation[place];
      out[place] = deviation > 0 ? (static_cast<double>(field[place]) - climate_.mean[place]) / deviation : 0;
    }
  };
  add(fields.truth);
  for (const auto& member : fields.members) add(member);
  return all;
}

void JointScoring::add_pairs(const HourFields& fields, const std::vector<std::vector<double>>& standardised,
                             const std::vector<double>& high) {
  const std::size_t variables = sources_.variables().size();
  for (std::size_t trajectory = 0; trajectory < standardised.size(); ++trajectory) {
    const bool is_truth = trajectory == 0;
    const std::span<const float> raw = is_truth ? fields.truth : fields.members[trajectory - 1];
    std::size_t pair = 0;
    for (std::size_t i = 0; i < variables; ++i) {
      for (std::size_t j = i + 1; j < variables; ++j, ++pair) {
        PairSums hour;
        for (std::size_t cell = 0; cell < cells_; ++cell) {
          const std::size_t a = i * cells_ + cell, b = j * cells_ + cell;
          hour.add(standardised[trajectory][a], standardised[trajectory][b],
                   static_cast<double>(raw[a]) > high[a], static_cast<double>(raw[b]) > high[b],
                   sources_.weights[cell]);
        }
        evaluation::add(is_truth ? sums_.truth[pair] : sums_.members[pair], hour);
      }
    }
  }
}

void JointScoring::score_tiles() {
  const std::size_t trajectories = recent_.back().size();
  std::vector<std::vector<double>> vectors(trajectories);
  std::size_t first = 0;
  for (const auto& tile : tiles_) {
    for (std::size_t trajectory = 0; trajectory < trajectories; ++trajectory) {
      vectors[trajectory].clear();
      for (const std::size_t lag : lags_) {
        const std::vector<double>& values = recent_[recent_.size() - 1 - lag][trajectory];
        const auto from = values.begin() + static_cast<std::ptrdiff_t>(first);
        vectors[trajectory].insert(vectors[trajectory].end(), from,
                                   from + static_cast<std::ptrdiff_t>(tile.size()));
      }
    }
    const std::vector<std::vector<double>> members(vectors.begin() + 1, vectors.end());
    sums_.energy += fair_energy_score(vectors.front(), members);
    sums_.variogram += fair_variogram_score(vectors.front(), members);
    ++sums_.tiles;
    first += tile.size();
  }
}

}  // namespace foehn::evaluation
