#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "foehn/grid/grid.hpp"
#include "foehn/model/clock.hpp"
#include "foehn/model/coarse_cells.hpp"
#include "foehn/model/normalisation.hpp"

namespace foehn::model {

/// Which coarse fields a prior of kind conditional-residual has learnt to be given: snapshots of means over
/// square blocks of cells, or over the cells of a reduced Gaussian grid.
struct CoarseForm {
  std::vector<std::int64_t>
      blocks;  ///< cells per side of a block, rising; 1 where means are over cells of a grid
  std::vector<std::int64_t> every;  ///< hours from one snapshot to the next, rising
  /// The root mean square of each variable's fields, in normalised units, by which a network sees coarse ones
  /// divided.
  std::vector<double> scale;
  /// Points of each row of the reduced Gaussian grid; empty: means are over blocks.
  std::vector<std::int64_t> row_sizes{};

  bool is_of_cells() const { return !row_sizes.empty(); }
  std::int64_t largest_block() const { return blocks.back(); }
  std::int64_t longest_gap() const { return every.back(); }
  bool operator==(const CoarseForm&) const = default;
};

/// @throws core::Error naming a list that is empty, does not rise or does not fit the grid or the variables
void check_form(const CoarseForm& form, const grid::Grid& grid, std::size_t variables);

/// The cells of a form's grid over those of a domain; null where means are over blocks.
/// @throws Error as CoarseCells
std::shared_ptr<const CoarseCells> make_coarse_cells(const CoarseForm& form, const grid::Grid& grid);

/// Snapshots of all variables' means over blocks, or over the cells of a coarse grid.
struct CoarseSnapshots {
  std::int64_t block = 1;           ///< cells per side
  std::vector<std::int64_t> hours;  ///< of each, rising
  /// [snapshot, variable, Y, X], in units of the domain's scale: means of fields times deviation.
  at::Tensor values;
  std::shared_ptr<const CoarseCells> cells{};  ///< null: means over blocks; else block is 1, and Y too
};

/// Fields as snapshots have them.
/// @param fields  [..., y, x]
/// @param cells   as in CoarseSnapshots
/// @return        [..., Y, X]
at::Tensor coarse_means(const at::Tensor& fields, std::int64_t block, const CoarseCells* cells);

/// Snapshots of the variables that a prior transforms. What such a prior is given is the transform of a mean,
/// which a coarse file can say, and not the mean of transformed fields, which it cannot: (T(mean) - mean of
/// the offset)/scale.
class TransformedSnapshots {
 public:
  /// Of a normalisation that transforms nothing, this changes nothing.
  /// @param normalisation  of the domain, in mode anomaly
  /// @param clock          of the trajectory, or of the record
  TransformedSnapshots(Normalisation normalisation, const Clock& clock);

  /// Replaces the means of transformed variables that come from fields.
  /// @param fields  normalised, of an hour, [variable, y, x]
  /// @param means   of fields times deviation, [variable, Y, X]
  void replace_means(const at::Tensor& fields, std::int64_t hour, std::int64_t block,
                     at::Tensor& means) const;
  /// Replaces the observed values of transformed variables.
  /// @param snapshots  means over blocks
  /// @param scale      by which observed values are divided, [variable], float64 (Domain::of_observations)
  void replace_observed(const at::Tensor& scale, CoarseSnapshots& snapshots) const;

 private:
  /// @param means  physical, [Y, X]
  at::Tensor value_of(std::int64_t variable, const at::Tensor& means, const at::Tensor& offset,
                      std::int64_t block) const;
  at::Tensor offset_at(std::int64_t hour) const;

  Normalisation normalisation_;
  Clock clock_;
  std::vector<std::int64_t> variables_;  // those that are transformed
};

/// Coarse fields at consecutive hours, on the cells of the domain.
struct CoarseFields {
  std::int64_t first_hour = 0;
  at::Tensor fields;  ///< [hour, variable, y, x], normalised, float32
  at::Tensor gaps;    ///< [hour, 2]: hours since the last snapshot and until the next, both 0 at one; float32
  std::int64_t block = 1;

  std::int64_t hours() const { return fields.size(0); }
};

/// What fields of an hour are normalised by, beside the scale: [variable, y, x]. None: 1.
using DeviationOfHour = std::function<at::Tensor(std::int64_t hour)>;

/// That of a normalisation, at the hours of a trajectory or of a record.
DeviationOfHour deviation_of_hours(const Normalisation& normalisation, const Clock& clock);

/// Brings snapshots to all hours and cells: linearly in time, bilinearly between the centres of blocks and on
/// along the same lines beyond the outermost, then divided by the deviation. The values at the centres are
/// those that conserve the snapshots: at their hours, means over blocks of the result times the deviation are
/// theirs. Fields that are linear in space come back as they are. Means over the cells of a coarse grid are
/// taken for the values at their centres instead, and interpolated on triangles, which conserves them only
/// nearly. Training makes what a network learns from by this, and sampling what it is given.
///
/// One rounding per operation: an hour's bits depend on no other hour.
/// @throws core::Error naming the first hour that has no snapshot at or before it, or at or after it
CoarseFields interpolate(const CoarseSnapshots& snapshots, std::int64_t first_hour, std::int64_t hours,
                         const DeviationOfHour& deviation);

/// The values at the centres of blocks from which to_cells makes fields of these means.
/// @param means  [snapshot, variable, Y, X]
/// @return       the same shape and type
at::Tensor to_centres(const at::Tensor& means, std::int64_t block);

/// Bilinear interpolation between the centres of blocks, linear beyond the outermost.
/// @param centres  [..., Y, X]
/// @return         [..., y, x]
at::Tensor to_cells(const at::Tensor& centres, std::int64_t block);

}  // namespace foehn::model
