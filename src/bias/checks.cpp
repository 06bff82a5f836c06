#include "bias/checks.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>

#include "foehn/core/error.hpp"

namespace foehn::bias {

namespace {

void check_counts(const Distribution& distribution, const std::string& role) {
  const Summary& summary = distribution.summary;
  const auto slots = static_cast<std::size_t>(summary.layout.slots());
  const auto number = static_cast<std::size_t>(distribution.bins.number);
  if (distribution.counts.size() != slots * number)
    throw core::Error(
        fmt::format("{}: {} counts, expected {}", role, distribution.counts.size(), slots * number));
  for (std::size_t slot = 0; slot < slots; ++slot) {
    const std::string where =
        fmt::format("{}: {}", role, slot_name(summary.layout, static_cast<std::int64_t>(slot)));
    double sum = 0;
    for (std::size_t bin = 0; bin < number; ++bin) {
      const double count = distribution.counts[slot * number + bin];
      if (!(count >= 0) || count != std::floor(count))
        throw core::Error(fmt::format("{}: bin {} counts {} values", where, bin, count));
      sum += count;
    }
    if (sum != summary.count[slot])
      throw core::Error(fmt::format("{}: the bins count {} values of {}", where, sum, summary.count[slot]));
  }
}

/// Is the slot one of a cell that has no value in any group?
bool is_of_empty_cell(const Summary& summary, std::size_t slot) {
  const auto cells = static_cast<std::size_t>(summary.layout.cells);
  if (cells == 0) return false;
  for (std::size_t other = slot % cells; other < summary.count.size(); other += cells)
    if (summary.count[other] > 0) return false;
  return true;
}

}  // namespace

std::string slot_name(const Layout& layout, std::int64_t slot, const Wording& wording) {
  constexpr std::array kMonths = {"January", "February", "March",     "April",   "May",      "June",
                                  "July",    "August",   "September", "October", "November", "December"};
  const std::int64_t cells = std::max<std::int64_t>(layout.cells, 1);
  std::string name = "all cells";
  if (layout.cells > 0)
    name = wording.place ? wording.place(slot % cells) : fmt::format("cell {}", slot % cells);
  if (layout.by_month) name += fmt::format(", {}", kMonths.at(static_cast<std::size_t>(slot / cells)));
  return name;
}

std::string value_place(std::size_t cell, std::int64_t seconds, calendar::Calendar calendar) {
  return fmt::format("cell {} at {}", cell,
                     calendar::format_date_time(calendar::from_seconds(seconds, calendar)));
}

std::int64_t first_slot(const Layout& layout, std::size_t cells, std::int64_t seconds,
                        calendar::Calendar calendar) {
  if (layout.cells > 0 && static_cast<std::int64_t>(cells) != layout.cells)
    throw core::Error(fmt::format("the field has {} cells, the statistics have {}", cells, layout.cells));
  if (!layout.by_month) return 0;
  return (calendar::from_seconds(seconds, calendar).month - 1) * std::max<std::int64_t>(layout.cells, 1);
}

void require_finite(double value, std::size_t cell, std::int64_t seconds, calendar::Calendar calendar) {
  if (!std::isfinite(value))
    throw core::Error(
        fmt::format("{}: the value is not finite ({})", value_place(cell, seconds, calendar), value));
}

void require_usable(const Summary& summary, const Wording& wording, MayLack may_lack) {
  const auto slots = static_cast<std::size_t>(summary.layout.slots());
  for (const auto* values : {&summary.count, &summary.mean, &summary.least, &summary.greatest})
    if (values->size() != slots)
      throw core::Error(fmt::format("{}: {} statistics, expected {}", wording.record, values->size(), slots));
  for (std::size_t slot = 0; slot < slots; ++slot) {
    const double count = summary.count[slot];
    if (count == 0 &&
        (may_lack == MayLack::any || (may_lack == MayLack::whole_cells && is_of_empty_cell(summary, slot))))
      continue;
    const std::string where = fmt::format(
        "{}: {}", wording.record, slot_name(summary.layout, static_cast<std::int64_t>(slot), wording));
    if (count == 0) throw core::Error(where + ": no values");
    if (!(count >= static_cast<double>(kFewestValues)))
      throw core::Error(fmt::format("{}: {} values, expected {} or more", where, count, kFewestValues));
    const double least = summary.least[slot], greatest = summary.greatest[slot];
    if (least == greatest) throw core::Error(fmt::format("{}: every value is {}", where, least));
    if (!(least < greatest && std::isfinite(greatest - least) && summary.mean[slot] >= least &&
          summary.mean[slot] <= greatest))
      throw core::Error(fmt::format("{}: impossible statistics: least {}, mean {}, greatest {}", where, least,
                                    summary.mean[slot], greatest));
  }
}

void require_bins(const Bins& bins, const Summary& summary, const std::string& role) {
  if (bins.number < 1 || bins.number > kMostBins)
    throw core::Error(fmt::format("{}: {} bins, expected 1 to {}", role, bins.number, kMostBins));
  const auto slots = static_cast<std::size_t>(summary.layout.slots());
  if (bins.lower.size() != slots || bins.upper.size() != slots)
    throw core::Error(
        fmt::format("{}: bins for {} sets of values, expected {}", role, bins.lower.size(), slots));
  for (std::size_t slot = 0; slot < slots; ++slot) {
    if (summary.count[slot] == 0) continue;
    const double lower = bins.lower[slot], upper = bins.upper[slot];
    const std::string where =
        fmt::format("{}: {}", role, slot_name(summary.layout, static_cast<std::int64_t>(slot)));
    if (!(lower <= summary.least[slot] && upper >= summary.greatest[slot]))
      throw core::Error(fmt::format("{}: bins from {} to {} for values from {} to {}", where, lower, upper,
                                    summary.least[slot], summary.greatest[slot]));
    // Edges closer than a few roundings would coincide.
    const double finest = 4 * std::numeric_limits<double>::epsilon() * std::max(-lower, upper);
    const double width = (upper - lower) / static_cast<double>(bins.number);
    if (!(width > finest) || !std::isfinite(width))
      throw core::Error(fmt::format("{}: the range from {} to {} cannot be cut into {} bins", where, lower,
                                    upper, bins.number));
  }
}

void require_sound(const Distribution& distribution, const std::string& role, MayLack may_lack) {
  require_usable(distribution.summary, {role, {}}, may_lack);
  require_bins(distribution.bins, distribution.summary, role);
  check_counts(distribution, role);
}

void require_not_negative(const Summary& summary, const std::string& role) {
  for (std::size_t slot = 0; slot < summary.least.size(); ++slot)
    if (summary.count[slot] > 0 && summary.least[slot] < 0)
      throw core::Error(fmt::format("{}: {}: a multiplicative correction of negative values (least {})", role,
                                    slot_name(summary.layout, static_cast<std::int64_t>(slot)),
                                    summary.least[slot]));
}

}  // namespace foehn::bias
