#include "foehn/model/residual_fit.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "deviation_fit.hpp"
#include "foehn/core/error.hpp"
#include "foehn/model/transformed_fields.hpp"

namespace foehn::model {

namespace {

constexpr std::size_t kFoldsOfResiduals = 8;
constexpr std::int64_t kResidualsThatChoose = 1 << 23;  // values
constexpr std::int64_t kHoursOfResidualsAtOnce = 64;

/// A stretch of the period from one snapshot to the next.
struct Gap {
  std::int64_t first, hours, block;
};

/// @throws core::Error if some kind of gap does not occur
std::vector<Gap> gaps_of(io::IndexRange period, const CoarseForm& form) {
  std::vector<Gap> gaps;
  const std::size_t kinds = form.blocks.size() * form.every.size();
  for (std::int64_t first = period.first; first < period.last;) {
    const std::size_t kind = gaps.size() % kinds;
    const std::int64_t hours = form.every[kind / form.blocks.size()];
    if (first + hours >= period.last) break;
    gaps.push_back({first, hours, form.blocks[kind % form.blocks.size()]});
    first += hours + 1;
  }
  if (gaps.size() < kinds)
    throw core::Error(fmt::format(
        "too few steps for residuals of {} kinds of coarse fields, up to {} steps apart: found {}", kinds,
        form.longest_gap(), period.size()));
  return gaps;
}

/// A record, and its variables as a prior learns them.
struct TransformedRecord {
  const io::FieldReader& reader;
  const TransformedFields& transformed;

  /// [hour, variable, y, x], float32 where nothing is transformed, else float64
  at::Tensor read(std::int64_t first, std::int64_t count) const {
    const auto variables = static_cast<std::int64_t>(reader.variables().size());
    at::Tensor fields = at::empty({count, variables, reader.grid().ny(), reader.grid().nx()}, at::kFloat);
    reader.read(first, count, {fields.data_ptr<float>(), static_cast<std::size_t>(fields.numel())});
    if (!observation::any(transformed.transforms())) return fields;
    std::vector<at::Tensor> hours;
    for (std::int64_t i = 0; i < count; ++i) hours.push_back(transformed.at(fields[i], first + i));
    return at::stack(hours);
  }
};

/// Which fold of the cross-validation an hour of the period belongs to.
std::size_t fold_of(std::int64_t hour, io::IndexRange period) {
  return static_cast<std::size_t>(hour - period.first) * kFoldsOfResiduals /
         static_cast<std::size_t>(period.size());
}

/// Climatologies of all hours but those of one fold, for each.
std::vector<Climatology> climatologies_without_fold(const TransformedRecord& record, io::IndexRange period,
                                                    const std::vector<Harmonic>& harmonics,
                                                    const std::function<void(std::int64_t)>& advanced) {
  const io::FieldReader& reader = record.reader;
  const std::vector<std::int64_t> shape{static_cast<std::int64_t>(reader.variables().size()),
                                        reader.grid().ny(), reader.grid().nx()};
  std::vector<ClimatologyEstimator> folds;  // each with sums of its own: copies would share them
  for (std::size_t fold = 0; fold < kFoldsOfResiduals; ++fold) folds.emplace_back(harmonics, shape);
  for (std::int64_t first = period.first; first < period.last; first += kHoursOfResidualsAtOnce) {
    const std::int64_t count = std::min(kHoursOfResidualsAtOnce, period.last - first);
    const at::Tensor fields = record.read(first, count);
    for (std::int64_t i = 0; i < count; ++i)
      folds[fold_of(first + i, period)].add(
          fields[i], reader.times().seconds[static_cast<std::size_t>(first + i)], reader.times().calendar);
    advanced(count);
  }
  std::vector<Climatology> without;
  for (std::size_t fold = 0; fold < folds.size(); ++fold)
    without.push_back(ClimatologyEstimator::estimate_without(folds, fold));
  return without;
}

/// Anomalies of a gap minus their coarse fields, [hour, variable, y, x], in the units of transformed
/// variables, float64.
/// @param fields       of the gap and of the snapshot at its end
/// @param climatology  what they are anomalies from
/// @param cells        as in CoarseSnapshots
at::Tensor residuals(const TransformedRecord& record, const Gap& gap, const at::Tensor& fields,
                     const Climatology& climatology, const std::shared_ptr<const CoarseCells>& cells) {
  const calendar::TimeAxis& times = record.reader.times();
  const auto seconds = [&](std::int64_t hour) {
    return times.seconds[static_cast<std::size_t>(gap.first + hour)];
  };
  at::Tensor anomalies = fields.to(at::kDouble, false, true);  // a copy
  for (std::int64_t i = 0; i <= gap.hours; ++i)
    anomalies.select(0, i).sub_(climatology.at(seconds(i), times.calendar));
  CoarseSnapshots ends{gap.block, {0, gap.hours}, {}, cells};
  ends.values = coarse_means(at::stack({anomalies[0], anomalies[gap.hours]}), gap.block, cells.get());
  const at::Tensor one = at::ones({fields.size(1)}, at::kDouble);
  const TransformedSnapshots snapshots(
      Normalisation::anomaly(climatology, one, {}, record.transformed.transforms()),
      {times.calendar, seconds(0), record.reader.step_seconds()});
  for (std::int64_t i = 0; i < 2; ++i) {
    at::Tensor means = ends.values[i];
    snapshots.replace_means(anomalies[i * gap.hours], i * gap.hours, gap.block, means);
  }
  return anomalies.narrow(0, 0, gap.hours) - interpolate(ends, 0, gap.hours, {}).fields;
}

/// By how many hours those lie apart that choose: few enough values to keep, of all hours of the day.
std::int64_t stride_of(const io::FieldReader& reader, std::int64_t hours) {
  const std::int64_t a_day = std::max<std::int64_t>(1, calendar::kSecondsPerDay / reader.step_seconds());
  const std::int64_t values =
      hours * static_cast<std::int64_t>(reader.variables().size()) * reader.grid().cells();
  std::int64_t stride = (values + kResidualsThatChoose - 1) / kResidualsThatChoose;
  while (std::gcd(stride, a_day) != 1) ++stride;
  return stride;
}

}  // namespace

void check_residual_fit(io::IndexRange period, const CoarseForm& form) {
  gaps_of(period, form);
}

ResidualFit fit_residuals(const io::FieldReader& reader, io::IndexRange period, const Domain& domain,
                          const CoarseForm& form, bool may_deviate,
                          const std::function<void(std::int64_t)>& advanced) {
  const std::vector<Gap> gaps = gaps_of(period, form);
  const Climatology& climatology = *domain.normalisation.climatology();
  const observation::Transforms& transforms = domain.normalisation.transforms();
  const TransformedFields transformed(reader, period, transforms, advanced);
  const TransformedRecord record{reader, transformed};
  const std::vector<Climatology> without_fold =
      climatologies_without_fold(record, period, climatology.harmonics(), advanced);
  const std::vector<std::int64_t> shape{static_cast<std::int64_t>(reader.variables().size()),
                                        reader.grid().ny(), reader.grid().nx()};
  DeviationEstimator estimator(harmonics_for(reader.step_seconds(), period.size() * reader.step_seconds()),
                               shape, static_cast<std::int64_t>(kFoldsOfResiduals),
                               !reader.grid().unstructured);
  at::Tensor known = at::zeros({shape[0]}, at::kDouble);  // squares of residuals from the whole climatology
  std::int64_t hours = 0, read = period.first;
  const std::int64_t stride = stride_of(reader, period.size());
  const std::shared_ptr<const CoarseCells> cells = make_coarse_cells(form, domain.grid);
  for (const Gap& gap : gaps) {
    const std::size_t fold = fold_of(gap.first, period);
    const at::Tensor fields = record.read(gap.first, gap.hours + 1);
    const at::Tensor unknown = residuals(record, gap, fields, without_fold[fold], cells);
    known += residuals(record, gap, fields, climatology, cells).square().mean(at::IntArrayRef{2, 3}).sum(0);
    hours += gap.hours;
    for (std::int64_t i = 0; i < gap.hours; ++i)
      estimator.add(unknown[i], reader.times().seconds[static_cast<std::size_t>(gap.first + i)],
                    reader.times().calendar, fold,
                    may_deviate && (gap.first + i - period.first) % stride == 0);
    advanced(gap.first + gap.hours - read);
    read = gap.first + gap.hours;
  }
  advanced(period.last - read);
  const at::Tensor scale = estimator.scale();
  for (std::int64_t i = 0; i < shape[0]; ++i)
    if (!(scale[i].item<double>() > 0))
      throw core::Error(fmt::format("variable '{}': the fields are their coarse fields: no residual is left",
                                    reader.variables()[static_cast<std::size_t>(i)].name));
  std::optional<Deviation> deviation;
  if (may_deviate) deviation = estimator.estimate(estimator.choose(), scale);
  return {Normalisation::anomaly(climatology, scale, deviation, transforms),
          scale / (known / static_cast<double>(hours)).sqrt()};
}

}  // namespace foehn::model
