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

/// [hour, variable, y, x], float32
at::Tensor read_hours(const io::FieldReader& reader, std::int64_t first, std::int64_t count) {
  const auto variables = static_cast<std::int64_t>(reader.variables().size());
  at::Tensor fields = at::empty({count, variables, reader.grid().ny(), reader.grid().nx()}, at::kFloat);
  reader.read(first, count, {fields.data_ptr<float>(), static_cast<std::size_t>(fields.numel())});
  return fields;
}

/// Which fold of the cross-validation an hour of the period belongs to.
std::size_t fold_of(std::int64_t hour, io::IndexRange period) {
  return static_cast<std::size_t>(hour - period.first) * kFoldsOfResiduals /
         static_cast<std::size_t>(period.size());
}

/// Climatologies of all hours but those of one fold, for each.
std::vector<Climatology> climatologies_without_fold(const io::FieldReader& reader, io::IndexRange period,
                                                    const std::vector<Harmonic>& harmonics,
                                                    const std::function<void(std::int64_t)>& advanced) {
  const std::vector<std::int64_t> shape{static_cast<std::int64_t>(reader.variables().size()),
                                        reader.grid().ny(), reader.grid().nx()};
  std::vector<ClimatologyEstimator> folds;  // each with sums of its own: copies would share them
  for (std::size_t fold = 0; fold < kFoldsOfResiduals; ++fold) folds.emplace_back(harmonics, shape);
  for (std::int64_t first = period.first; first < period.last; first += kHoursOfResidualsAtOnce) {
    const std::int64_t count = std::min(kHoursOfResidualsAtOnce, period.last - first);
    const at::Tensor fields = read_hours(reader, first, count);
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

/// The anomalies of a gap and of the snapshot at its end, [hour, variable, y, x], physical units, float64.
/// @param fields  of these
at::Tensor anomalies(const io::FieldReader& reader, const Gap& gap, const at::Tensor& fields,
                     const Climatology& climatology) {
  at::Tensor result = fields.to(at::kDouble);
  for (std::int64_t i = 0; i <= gap.hours; ++i)
    result.select(0, i).sub_(climatology.at(reader.times().seconds[static_cast<std::size_t>(gap.first + i)],
                                            reader.times().calendar));
  return result;
}

/// Anomalies minus their coarse fields, of all hours but the last.
/// @param cells  as in CoarseSnapshots
at::Tensor residuals(const at::Tensor& anomalies, const Gap& gap,
                     const std::shared_ptr<const CoarseCells>& cells) {
  const at::Tensor ends = at::stack({anomalies[0], anomalies[gap.hours]});
  const CoarseFields coarse = interpolate(
      {gap.block, {0, gap.hours}, coarse_means(ends, gap.block, cells.get()), cells}, 0, gap.hours, {});
  return anomalies.narrow(0, 0, gap.hours) - coarse.fields;
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
  const std::vector<Climatology> without_fold =
      climatologies_without_fold(reader, period, climatology.harmonics(), advanced);
  const std::vector<std::int64_t> shape{static_cast<std::int64_t>(reader.variables().size()),
                                        reader.grid().ny(), reader.grid().nx()};
  DeviationEstimator estimator(harmonics_for(reader.step_seconds(), period.size() * reader.step_seconds()),
                               shape, static_cast<std::int64_t>(kFoldsOfResiduals));
  at::Tensor known = at::zeros({shape[0]}, at::kDouble);  // squares of residuals from the whole climatology
  std::int64_t hours = 0, read = period.first;
  const std::int64_t stride = stride_of(reader, period.size());
  const std::shared_ptr<const CoarseCells> cells = make_coarse_cells(form, domain.grid);
  for (const Gap& gap : gaps) {
    const std::size_t fold = fold_of(gap.first, period);
    const at::Tensor fields = read_hours(reader, gap.first, gap.hours + 1);
    const at::Tensor unknown = residuals(anomalies(reader, gap, fields, without_fold[fold]), gap, cells);
    known += residuals(anomalies(reader, gap, fields, climatology), gap, cells)
                 .square()
                 .mean(at::IntArrayRef{2, 3})
                 .sum(0);
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
  return {Normalisation::anomaly(climatology, scale, deviation),
          scale / (known / static_cast<double>(hours)).sqrt()};
}

}  // namespace foehn::model
