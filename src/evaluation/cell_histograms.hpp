#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace foehn::evaluation {

/// A histogram for each of many cells, of 128 bins that widen with the values, so that half of them or more
/// lie within the range of the cell's values. Takes 0.5 kB per cell, however many values there are.
class CellHistograms {
 public:
  explicit CellHistograms(std::size_t cells);

  void add(std::size_t cell, double value);
  /// To be called once, after the last value and before the first quantile.
  void finish();
  std::int64_t count(std::size_t cell) const;

  /// The value below which a fraction `level` of a cell's values lies, those of several histograms taken
  /// together; linear within bins; NaN without values.
  static double quantile(std::span<const CellHistograms* const> histograms, std::size_t cell, double level);

 private:
  static constexpr std::size_t kBins = 128;

  /// Where a cell's bins lie: [lower + i width, lower + (i + 1) width); of width 0 while all values are
  /// equal.
  struct Axis {
    double lower = 0, width = 0;
    double upper() const { return lower + static_cast<double>(kBins) * width; }
  };
  std::span<std::uint32_t> bins(std::size_t cell) { return std::span(counts_).subspan(cell * kBins, kBins); }
  std::span<const std::uint32_t> bins(std::size_t cell) const {
    return std::span(counts_).subspan(cell * kBins, kBins);
  }
  void make_room(std::size_t cell, double value);
  double below(std::size_t cell, double value) const;

  std::vector<Axis> axes_;
  std::vector<std::uint32_t> counts_;  ///< [cell, bin]; once finished, of the bin and all below it
};

}  // namespace foehn::evaluation
