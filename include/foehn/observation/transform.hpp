#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace foehn::observation {

/// A rising function that takes a bounded variable, such as precipitation, to one without bounds, which a
/// Gaussian prior or a network can be fitted to; and the way back, which never leaves the bounds.
///
/// - `log:SCALE[:DRY]`: ln(x + SCALE), for x of 0 or more
/// - `power:EXPONENT[:DRY]`: x^EXPONENT, likewise
/// - `logit:LOW:HIGH`: ln((x - LOW + e)/(HIGH - x + e)), e being a thousandth of HIGH - LOW
/// - `none`: x itself
///
/// SCALE, DRY, LOW and HIGH are in the variable's unit. With log and power, values up to DRY (0 if it is left
/// out) are an atom: they are 0. Their transformed value is any that lies below that of DRY, and every such
/// value is 0 on the way back.
class Transform {
 public:
  enum class Form { none, log, power, logit };

  Transform() = default;
  /// @throws core::Error saying what was expected, if the text is none of the above
  static Transform parse(const std::string& text);
  std::string text() const;

  bool is_none() const { return form_ == Form::none; }
  bool has_atom() const { return form_ == Form::log || form_ == Form::power; }
  /// Values up to this one are an atom; only where there is one.
  double dry() const { return dry_; }
  /// The bounds of the variable; infinite where there is none.
  double lowest() const;
  double highest() const;
  /// By so much values may lie beyond a bound, as packed ones do: a thousandth of SCALE, DRY, or HIGH - LOW.
  double tolerance() const;
  /// "0 or more", "0 to 100".
  std::string bounds_text() const;

  /// @param physical  of any shape; values beyond a bound are taken for the bound
  /// @return          float64, the same shape; that of the atom is the value of DRY
  at::Tensor apply(const at::Tensor& physical) const;
  /// The way back, float64, with the atom.
  at::Tensor invert(const at::Tensor& transformed) const;
  /// The same without a step at the atom's edge: values below DRY are kept down to the bound.
  at::Tensor invert_smoothly(const at::Tensor& transformed) const;

  bool operator==(const Transform&) const = default;

 private:
  Form form_ = Form::none;
  double a_ = 0, b_ = 0;  // SCALE; EXPONENT; LOW, HIGH
  double dry_ = 0;
};

/// Of each variable of a prior; empty: none has one.
using Transforms = std::vector<Transform>;

/// @return  whether any is not `none`
bool any(const Transforms& transforms);

/// @param fields  [variable, ...]
/// @return        float64
at::Tensor apply(const Transforms& transforms, const at::Tensor& fields);
/// The way back.
at::Tensor invert(const Transforms& transforms, const at::Tensor& fields);

}  // namespace foehn::observation
