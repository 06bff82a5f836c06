#include "foehn/bias/statistics.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <utility>

#include "bias/checks.hpp"
#include "foehn/core/error.hpp"

namespace foehn::bias {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Calls visit(slot, value, cell) for every cell of an instant that is not missing.
template <class Value, class Visit>
void for_each_value(const Layout& layout, std::span<const Value> field, std::int64_t seconds,
                    calendar::Calendar calendar, Visit visit) {
  const auto first = static_cast<std::size_t>(first_slot(layout, field.size(), seconds, calendar));
  for (std::size_t cell = 0; cell < field.size(); ++cell) {
    const auto value = static_cast<double>(field[cell]);
    if (std::isnan(value)) continue;
    require_finite(value, cell, seconds, calendar);
    visit(layout.cells > 0 ? first + cell : first, value, cell);
  }
}

}  // namespace

double Bins::edge(std::int64_t slot, std::int64_t index) const {
  const auto at = static_cast<std::size_t>(slot);
  if (index == number) return upper[at];
  return lower[at] + static_cast<double>(index) * ((upper[at] - lower[at]) / static_cast<double>(number));
}

std::int64_t Bins::bin_of(std::int64_t slot, double value) const {
  const auto at = static_cast<std::size_t>(slot);
  const double position = (value - lower[at]) / (upper[at] - lower[at]) * static_cast<double>(number);
  auto bin = std::clamp<std::int64_t>(static_cast<std::int64_t>(position), 0, number - 1);
  // The quotient may round to the other side of an edge; the edges decide.
  while (bin > 0 && value < edge(slot, bin)) --bin;
  while (bin < number - 1 && value >= edge(slot, bin + 1)) ++bin;
  return bin;
}

Bins common_bins(const Summary& observed, const Summary& simulated, std::int64_t number) {
  if (observed.layout != simulated.layout)
    throw core::Error("the statistics of observations and simulation are laid out differently");
  require_usable(observed, {"observations", {}}, MayLack::nothing);
  require_usable(simulated, {"simulation", {}}, MayLack::whole_cells);
  Bins bins{number, observed.least, observed.greatest};
  for (std::size_t slot = 0; slot < bins.lower.size(); ++slot) {
    if (simulated.count[slot] == 0) continue;
    bins.lower[slot] = std::min(bins.lower[slot], simulated.least[slot]);
    bins.upper[slot] = std::max(bins.upper[slot], simulated.greatest[slot]);
  }
  require_bins(bins, observed, "observations");
  return bins;
}

Bins scenario_bins(const Summary& scenario, std::int64_t number) {
  require_usable(scenario, {"scenario", {}}, MayLack::any);
  Bins bins{number, scenario.least, scenario.greatest};
  require_bins(bins, scenario, "scenario");
  return bins;
}

SummaryPass::SummaryPass(const Layout& layout, calendar::Calendar calendar) : calendar_(calendar) {
  const auto slots = static_cast<std::size_t>(layout.slots());
  sums_ = {layout, std::vector<double>(slots, 0), std::vector<double>(slots, 0),
           std::vector<double>(slots, kInfinity), std::vector<double>(slots, -kInfinity)};
}

template <class Value>
void SummaryPass::add_field(std::span<const Value> field, std::int64_t seconds) {
  for_each_value(sums_.layout, field, seconds, calendar_,
                 [this](std::size_t slot, double value, std::size_t /*cell*/) {
                   sums_.count[slot] += 1;
                   sums_.mean[slot] += value;
                   sums_.least[slot] = std::min(sums_.least[slot], value);
                   sums_.greatest[slot] = std::max(sums_.greatest[slot], value);
                 });
}

void SummaryPass::add(std::span<const float> field, std::int64_t seconds) {
  add_field(field, seconds);
}
void SummaryPass::add(std::span<const double> field, std::int64_t seconds) {
  add_field(field, seconds);
}

Summary SummaryPass::summary() const {
  Summary summary = sums_;
  for (std::size_t slot = 0; slot < summary.mean.size(); ++slot) {
    if (summary.count[slot] == 0) {
      summary.least[slot] = summary.greatest[slot] = 0;
    } else {
      // The sum rounds: the mean of equal values must not leave their range.
      summary.mean[slot] =
          std::clamp(summary.mean[slot] / summary.count[slot], summary.least[slot], summary.greatest[slot]);
    }
  }
  return summary;
}

HistogramPass::HistogramPass(Summary summary, Bins bins, calendar::Calendar calendar) : calendar_(calendar) {
  require_bins(bins, summary, "histogram");
  distribution_ = {std::move(summary), std::move(bins), {}};
  distribution_.counts.resize(
      static_cast<std::size_t>(distribution_.summary.layout.slots() * distribution_.bins.number), 0);
}

template <class Value>
void HistogramPass::add_field(std::span<const Value> field, std::int64_t seconds) {
  const Summary& summary = distribution_.summary;
  for_each_value(
      summary.layout, field, seconds, calendar_, [&](std::size_t slot, double value, std::size_t cell) {
        if (summary.count[slot] == 0 || value < summary.least[slot] || value > summary.greatest[slot])
          throw core::Error(fmt::format("{}: {} is outside the range of the first pass, {} to {}",
                                        value_place(cell, seconds, calendar_), value, summary.least[slot],
                                        summary.greatest[slot]));
        const auto number = static_cast<std::size_t>(distribution_.bins.number);
        const auto bin =
            static_cast<std::size_t>(distribution_.bins.bin_of(static_cast<std::int64_t>(slot), value));
        distribution_.counts[slot * number + bin] += 1;
      });
}

void HistogramPass::add(std::span<const float> field, std::int64_t seconds) {
  add_field(field, seconds);
}
void HistogramPass::add(std::span<const double> field, std::int64_t seconds) {
  add_field(field, seconds);
}

Distribution HistogramPass::distribution() const {
  const auto number = static_cast<std::size_t>(distribution_.bins.number);
  for (std::size_t slot = 0; slot < distribution_.summary.count.size(); ++slot) {
    double counted = 0;
    for (std::size_t bin = 0; bin < number; ++bin) counted += distribution_.counts[slot * number + bin];
    if (counted != distribution_.summary.count[slot])
      throw core::Error(fmt::format("{}: the second pass saw {} values, the first {}",
                                    slot_name(distribution_.summary.layout, static_cast<std::int64_t>(slot)),
                                    counted, distribution_.summary.count[slot]));
  }
  return distribution_;
}

}  // namespace foehn::bias
