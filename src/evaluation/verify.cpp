#include "foehn/evaluation/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "evaluation/agreement.hpp"
#include "evaluation/baseline.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/progress.hpp"
#include "foehn/evaluation/spectrum.hpp"

namespace foehn::evaluation {
namespace {

/// Sums over a set of hours, for one variable.
struct HourSums {
  explicit HourSums(std::int64_t members) : ensemble(members) {}

  HourSums& operator+=(const HourSums& other) {
    hours += other.hours;
    ensemble += other.ensemble;
    interpolation += other.interpolation;
    anomaly_interpolation += other.anomaly_interpolation;
    return *this;
  }

  std::int64_t hours = 0;
  EnsembleSums ensemble;
  ErrorSums interpolation;
  ErrorSums anomaly_interpolation;
};

/// Sums of spatial power over hours, one per ring, for one variable.
struct SpectrumSums {
  std::vector<double> truth, members, interpolation;
};

/// Sums of increments and of their squares.
struct Moments {
  void add(double value) {
    sum += value;
    squares += value * value;
    ++count;
  }
  Moments& operator+=(const Moments& other) {
    sum += other.sum;
    squares += other.squares;
    count += other.count;
    return *this;
  }
  double variance() const {
    const auto n = static_cast<double>(count);
    const double result = squares / n - sum / n * (sum / n);
    return result < 0 ? 0 : result;  // keeping what is not a number
  }

  double sum = 0, squares = 0;
  std::int64_t count = 0;
};

struct IncrementSums {
  IncrementSums& operator+=(const IncrementSums& other) {
    hours += other.hours;
    truth += other.truth;
    members += other.members;
    interpolation += other.interpolation;
    return *this;
  }

  std::int64_t hours = 0;
  Moments truth, members, interpolation;
};

IncrementVariances finish(const IncrementSums& sums) {
  return {sums.hours, sums.truth.variance(), sums.members.variance(), sums.interpolation.variance()};
}

struct VariableSums {
  VariableSums(std::int64_t members, std::int64_t period)
      : all_hours(members),
        by_hours_since_observation(static_cast<std::size_t>(period), HourSums(members)),
        increments(static_cast<std::size_t>(period)) {}

  HourSums all_hours;
  std::vector<HourSums> by_hours_since_observation;
  std::vector<IncrementSums> increments;
  SpectrumSums spectrum;
};

HourScores finish(const HourSums& sums, bool has_climatology) {
  HourScores scores{sums.hours, finish(sums.ensemble), finish(sums.interpolation), {}};
  if (has_climatology) scores.anomaly_interpolation = finish(sums.anomaly_interpolation);
  return scores;
}

/// Scores over the rows [first, last) together; absent if these have no hours.
std::optional<HourScores> finish_together(const std::vector<HourSums>& rows, std::size_t first,
                                          std::size_t last, std::int64_t members, bool has_climatology) {
  HourSums sums(members);
  for (std::size_t row = first; row < last; ++row) sums += rows[row];
  if (sums.hours == 0) return {};
  return finish(sums, has_climatology);
}

std::optional<SeamRatios> seam_of(const std::vector<IncrementSums>& rows) {
  IncrementSums others;
  for (std::size_t row = 1; row < rows.size(); ++row) others += rows[row];
  const IncrementVariances at_observations = finish(rows.front()), elsewhere = finish(others);
  if (at_observations.hours == 0 || elsewhere.hours == 0 || !(elsewhere.truth > 0) ||
      !(elsewhere.members > 0))
    return {};
  return SeamRatios{at_observations.truth / elsewhere.truth, at_observations.members / elsewhere.members};
}

/// One hour's fields, each [variable, y, x].
struct HourFields {
  std::vector<std::span<const float>> members;
  std::span<const float> truth;
  std::vector<double> interpolation;
  std::vector<double> anomaly_interpolation;  ///< empty without a climatology
};

/// The fields of an hour that outlive their chunk.
struct KeptHour {
  explicit KeptHour(const HourFields& fields)
      : truth(fields.truth.begin(), fields.truth.end()), interpolation(fields.interpolation) {
    for (const auto& member : fields.members) members.emplace_back(member.begin(), member.end());
  }

  std::vector<std::vector<float>> members;
  std::vector<float> truth;
  std::vector<double> interpolation;
};

/// Increments from one hour to the next over the cells [first_cell, first_cell + cells): one variable.
IncrementSums increments_of(const KeptHour& before, const HourFields& fields, std::size_t first_cell,
                            std::size_t cells) {
  IncrementSums sums;
  sums.hours = 1;
  const auto add = [&](Moments& moments, const auto& from, const auto& to) {
    for (std::size_t cell = first_cell; cell < first_cell + cells; ++cell)
      moments.add(static_cast<double>(to[cell]) - static_cast<double>(from[cell]));
  };
  add(sums.truth, before.truth, fields.truth);
  for (std::size_t cell = first_cell; cell < first_cell + cells; ++cell) {
    const double increment = fields.interpolation[cell] - before.interpolation[cell];
    if (!std::isnan(increment)) sums.interpolation.add(increment);
  }
  for (std::size_t i = 0; i < fields.members.size(); ++i)
    add(sums.members, before.members[i], fields.members[i]);
  return sums;
}

// A process may have a few thousand files open at most, often only 1024; opening one again for each chunk
// costs little.
constexpr std::size_t kMostOpenMembers = 256;

/// A chunk of hours of every member and of the reference.
class Chunk {
 public:
  Chunk(const Sources& sources, std::int64_t first, std::int64_t count)
      : first_(first),
        hour_size_(sources.variables().size() * static_cast<std::size_t>(sources.blocks.fine_cells())),
        truth_(static_cast<std::size_t>(count) * hour_size_) {
    for (const auto& member : sources.members) {
      member.read(first, count, members_.emplace_back(static_cast<std::size_t>(count) * hour_size_));
      if (sources.members.size() > kMostOpenMembers) member.rest();
    }
    const auto reference_index = [&](std::int64_t hour) {
      return sources.first_reference_index + hour * sources.reference_stride;
    };
    if (sources.reference_stride == 1) {
      sources.reference.read(reference_index(first), count, truth_);
      return;
    }
    for (std::int64_t hour = first; hour < first + count; ++hour) {
      sources.reference.read(
          reference_index(hour), 1,
          std::span(truth_).subspan(static_cast<std::size_t>(hour - first) * hour_size_, hour_size_));
    }
  }

  std::span<const float> member(std::size_t member, std::int64_t hour) const {
    return at(members_[member], hour);
  }
  std::span<const float> truth(std::int64_t hour) const { return at(truth_, hour); }

 private:
  std::span<const float> at(const std::vector<float>& values, std::int64_t hour) const {
    return std::span(values).subspan(static_cast<std::size_t>(hour - first_) * hour_size_, hour_size_);
  }

  std::int64_t first_;
  std::size_t hour_size_;
  std::vector<std::vector<float>> members_;
  std::vector<float> truth_;
};

/// Sums of one hour over the cells [first_cell, first_cell + cells) of the fields: one variable.
HourSums score_hour(const HourFields& fields, std::size_t first_cell, std::size_t cells) {
  HourSums sums(static_cast<std::int64_t>(fields.members.size()));
  sums.hours = 1;
  std::vector<double> errors(fields.members.size());
  for (std::size_t cell = first_cell; cell < first_cell + cells; ++cell) {
    const auto truth = static_cast<double>(fields.truth[cell]);
    std::transform(fields.members.begin(), fields.members.end(), errors.begin(),
                   [&](std::span<const float> member) { return static_cast<double>(member[cell]) - truth; });
    sums.ensemble.add(errors);
    // Nothing is interpolated from what is missing.
    if (std::isnan(fields.interpolation[cell])) continue;
    sums.interpolation.add(fields.interpolation[cell] - truth);
    if (!fields.anomaly_interpolation.empty()) {
      sums.anomaly_interpolation.add(fields.anomaly_interpolation[cell] - truth);
    }
  }
  return sums;
}

void add_power(std::vector<double>& sums, const std::vector<double>& power) {
  sums.resize(power.size(), 0.0);
  std::transform(sums.begin(), sums.end(), power.begin(), sums.begin(), std::plus<>());
}

/// Adds one hour's spatial power of the variable at [first_cell, first_cell + cells).
void add_hour_spectra(SpectrumSums& sums, const RadialSpectrum& spectrum, const HourFields& fields,
                      std::size_t first_cell, std::size_t cells) {
  const auto power = [&](std::span<const float> field) {
    const auto values = field.subspan(first_cell, cells);
    return spectrum.power(std::vector<double>(values.begin(), values.end()));
  };
  add_power(sums.truth, power(fields.truth));
  for (const auto& member : fields.members) add_power(sums.members, power(member));
  add_power(sums.interpolation, spectrum.power(std::span(fields.interpolation).subspan(first_cell, cells)));
}

SpectrumRatios finish(const SpectrumSums& sums, const RadialSpectrum& spectrum, std::int64_t members) {
  SpectrumRatios ratios;
  for (std::size_t ring = 0; ring < sums.truth.size(); ++ring) {
    if (!(sums.truth[ring] > 0)) continue;
    ratios.wavelength_cells.push_back(spectrum.wavelengths()[ring]);
    ratios.members.push_back(sums.members[ring] / (static_cast<double>(members) * sums.truth[ring]));
    ratios.interpolation.push_back(sums.interpolation[ring] / sums.truth[ring]);
  }
  return ratios;
}

/// Spectra are costly and change slowly: these hours, spread evenly, stand for all.
bool is_spectrum_hour(std::int64_t hour, std::int64_t hours) {
  constexpr std::int64_t kSpectrumHours = 24;
  return hours <= kSpectrumHours || hour * kSpectrumHours / hours != (hour - 1) * kSpectrumHours / hours;
}

/// An hour in the middle of the trajectory, half-way between two observations where there are two.
std::int64_t example_hour(const Sources& sources) {
  const std::int64_t intervals = (sources.hours - 1 - sources.first_observed_hour) / sources.period;
  return sources.first_observed_hour + intervals / 2 * sources.period +
         (intervals > 0 ? sources.period / 2 : 0);
}

ExampleHour make_example(const Sources& sources, std::int64_t hour, const HourFields& fields,
                         const std::vector<Baseline>& baselines) {
  ExampleHour example;
  example.time = sources.time_text(hour);
  example.hours_since_observation = sources.hours_since_observation(hour).value_or(0);
  example.observation_time = sources.time_text(baselines.front().nearest_observed_hour());
  const auto coarse_cells = static_cast<std::size_t>(sources.blocks.coarse_cells());
  example.observation.assign(sources.variables().size() * coarse_cells,
                             std::numeric_limits<double>::quiet_NaN());
  for (const Baseline& baseline : baselines) {
    auto from = baseline.nearest_observation().begin();
    for (const std::int64_t variable : baseline.series().source.variables) {
      std::copy_n(from, coarse_cells,
                  example.observation.begin() + variable * static_cast<std::int64_t>(coarse_cells));
      from += static_cast<std::ptrdiff_t>(coarse_cells);
    }
  }
  example.truth.assign(fields.truth.begin(), fields.truth.end());
  example.first_member.assign(fields.members.front().begin(), fields.members.front().end());
  const auto members = static_cast<double>(fields.members.size());
  for (std::size_t cell = 0; cell < fields.truth.size(); ++cell) {
    const auto sum_over_members = [&](auto term) {
      return std::transform_reduce(
          fields.members.begin(), fields.members.end(), 0.0, std::plus<>(),
          [&](std::span<const float> member) { return term(static_cast<double>(member[cell])); });
    };
    const double mean = sum_over_members([](double value) { return value; }) / members;
    example.ensemble_mean.push_back(mean);
    if (fields.members.size() == 1) continue;
    const double squares = sum_over_members([mean](double value) { return (value - mean) * (value - mean); });
    example.ensemble_spread.push_back(std::sqrt(squares / (members - 1)));
  }
  return example;
}

/// Goes through the hours and gathers the sums.
class Verification {
 public:
  Verification(const Sources& sources, const VerifyOptions& options)
      : sources_(sources),
        options_(options),
        spectrum_(sources.grid().ny(), sources.grid().nx()),
        example_hour_(example_hour(sources)),
        sums_(sources.variables().size(),
              VariableSums(static_cast<std::int64_t>(sources.members.size()), sources.period)),
        agreement_(sources, options.observation_std) {
    for (const ObservationSeries& series : sources.observations)
      baselines_.emplace_back(sources, series, options.climatology);
  }

  void run() {
    const auto values_per_hour =
        static_cast<std::int64_t>(sources_.members.size() * sums_.size()) * sources_.blocks.fine_cells();
    // Two days at most: more would not make reading faster.
    const std::int64_t chunk_hours =
        std::clamp<std::int64_t>(options_.values_in_memory / values_per_hour, 1, 48);
    core::Progress progress("evaluating", sources_.hours, "hours", options_.show_progress);
    for (std::int64_t first = 0; first < sources_.hours; first += chunk_hours) {
      const std::int64_t count = std::min(chunk_hours, sources_.hours - first);
      const Chunk chunk(sources_, first, count);
      for (std::int64_t hour = first; hour < first + count; ++hour) add_hour(chunk, hour);
      progress.advance(count);
    }
  }

  Results results() const {
    Results results;
    results.variables = sources_.variables();
    results.grid = sources_.grid();
    results.block = sources_.blocks.block();
    results.members = static_cast<std::int64_t>(sources_.members.size());
    results.hours = sources_.hours;
    results.first_time = sources_.time_text(0);
    results.last_time = sources_.time_text(sources_.hours - 1);
    results.step_hours = sources_.step_hours();
    results.period = sources_.period;
    const bool has_climatology = static_cast<bool>(options_.climatology);
    const std::vector<double> missing_fraction = agreement_.missing_fraction();
    for (std::size_t variable = 0; variable < sums_.size(); ++variable) {
      const auto& sums = sums_[variable];
      auto& scores = results.scores.emplace_back();
      scores.all_hours = finish(sums.all_hours, has_climatology);
      for (const auto& row : sums.by_hours_since_observation) {
        scores.by_hours_since_observation.push_back(finish(row, has_climatology));
      }
      const auto& rows = sums.by_hours_since_observation;
      scores.observed_hours = finish_together(rows, 0, 1, results.members, has_climatology);
      scores.hours_between = finish_together(rows, 1, rows.size(), results.members, has_climatology);
      for (const auto& row : sums.increments) scores.increments.push_back(finish(row));
      scores.seam = seam_of(sums.increments);
      scores.is_observed = agreement_.sums()[variable].count > 0;
      const auto agreement = finish(agreement_.sums()[variable]);
      if (!options_.observation_std.empty())
        scores.agreement.standard_deviation = options_.observation_std[variable];
      scores.agreement.rms = agreement.rmse;
      scores.agreement.mean = agreement.bias;
      scores.agreement.missing_fraction = missing_fraction[variable];
      scores.spectrum = finish(sums.spectrum, spectrum_, results.members);
    }
    results.example = example_;
    return results;
  }

 private:
  void add_hour(const Chunk& chunk, std::int64_t hour) {
    for (Baseline& baseline : baselines_) baseline.seek(hour);
    const HourFields fields = fields_of(chunk, hour);
    const auto cells = static_cast<std::size_t>(sources_.blocks.fine_cells());
    const auto since_observation = sources_.hours_since_observation(hour);
    for (std::size_t variable = 0; variable < sums_.size(); ++variable) {
      // Summed by hour first, so that the result does not depend on how hours are put into chunks.
      const HourSums hour_sums = score_hour(fields, variable * cells, cells);
      sums_[variable].all_hours += hour_sums;
      if (since_observation) {
        const auto row = static_cast<std::size_t>(*since_observation);
        sums_[variable].by_hours_since_observation[row] += hour_sums;
        if (hour_before_)
          sums_[variable].increments[row] += increments_of(*hour_before_, fields, variable * cells, cells);
      }
      if (is_spectrum_hour(hour, sources_.hours)) {
        add_hour_spectra(sums_[variable].spectrum, spectrum_, fields, variable * cells, cells);
      }
    }
    agreement_.add(hour, fields.members);
    hour_before_.emplace(fields);
    if (hour == example_hour_) example_ = make_example(sources_, hour, fields, baselines_);
  }

  HourFields fields_of(const Chunk& chunk, std::int64_t hour) const {
    HourFields fields;
    for (std::size_t member = 0; member < sources_.members.size(); ++member) {
      fields.members.push_back(chunk.member(member, hour));
    }
    fields.truth = chunk.truth(hour);
    // A variable that is not observed has no interpolation.
    fields.interpolation.assign(fields.truth.size(), std::numeric_limits<double>::quiet_NaN());
    if (options_.climatology) fields.anomaly_interpolation = fields.interpolation;
    for (const Baseline& baseline : baselines_) {
      baseline.interpolate(fields.interpolation);
      if (options_.climatology) baseline.interpolate_anomalies(fields.anomaly_interpolation);
    }
    return fields;
  }

  const Sources& sources_;
  const VerifyOptions& options_;
  std::vector<Baseline> baselines_;
  RadialSpectrum spectrum_;
  std::int64_t example_hour_;
  std::vector<VariableSums> sums_;
  Agreement agreement_;
  std::optional<KeptHour> hour_before_;
  ExampleHour example_;
};

}  // namespace

void check_observation_std(const std::vector<double>& deviations,
                           const std::vector<io::Variable>& variables) {
  if (deviations.empty()) return;
  if (deviations.size() != variables.size()) {
    throw core::Error(fmt::format("{} standard deviations of the observation error for {} variables",
                                  deviations.size(), variables.size()));
  }
  for (std::size_t variable = 0; variable < variables.size(); ++variable) {
    if (!(deviations[variable] > 0) || !std::isfinite(deviations[variable])) {
      throw core::Error(
          fmt::format("standard deviation of the observation error of {}: {} {}, expected a positive number",
                      variables[variable].name, deviations[variable], variables[variable].units));
    }
  }
}

Results verify(const Sources& sources, const VerifyOptions& options) {
  check_observation_std(options.observation_std, sources.variables());
  Verification verification(sources, options);
  verification.run();
  return verification.results();
}

}  // namespace foehn::evaluation
