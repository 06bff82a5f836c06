#include "foehn/observation/transform.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "foehn/core/error.hpp"
#include "foehn/core/text.hpp"

namespace foehn::observation {

namespace {

constexpr double kMostOfVariable = 1e8;  // no number in a CF unit is larger
constexpr double kPart = 1e-3;           // of a scale or a range, that is as good as none

/// How far below 0 a packed 0 may come to lie when it is unpacked.
constexpr double kPackedZero = 1e-12;

std::optional<double> number_of(const std::string& word) {
  double number = 0;
  const char* end = word.data() + word.size();
  const auto read = std::from_chars(word.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end || !(std::abs(number) <= kMostOfVariable)) return {};
  return number;
}

}  // namespace

Transform Transform::parse(const std::string& text) {
  const auto refuse = [&](const std::string& expected) {
    throw core::Error(fmt::format("expected {}, found '{}'", expected, text));
  };
  const std::vector<std::string> words = core::split(text, ":");
  std::vector<double> numbers;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::optional<double> number = number_of(words[i]);
    if (!number) refuse("numbers between colons, such as log:0.1 or logit:0:100");
    numbers.push_back(*number);
  }
  Transform transform;
  const std::size_t count = numbers.size();
  if (words[0] == "none") {
    if (count != 0) refuse("none");
    return transform;
  }
  if (words[0] == "logit") {
    if (count != 2 || !(numbers[0] < numbers[1])) refuse("logit:LOW:HIGH, LOW below HIGH");
    transform.form_ = Form::logit;
    transform.a_ = numbers[0];
    transform.b_ = numbers[1];
    return transform;
  }
  if (words[0] == "log") {
    transform.form_ = Form::log;
    if (count < 1 || count > 2 || !(numbers[0] > 0)) refuse("log:SCALE or log:SCALE:DRY, SCALE above 0");
  } else if (words[0] == "power") {
    transform.form_ = Form::power;
    if (count < 1 || count > 2 || !(numbers[0] > 0 && numbers[0] < 1))
      refuse("power:EXPONENT or power:EXPONENT:DRY, EXPONENT above 0 and below 1");
  } else {
    refuse("log:SCALE[:DRY], power:EXPONENT[:DRY], logit:LOW:HIGH or none");
  }
  transform.a_ = numbers[0];
  if (count == 2) transform.dry_ = numbers[1];
  if (transform.dry_ < 0) refuse("DRY of 0 or more");
  return transform;
}

std::string Transform::text() const {
  const std::string dry = dry_ > 0 ? fmt::format(":{}", dry_) : "";
  if (form_ == Form::log) return fmt::format("log:{}{}", a_, dry);
  if (form_ == Form::power) return fmt::format("power:{}{}", a_, dry);
  if (form_ == Form::logit) return fmt::format("logit:{}:{}", a_, b_);
  return "none";
}

double Transform::lowest() const {
  if (is_none()) return -std::numeric_limits<double>::infinity();
  return form_ == Form::logit ? a_ : 0;
}

double Transform::highest() const {
  return form_ == Form::logit ? b_ : std::numeric_limits<double>::infinity();
}

std::string Transform::bounds_text() const {
  return form_ == Form::logit ? fmt::format("{:.6g} to {:.6g}", a_, b_) : "0 or more";
}

double Transform::tolerance() const {
  if (form_ == Form::logit) return kPart * (b_ - a_);
  return std::max(kPart * (form_ == Form::log ? std::max(a_, dry_) : dry_), kPackedZero);
}

at::Tensor Transform::apply(const at::Tensor& physical) const {
  const at::Tensor x = physical.to(at::kDouble);
  if (is_none()) return x;
  if (form_ == Form::logit) {
    const double e = kPart * (b_ - a_);
    const at::Tensor within = x.clamp(a_, b_);
    return ((within - (a_ - e)) / (b_ + e - within)).log();
  }
  const at::Tensor wet = x.clamp_min(dry_);
  // exp and log alone, whose bits do not depend on where a value lies in memory; pow's do.
  return form_ == Form::log ? (wet + a_).log() : (wet.log() * a_).exp();
}

at::Tensor Transform::invert_smoothly(const at::Tensor& transformed) const {
  const at::Tensor z = transformed.to(at::kDouble);
  if (form_ == Form::none) return z;
  if (form_ == Form::log) return (z.exp() - a_).clamp_min(0);
  if (form_ == Form::power) return (z.clamp_min(0).log() / a_).exp();
  const double e = kPart * (b_ - a_);
  return (a_ - e + (b_ - a_ + 2 * e) / ((-z).exp() + 1)).clamp(a_, b_);
}

at::Tensor Transform::invert(const at::Tensor& transformed) const {
  const at::Tensor x = invert_smoothly(transformed);
  return has_atom() && dry_ > 0 ? x.masked_fill(x <= dry_, 0) : x;
}

bool any(const Transforms& transforms) {
  for (const Transform& transform : transforms)
    if (!transform.is_none()) return true;
  return false;
}

namespace {

template <class Map>
at::Tensor each(const Transforms& transforms, const at::Tensor& fields, Map&& map) {
  at::Tensor mapped = fields.to(at::kDouble, /*non_blocking=*/false, /*copy=*/true);
  for (std::size_t i = 0; i < transforms.size(); ++i) {
    if (transforms[i].is_none()) continue;
    at::Tensor field = mapped.select(0, static_cast<std::int64_t>(i));
    field.copy_(map(transforms[i], field));
  }
  return mapped;
}

}  // namespace

at::Tensor apply(const Transforms& transforms, const at::Tensor& fields) {
  return each(transforms, fields,
              [](const Transform& one, const at::Tensor& field) { return one.apply(field); });
}

at::Tensor invert(const Transforms& transforms, const at::Tensor& fields) {
  return each(transforms, fields,
              [](const Transform& one, const at::Tensor& field) { return one.invert(field); });
}

}  // namespace foehn::observation
