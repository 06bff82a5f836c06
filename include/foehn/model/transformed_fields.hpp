#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "foehn/io/field_reader.hpp"
#include "foehn/observation/transform.hpp"

namespace foehn::model {

/// The transforms of a record's variables, from words such as "pr=log:0.1:0.05".
/// @return  one per variable; empty where there are no words
/// @throws core::UsageError naming data.transforms and the word, if it is none, or a variable that is not
/// there
///         or is given twice
observation::Transforms transforms_of(const std::vector<std::string>& words,
                                      const std::vector<io::Variable>& variables);

/// "pr=log:0.1"
std::string text_of(const observation::Transforms& transforms, const std::vector<io::Variable>& variables);

/// Refuses a record with values beyond the bounds of transforms, which it reads.
/// @param transforms  of the reader's variables; empty: none
/// @param advanced    called with the number of instants read
/// @throws core::Error naming file, variable, time and cell of such a value
void check_bounds(const io::FieldReader& reader, io::IndexRange period,
                  const observation::Transforms& transforms,
                  const std::function<void(std::int64_t)>& advanced);

/// The fields of a record as a prior learns them: transformed, and where a variable is dry, drawn.
///
/// The values of an atom (dry hours) say only that the transformed variable is below a limit. Where in truth
/// it lies is drawn from a Gaussian process that is cut off there: per cell the mean and the deviation that
/// the share of dry hours and the mean of the others imply, correlated from step to step and from row to row
/// and column to column by a factor each (so that the precision of the process is the product of three
/// tridiagonal ones), all of it by Gibbs sampling; the factors are
/// those that dry and wet neighbours imply. So a Gaussian prior
/// sees a field that is Gaussian, as far as the transformed wet values are, and coherent in time and space
/// where it is dry.
/// Source: Chib 1992 (data augmentation of censored values); Casella and George 1992 (Gibbs sampling).
///
/// Reads the record twice where there are atoms, and keeps four bytes of each of their values.
class TransformedFields {
 public:
  /// Nothing is transformed.
  TransformedFields() = default;
  /// @param period      instants of the reader to draw for
  /// @param transforms  of the reader's variables; empty: none
  /// @param advanced    called with the number of instants read: `passes(transforms)` times the period's
  /// @throws core::Error naming file, variable, time and cell of a value beyond the bounds of a transform, or
  /// a
  ///         variable that is always dry
  TransformedFields(const io::FieldReader& reader, io::IndexRange period, observation::Transforms transforms,
                    const std::function<void(std::int64_t)>& advanced);

  /// How often the record is read.
  static std::int64_t passes(const observation::Transforms& transforms);

  const observation::Transforms& transforms() const { return transforms_; }
  /// @param physical  fields of an instant, [variable, y, x]
  /// @param hour      the instant's index in the reader
  /// @return          transformed, float64; the fields themselves where nothing is transformed
  at::Tensor at(const at::Tensor& physical, std::int64_t hour) const;

 private:
  observation::Transforms transforms_;
  std::int64_t first_ = 0;
  std::vector<at::Tensor> drawn_;  // [hour, y, x], float32, of each variable; undefined: nothing is drawn
};

}  // namespace foehn::model
