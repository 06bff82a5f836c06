#include "evaluation/block_sums.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "evaluation/agreement.hpp"
#include "evaluation/hour_fields.hpp"
#include "evaluation/joint_scoring.hpp"
#include "evaluation/structural_similarity.hpp"
#include "evaluation/wind_variables.hpp"
#include "foehn/core/heartbeat.hpp"

namespace foehn::evaluation {
namespace {

/// The cells of one variable within the fields of an hour, and what each counts.
struct Cells {
  std::size_t first = 0;
  std::span<const double> weights;
  std::size_t count() const { return weights.size(); }
  std::size_t end() const { return first + count(); }
  double weight(std::size_t place) const { return weights[place - first]; }
};

/// Adds the scores of the tails of one ensemble.
/// @param errors  every member minus the truth, in ascending order
void add_tails(TailSums& sums, std::span<const double> errors, double truth, double low, double high,
               double weight) {
  if (std::isnan(low)) return;
  std::vector<double> upper, lower;
  for (const double error : errors) {
    upper.push_back(std::max(truth + error, high) - std::max(truth, high));
    lower.push_back(std::min(truth + error, low) - std::min(truth, low));
  }
  sums.count += weight;
  sums.upper += weight * fair_crps(upper);
  sums.lower += weight * fair_crps(lower);
}

HourSums score_hour(const HourFields& fields, const Cells& cells, const LocalTails* tails,
                    CellSums& by_cell) {
  HourSums sums(static_cast<std::int64_t>(fields.members.size()));
  sums.hours = 1;
  const bool has_truth = !fields.truth.empty();
  std::vector<double> errors(fields.members.size());
  for (std::size_t cell = cells.first; cell < cells.end(); ++cell) {
    const double truth = has_truth ? static_cast<double>(fields.truth[cell]) : 0, weight = cells.weight(cell);
    std::transform(fields.members.begin(), fields.members.end(), errors.begin(),
                   [&](std::span<const float> member) { return static_cast<double>(member[cell]) - truth; });
    if (!has_truth) {
      by_cell.variance[cell] += sums.ensemble.add_without_truth(errors, weight);
      continue;
    }
    const EnsembleScore score = sums.ensemble.add(errors, weight);
    by_cell.error[cell] += score.error;
    by_cell.squared[cell] += score.error * score.error;
    by_cell.fair_crps[cell] += score.fair_crps;
    by_cell.variance[cell] += score.variance;
    if (tails != nullptr && errors.size() > 1)
      add_tails(sums.tails, errors, truth, tails->low[cell], tails->high[cell], weight);
    if (!fields.climatology.empty() && !std::isnan(fields.climatology[cell]))
      sums.climatology.add(fields.climatology[cell] - truth, weight);
    // Nothing is interpolated from what is missing.
    if (std::isnan(fields.interpolation[cell])) continue;
    sums.interpolation.add(fields.interpolation[cell] - truth, weight);
    by_cell.interpolation[cell] += std::abs(fields.interpolation[cell] - truth);
    ++by_cell.interpolated[cell];
    if (!fields.anomaly_interpolation.empty() && !std::isnan(fields.anomaly_interpolation[cell]))
      sums.anomaly_interpolation.add(fields.anomaly_interpolation[cell] - truth, weight);
  }
  return sums;
}

/// Adds up in how many members each cell has the two events, and whether the truth does.
void add_events(VariableSums& sums, const HourFields& fields, const Cells& cells, const LocalTails& tails) {
  for (std::size_t cell = cells.first; cell < cells.end(); ++cell) {
    if (std::isnan(tails.low[cell])) continue;
    std::size_t above = 0, below = 0;
    for (const auto& member : fields.members) {
      const auto value = static_cast<double>(member[cell]);
      above += value > tails.high[cell] ? 1 : 0;
      below += value < tails.low[cell] ? 1 : 0;
    }
    const auto truth = static_cast<double>(fields.truth[cell]);
    const double weight = cells.weight(cell);
    sums.above.forecasts[above] += weight;
    sums.below.forecasts[below] += weight;
    if (truth > tails.high[cell]) sums.above.occurrences[above] += weight;
    if (truth < tails.low[cell]) sums.below.occurrences[below] += weight;
  }
}

/// Adds how similar an hour's fields are to the truth.
void add_similarity(SimilaritySums& sums, const HourFields& fields, const Cells& cells,
                    const grid::Grid& grid) {
  const auto values_of = [&](const auto& field) {
    const auto from = field.begin() + static_cast<std::ptrdiff_t>(cells.first);
    return std::vector<double>(from, from + static_cast<std::ptrdiff_t>(cells.count()));
  };
  const std::vector<double> truth = values_of(fields.truth);
  const auto add = [&](double& sum, std::int64_t& count, const std::vector<double>& field) {
    const double similarity = structural_similarity(field, truth, grid.ny(), grid.nx());
    if (std::isnan(similarity)) return;
    sum += similarity;
    ++count;
  };
  SimilaritySums hour;  // summed by hour first, as all others
  for (const auto& member : fields.members) add(hour.members, hour.member_fields, values_of(member));
  add(hour.interpolation, hour.interpolation_fields, values_of(fields.interpolation));
  evaluation::add(sums, hour);
}

IncrementSums increments_of(const KeptHour& before, const HourFields& fields, const Cells& cells) {
  IncrementSums sums;
  sums.hours = 1;
  const auto add = [&](Moments& moments, const auto& from, const auto& to) {
    if (to.empty()) return;
    for (std::size_t cell = cells.first; cell < cells.end(); ++cell) {
      const double increment = static_cast<double>(to[cell]) - static_cast<double>(from[cell]);
      if (!std::isnan(increment)) moments.add(increment, cells.weight(cell));
    }
  };
  add(sums.truth, before.truth, fields.truth);
  add(sums.interpolation, before.interpolation, fields.interpolation);
  for (std::size_t i = 0; i < fields.members.size(); ++i)
    add(sums.members, before.members[i], fields.members[i]);
  return sums;
}

void add_power(SpectrumSums& sums, const SpatialSpectrum& spectrum, const HourFields& fields,
               const Cells& cells) {
  const auto add = [&](std::vector<double>& power, const auto& field) {
    if (field.empty()) return;
    const auto from = field.begin() + static_cast<std::ptrdiff_t>(cells.first);
    const std::vector<double> values(from, from + static_cast<std::ptrdiff_t>(cells.count()));
    const std::vector<double> rings = spectrum.power(values);
    std::transform(power.begin(), power.end(), rings.begin(), power.begin(), std::plus<>());
  };
  ++sums.hours;
  add(sums.truth, fields.truth);
  for (const auto& member : fields.members) add(sums.members, member);
  add(sums.interpolation, fields.interpolation);
}

/// Spectra are costly and change slowly: these hours, spread evenly, stand for all.
bool is_spectrum_hour(const Sources& sources, std::int64_t hour) {
  constexpr std::int64_t kSpectrumHours = 24;
  const std::int64_t place = hour - sources.first_hour;
  return sources.hours <= kSpectrumHours ||
         place * kSpectrumHours / sources.hours != (place - 1) * kSpectrumHours / sources.hours;
}

/// Similarity is costly too: every third hour will do.
bool is_similarity_hour(const Sources& sources, std::int64_t hour) {
  const double step_hours = sources.step_hours();  // 0 of a single instant
  const std::int64_t every = step_hours > 0 ? std::max<std::int64_t>(1, std::llround(3 / step_hours)) : 1;
  return sources.reference && !sources.grid().unstructured && (hour - sources.first_hour) % every == 0;
}

/// The truth, or the ensemble mean without one, [variable, y, x].
std::vector<double> best_known(const HourFields& fields) {
  if (!fields.truth.empty()) return {fields.truth.begin(), fields.truth.end()};
  std::vector<double> mean(fields.interpolation.size());
  for (const auto& member : fields.members)
    for (std::size_t i = 0; i < mean.size(); ++i)
      mean[i] += static_cast<double>(member[i]) / static_cast<double>(fields.members.size());
  return mean;
}

/// Means over the cells, by weight, of each variable and of the wind speed, which is NaN where there is no
/// wind.
std::vector<double> means_over_cells(const std::vector<double>& fields, std::span<const double> weights,
                                     const std::optional<WindVariables>& wind) {
  const std::size_t cells = weights.size();
  std::vector<double> means;
  for (auto from = fields.begin(); from != fields.end(); from += static_cast<std::ptrdiff_t>(cells))
    means.push_back(std::inner_product(weights.begin(), weights.end(), from, 0.0) /
                    static_cast<double>(cells));
  double speed = wind ? 0 : std::numeric_limits<double>::quiet_NaN();
  for (std::size_t cell = 0; wind && cell < cells; ++cell)
    speed += weights[cell] * wind->speed(fields, cells, cell) / static_cast<double>(cells);
  means.push_back(speed);
  return means;
}

class BlockScoring {
 public:
  BlockScoring(const Sources& sources, const VerifyOptions& options, const SpatialSpectrum& spectrum,
               const std::optional<LocalClimate>& climate)
      : sources_(sources),
        spectrum_(spectrum),
        sums_(no_sums(sources.variables().size(), static_cast<std::int64_t>(sources.members.size()),
                      sources.period, spectrum.size())),
        cells_(sources.variables().size() * static_cast<std::size_t>(sources.blocks.fine_cells())),
        wind_(WindVariables::among(sources.variables())),
        agreement_(sources, options.observation_std),
        climatology_(options.climatology) {
    for (const ObservationSeries& series : sources.observations)
      baselines_.emplace_back(sources, series, options.climatology);
    if (climate) joint_.emplace(sources, *climate);
    if (climate) climate_ = &*climate;
  }

  /// Takes the hour before the block, which its first increments start from.
  void begin(const FieldChunk& chunk, std::int64_t hour) {
    hour_before_.emplace(chunk.fields(hour, baselines_));
  }

  void add(const FieldChunk& chunk, std::int64_t hour) {
    HourFields fields = chunk.fields(hour, baselines_);
    const auto count = static_cast<std::size_t>(sources_.blocks.fine_cells());
    const auto since_observation = sources_.hours_since_observation(hour);
    const calendar::TimeAxis& times = sources_.members.front().times();
    const std::int64_t seconds = times.seconds[static_cast<std::size_t>(hour)];
    const calendar::DateTime date = calendar::from_seconds(seconds, times.calendar);
    if (climatology_) {
      fields.climatology.resize(fields.interpolation.size());
      climatology_(seconds, fields.climatology);
    }
    const LocalTails* local = climate_ == nullptr ? nullptr : &climate_->tails(date);
    const LocalTails* tails = local != nullptr && local->is_not_scored ? local : nullptr;
    for (std::size_t variable = 0; variable < sums_.variables.size(); ++variable) {
      VariableSums& sums = sums_.variables[variable];
      const Cells cells{variable * count, sources_.weights};
      // Summed by hour first, so that the result does not depend on how hours are put into chunks.
      const HourSums hour_sums = score_hour(fields, cells, tails, cells_);
      evaluation::add(sums.all_hours, hour_sums);
      evaluation::add(sums.by_month[static_cast<std::size_t>(date.month - 1)], hour_sums);
      evaluation::add(sums.by_hour_of_day[static_cast<std::size_t>(date.hour)], hour_sums);
      if (since_observation) {
        const auto row = static_cast<std::size_t>(*since_observation);
        evaluation::add(sums.by_hours_since_observation[row], hour_sums);
        if (hour_before_) evaluation::add(sums.increments[row], increments_of(*hour_before_, fields, cells));
      }
      if (spectrum_.size() > 0 && is_spectrum_hour(sources_, hour))
        add_power(sums.spectrum, spectrum_, fields, cells);
      if (local != nullptr) add_events(sums, fields, cells, *local);
      if (is_similarity_hour(sources_, hour)) add_similarity(sums.similarity, fields, cells, sources_.grid());
    }
    means_.push_back(means_over_cells(best_known(fields), sources_.weights, wind_));
    agreement_.add(hour, fields.members);
    if (joint_) joint_->add(hour, fields);
    hour_before_.emplace(fields);
  }

  BlockResult finish() {
    for (std::size_t variable = 0; variable < sums_.variables.size(); ++variable)
      sums_.variables[variable].agreement = agreement_.sums()[variable];
    if (joint_) sums_.joint = joint_->sums();
    return {std::move(sums_), std::move(cells_), std::move(means_)};
  }

 private:
  const Sources& sources_;
  const SpatialSpectrum& spectrum_;
  BlockSums sums_;
  CellSums cells_;
  HourlyMeans means_;
  std::optional<WindVariables> wind_;
  Agreement agreement_;
  std::optional<JointScoring> joint_;
  const Climatology& climatology_;
  const LocalClimate* climate_ = nullptr;
  std::vector<Baseline> baselines_;
  std::optional<KeptHour> hour_before_;
};

}  // namespace

BlockResult block_sums(const Sources& sources, const VerifyOptions& options, const SpatialSpectrum& spectrum,
                       const std::optional<LocalClimate>& climate, const TimeBlock& block) {
  BlockScoring scoring(sources, options, spectrum, climate);
  const std::int64_t chunk_hours = hours_per_chunk(sources, sources.members.size(), options.values_in_memory);
  if (block.first > sources.first_hour)
    scoring.begin(FieldChunk(sources, block.first - 1, 1), block.first - 1);
  for (std::int64_t first = block.first; first < block.last; first += chunk_hours) {
    const std::int64_t count = std::min(chunk_hours, block.last - first);
    const FieldChunk chunk(sources, first, count);
    for (std::int64_t hour = first; hour < first + count; ++hour) scoring.add(chunk, hour);
    core::beat();
  }
  return scoring.finish();
}

}  // namespace foehn::evaluation
