#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "foehn/calendar/date_time.hpp"

namespace foehn::bias {

/// Fewer values than this say nothing about a distribution.
inline constexpr std::int64_t kFewestValues = 30;
inline constexpr std::int64_t kMostBins = 100'000;

/// Which values share one statistic: those of one cell or of all cells, of one month of the year or of all.
///
/// Such a set of values is a *slot*. Arrays of statistics are [group, cell], flattened: the group is the
/// month less one, or 0; the cell is 0 where cells are pooled.
struct Layout {
  bool by_month = false;
  std::int64_t cells =
      0;  ///< each with statistics of its own; 0: pooled over all cells of a field of any size

  std::int64_t groups() const { return by_month ? 12 : 1; }
  std::int64_t slots() const { return groups() * std::max<std::int64_t>(cells, 1); }
  bool operator==(const Layout&) const = default;
};

/// What one pass over a record says of each slot; [slot], in the variable's unit.
struct Summary {
  Layout layout;
  std::vector<double> count;  ///< values seen, a whole number; where it is 0 the others mean nothing
  std::vector<double> mean;
  std::vector<double> least;
  std::vector<double> greatest;
  bool operator==(const Summary&) const = default;
};

/// How messages call a record and its cells.
struct Wording {
  std::string record;                                   ///< "observations", or the name of a file
  std::function<std::string(std::int64_t cell)> place;  ///< where a cell lies; empty: "cell 12"
};

/// Which slots may be without values.
enum class MayLack {
  nothing,
  whole_cells,  ///< those of cells that are missing all the time, in every month
  any,
};

/// Checks that there are enough values to estimate distributions from.
/// @throws Error naming the first slot with too few values or a single value repeated, or arrays whose length
///         is not that of the layout
void require_usable(const Summary& summary, const Wording& wording, MayLack may_lack);

/// Bins of equal width in each slot; a value on an edge belongs to the bin above, on the last edge to the
/// last.
struct Bins {
  std::int64_t number = 0;
  std::vector<double> lower;  ///< first edge, [slot]
  std::vector<double> upper;  ///< last edge, [slot]

  /// Edge 0 <= index <= number.
  double edge(std::int64_t slot, std::int64_t index) const;
  /// The bin of a value within [lower, upper].
  std::int64_t bin_of(std::int64_t slot, double value) const;
  bool operator==(const Bins&) const = default;
};

/// Bins over [min(observed, simulated), max(observed, simulated)], as python-cmethods lays them; over the
/// observations' range in cells where the simulation never has a value.
/// @param number  bins, 1 to kMostBins ("n_quantiles" of python-cmethods)
/// @throws Error naming cell and month that have no value, fewer than kFewestValues, or a single value
///         repeated; or if the layouts differ
Bins common_bins(const Summary& observed, const Summary& simulated, std::int64_t number);

/// Bins over a scenario's own range. Months and cells that a scenario lacks may be empty.
/// @throws Error as common_bins
Bins scenario_bins(const Summary& scenario, std::int64_t number);

/// The histogram of every slot.
struct Distribution {
  Summary summary;
  Bins bins;
  std::vector<double> counts;  ///< values in each bin, whole numbers, [slot, bin]
  bool operator==(const Distribution&) const = default;
};

/// First pass over a record: range and mean, instant by instant, in memory that does not grow with the
/// record. A pass that has thrown must not be used again.
class SummaryPass {
 public:
  SummaryPass(const Layout& layout, calendar::Calendar calendar);
  /// @param field    one instant, [cell], in the variable's unit; NaN is missing, and not counted
  /// @param seconds  since 1970-01-01 of the calendar
  /// @throws Error for a field of another size, or naming cell and time of a value that is infinite
  void add(std::span<const float> field, std::int64_t seconds);
  void add(std::span<const double> field, std::int64_t seconds);
  Summary summary() const;

 private:
  template <class Value>
  void add_field(std::span<const Value> field, std::int64_t seconds);

  calendar::Calendar calendar_;
  Summary sums_;  // sums where the means will be
};

/// Second pass over the same record: counts.
class HistogramPass {
 public:
  /// @param summary  of the first pass
  /// @throws Error if the bins are not those of the summary's slots
  HistogramPass(Summary summary, Bins bins, calendar::Calendar calendar);
  /// As SummaryPass::add.
  /// @throws Error as there, and for a value outside the range of the first pass
  void add(std::span<const float> field, std::int64_t seconds);
  void add(std::span<const double> field, std::int64_t seconds);
  /// @throws Error if the second pass saw fewer or more values than the first
  Distribution distribution() const;

 private:
  template <class Value>
  void add_field(std::span<const Value> field, std::int64_t seconds);

  calendar::Calendar calendar_;
  Distribution distribution_;
};

}  // namespace foehn::bias
