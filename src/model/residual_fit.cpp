#include "foehn/model/residual_fit.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "deviation_fit.hpp"
#include "foehn/core/error.hpp"
#include "foehn/observation/block_mean.hpp"

namespace foehn::model {

namespace {

constexpr std::int64_t kFoldsOfResiduals = 8;
constexpr std::int64_t kResidualsThatChoose = 1 << 23;  // values

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

/// The anomalies of a gap and of the snapshot at its end, [hour, variable, y, x], physical units, float64.
at::Tensor anomalies(const io::FieldReader& reader, const Gap& gap, const Climatology& climatology) {
  const auto variables = static_cast<std::int64_t>(reader.variables().size());
  at::Tensor fields =
      at::empty({gap.hours + 1, variables, reader.grid().ny(), reader.grid().nx()}, at::kFloat);
  reader.read(gap.first, gap.hours + 1, {fields.data_ptr<float>(), static_cast<std::size_t>(fields.numel())});
  at::Tensor result = fields.to(at::kDouble);
  for (std::int64_t i = 0; i <= gap.hours; ++i)
    result.select(0, i).sub_(climatology.at(reader.times().seconds[static_cast<std::size_t>(gap.first + i)],
                                            reader.times().calendar));
  return result;
}

/// Anomalies minus their coarse fields, of all hours but the last.
at::Tensor residuals(const at::Tensor& anomalies, const Gap& gap) {
  const at::Tensor ends = at::stack({anomalies[0], anomalies[gap.hours]});
  const CoarseFields coarse = interpolate(
      {gap.block, {0, gap.hours}, observation::BlockMean(gap.block).apply(ends)}, 0, gap.hours, {});
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

Normalisation fit_residuals(const io::FieldReader& reader, io::IndexRange period, const Domain& domain,
                            const CoarseForm& form, bool may_deviate,
                            const std::function<void(std::int64_t)>& advanced) {
  const Climatology& climatology = *domain.normalisation.climatology();
  const std::vector<std::int64_t> shape{static_cast<std::int64_t>(reader.variables().size()),
                                        reader.grid().ny(), reader.grid().nx()};
  DeviationEstimator estimator(harmonics_for(reader.step_seconds(), period.size() * reader.step_seconds()),
                               shape, kFoldsOfResiduals);
  const std::int64_t stride = stride_of(reader, period.size());
  std::int64_t read = period.first;
  for (const Gap& gap : gaps_of(period, form)) {
    const at::Tensor found = residuals(anomalies(reader, gap, climatology), gap);
    for (std::int64_t i = 0; i < gap.hours; ++i) {
      const std::int64_t hour = gap.first + i - period.first;
      estimator.add(found[i], reader.times().seconds[static_cast<std::size_t>(gap.first + i)],
                    reader.times().calendar,
                    static_cast<std::size_t>(hour * kFoldsOfResiduals / period.size()),
                    may_deviate && hour % stride == 0);
    }
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
  return Normalisation::anomaly(climatology, scale, deviation);
}

}  // namespace foehn::model
