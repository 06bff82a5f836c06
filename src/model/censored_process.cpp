#include "censored_process.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <span>
#include <vector>

namespace foehn::model {

namespace {

constexpr double kLent = 24;          // hours that a cell borrows of all cells together
constexpr double kLeastShare = 1e-4;  // of dry or wet hours
constexpr std::uint32_t kGibbsRounds = 20;
constexpr std::array<std::int64_t, 4> kReaches{2, 4, 8, 16};  // of bumps: places on either side
constexpr std::uint32_t kParts = 8;                           // of the lattice, or of the bumps of one reach
constexpr auto kDraws = static_cast<std::uint32_t>(kParts * (kReaches.size() + 1));  // in a round
constexpr double kStrongest = 0.999;                                                 // correlation
constexpr double kLeastProbability = 1e-300;

/// Which elements of a dimension: from the first on, in steps.
struct LatticePlaces {
  std::int64_t first = 0, step = 1;
  at::Tensor of(const at::Tensor& tensor, std::int64_t dimension) const {
    return tensor.slice(dimension, first, tensor.size(dimension), step);
  }
};

/// By dimensions, of part 0 to 7.
std::array<std::int64_t, 3> parities(std::int64_t part) {
  return {part & 1, (part >> 1) & 1, part >> 2};
}

/// The precision of a process of first order (AR(1)) of unit variance: some of its diagonal.
at::Tensor diagonal(std::int64_t size, const LatticePlaces& places, double correlation) {
  const double r2 = correlation * correlation;
  at::Tensor all = at::full({size}, 1 + r2, at::kDouble);
  all[0] = 1;
  all[size - 1] = 1;
  return size == 1 ? all : places.of(all, 0) / (1 - r2);
}

/// The product of that precision along a dimension: some of its rows.
at::Tensor product(const at::Tensor& z, std::int64_t dimension, const LatticePlaces& places,
                   double correlation) {
  const std::int64_t size = z.size(dimension);
  if (size == 1) return z;
  std::vector<std::int64_t> padding(6, 0), shape(3, 1);
  padding[static_cast<std::size_t>(2 * (2 - dimension))] = 1;
  padding[static_cast<std::size_t>(2 * (2 - dimension) + 1)] = 1;
  const at::Tensor padded = at::constant_pad_nd(z, padding, 0);
  shape[static_cast<std::size_t>(dimension)] = -1;
  const at::Tensor neighbours = padded.slice(dimension, places.first, size, places.step) +
                                padded.slice(dimension, places.first + 2, size + 2, places.step);
  return places.of(z, dimension) * diagonal(size, places, correlation).reshape(shape) -
         neighbours * (correlation / (1 - correlation * correlation));
}

at::Tensor whole_product(at::Tensor z, const std::array<double, 3>& correlation) {
  for (std::int64_t d = 0; d < 3; ++d) z = product(z, d, {}, correlation[static_cast<std::size_t>(d)]);
  return z;
}

at::Tensor normal_like(const at::Tensor& tensor, const core::NoiseKey& key, std::uint32_t hour) {
  at::Tensor normal = at::empty(tensor.sizes(), at::kDouble);
  core::fill_normal<double>(key, hour, {normal.data_ptr<double>(), static_cast<std::size_t>(normal.numel())});
  return normal;
}

/// The probability of a standard normal value below x, to a small relative error where it is tiny, which
/// at::special_ndtr rounds to 0.
at::Tensor probability_below(const at::Tensor& x) {
  return at::erfc(x * (-1 / std::numbers::sqrt2)) / 2;
}

/// Of a normal distribution that is cut off above a limit. @param normal  a standard normal value
at::Tensor draw_below(const at::Tensor& limit, const at::Tensor& mean, const at::Tensor& deviation,
                      const at::Tensor& normal) {
  const at::Tensor below = probability_below((limit - mean) / deviation).clamp_min(kLeastProbability);
  return at::minimum(mean + deviation * at::special_ndtri(probability_below(normal) * below), limit);
}

/// Draws once anew all that is dry, a part of the lattice without neighbours at a time.
/// @param z      [hour, y, x], of unit variance; changed
/// @param limit  below which dry values are, [y, x]
void sweep(at::Tensor& z, const at::Tensor& is_dry, const at::Tensor& limit,
           const std::array<double, 3>& correlation, core::NoiseKey key, std::uint32_t hour) {
  for (std::int64_t part = 0; part < kParts; ++part, ++key.draw) {
    const std::array<std::int64_t, 3> parity = parities(part);
    at::Tensor here = z, dry_here = is_dry, row = z, precision = at::ones({1, 1, 1}, at::kDouble);
    at::Tensor limit_here = limit.unsqueeze(0);
    if (parity[0] >= z.size(0) || parity[1] >= z.size(1) || parity[2] >= z.size(2)) continue;
    for (std::int64_t d = 0; d < 3; ++d) {
      const auto at_d = static_cast<std::size_t>(d);
      const LatticePlaces places{parity[at_d], 2};
      std::vector<std::int64_t> shape(3, 1);
      shape[at_d] = -1;
      precision = precision * diagonal(z.size(d), places, correlation[at_d]).reshape(shape);
      row = product(row, d, places, correlation[at_d]);
      here = places.of(here, d);
      dry_here = places.of(dry_here, d);
      if (d > 0) limit_here = places.of(limit_here, d);
    }
    const at::Tensor drawn =
        draw_below(limit_here, here - row / precision, precision.rsqrt(), normal_like(here, key, hour));
    here.copy_(at::where(dry_here, drawn, here));
  }
}

/// Steps to the nearest wet place, at most `most`. @param is_dry  bool, [hour, y, x]
at::Tensor steps_to_wet(const at::Tensor& is_dry, std::int64_t most) {
  at::Tensor farther = is_dry, steps = at::zeros(is_dry.sizes(), at::kDouble);
  for (std::int64_t i = 0; i < most; ++i) {
    steps.add_(farther);
    at::Tensor next = farther.clone();
    for (std::int64_t d = 0; d < 3; ++d) {
      const std::int64_t others = is_dry.size(d) - 1;
      next.narrow(d, 0, others).logical_and_(farther.narrow(d, 1, others));
      next.narrow(d, 1, others).logical_and_(farther.narrow(d, 0, others));
    }
    farther = next;
  }
  return steps;
}

/// Smooth functions on the lattice that are 0 where it is wet. They rise towards their middle linearly along
/// each dimension, and with the square root of the steps to the nearest wet place, as a process does that
/// must stay below its limit. None touches another, so that each may be added to a draw by itself.
class Bumps {
 public:
  /// @param steps  from steps_to_wet
  /// @param part   0 to 7: bumps of other parts have their middles where these end
  Bumps(const at::Tensor& steps, std::int64_t reach, std::int64_t part)
      : shape_(steps.sizes().vec()), height_(steps.clamp_max(static_cast<double>(reach)).sqrt()) {
    for (std::size_t d = 0; d < 3; ++d) {
      reach_[d] = std::min(reach, (shape_[d] + 1) / 2);
      lead_[d] = parities(part)[d] == 0 ? reach_[d] : 0;
      const at::Tensor place = (at::arange(shape_[d], at::kDouble) + lead_[d]).remainder(2 * reach_[d]);
      std::vector<std::int64_t> shape(3, 1);
      shape[d] = -1;
      const auto reach_here = static_cast<double>(reach_[d]);
      height_ = height_ * (1 - (place - reach_here).abs() / reach_here).reshape(shape);
    }
  }

  const at::Tensor& height() const { return height_; }
  /// What `reduce(values, dimension)` makes of all places of a bump.
  /// @param outside  value beyond the lattice's edges
  template <class Reduce>
  at::Tensor of_each(at::Tensor values, double outside, Reduce&& reduce) const {
    for (std::size_t d = 0; d < 3; ++d) {
      const std::int64_t width = 2 * reach_[d], count = bumps(d);
      std::vector<std::int64_t> padding(6, 0), shape = values.sizes().vec();
      padding[2 * (2 - d)] = lead_[d];
      padding[2 * (2 - d) + 1] = count * width - lead_[d] - shape_[d];
      shape[d] = count;
      shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(d) + 1, width);
      values = reduce(at::constant_pad_nd(values, padding, outside).reshape(shape),
                      static_cast<std::int64_t>(d) + 1);
    }
    return values;
  }
  /// The bumps, each times a factor.
  at::Tensor times(at::Tensor factors) const {
    for (std::size_t d = 0; d < 3; ++d)
      factors = factors.repeat_interleave(2 * reach_[d], static_cast<std::int64_t>(d))
                    .narrow(static_cast<std::int64_t>(d), lead_[d], shape_[d]);
    return height_ * factors;
  }

 private:
  std::int64_t bumps(std::size_t d) const {
    return (lead_[d] + shape_[d] + 2 * reach_[d] - 1) / (2 * reach_[d]);
  }

  std::vector<std::int64_t> shape_;
  at::Tensor height_;
  std::array<std::int64_t, 3> reach_{}, lead_{};  // of a bump; of the first one's places before the lattice
};

at::Tensor sum_over(const at::Tensor& values, std::int64_t dimension) {
  return values.sum(dimension);
}

at::Tensor least_over(const at::Tensor& values, std::int64_t dimension) {
  return values.amin(dimension);
}

/// Draws once anew how much of each bump there is, given all else. Wet places stay, and dry ones below the
/// limit. Single places move a smooth process by little at a time; this moves its large scales.
/// @param precision  of how much there is of each
void shift(at::Tensor& z, const Bumps& bumps, const at::Tensor& precision, const at::Tensor& limit,
           const std::array<double, 3>& correlation, const core::NoiseKey& key, std::uint32_t hour) {
  const at::Tensor& height = bumps.height();
  const double infinity = std::numeric_limits<double>::infinity();
  const at::Tensor slope = bumps.of_each(height * whole_product(z, correlation), 0, sum_over);
  const at::Tensor room = bumps.of_each(
      ((limit.unsqueeze(0) - z) / height).masked_fill(height.eq(0), infinity), infinity, least_over);
  const at::Tensor is_none = precision.le(0);
  const at::Tensor safe = precision.masked_fill(is_none, 1);
  const at::Tensor drawn = draw_below(room, -slope / safe, safe.rsqrt(), normal_like(precision, key, hour));
  z.add_(bumps.times(drawn.masked_fill(is_none, 0)));
}

/// Where the draws of dry places begin: at a process that knows nothing of wet ones, as rough as it is to be
/// everywhere, and squeezed below the limit so that each place is distributed as it should be by itself.
at::Tensor first_draw(const at::Tensor& like, const at::Tensor& limit,
                      const std::array<double, 3>& correlation, const core::NoiseKey& key,
                      std::uint32_t hour) {
  at::Tensor z = normal_like(like, key, hour);
  for (std::int64_t d = 0; d < 3; ++d) {
    const double r = correlation[static_cast<std::size_t>(d)];
    for (std::int64_t i = 1; i < z.size(d); ++i)
      z.select(d, i).mul_(std::sqrt(1 - r * r)).add_(z.select(d, i - 1), r);
  }
  return at::special_ndtri((probability_below(z) * probability_below(limit)).clamp_min(kLeastProbability));
}

/// From one place to the next along a dimension: the correlation of two standard normal values that are both
/// above a limit as often as neighbours are both wet (tetrachoric). By Plackett's identity the probability of
/// that rises with the correlation r by exp(-a^2/(1 + r)) / (2 pi sqrt(1 - r^2)), a being the limit.
double correlation_along(const at::Tensor& is_wet, std::int64_t dimension) {
  const std::int64_t size = is_wet.size(dimension);
  if (size == 1) return 0;
  const at::Tensor before = is_wet.narrow(dimension, 0, size - 1),
                   after = is_wet.narrow(dimension, 1, size - 1);
  const auto share_of = [](const at::Tensor& is) { return is.to(at::kDouble).mean().item<double>(); };
  const double share = (share_of(before) + share_of(after)) / 2, both = share_of(before.logical_and(after));
  if (share <= 0 || share >= 1) return 0;
  const double a = at::special_ndtri(at::scalar_tensor(1 - share, at::kDouble)).item<double>();
  constexpr double kStep = 1e-4;
  double r = 0;
  for (double probability = share * share; probability < both && r < kStrongest; r += kStep) {
    const double middle = r + kStep / 2;
    probability +=
        kStep * std::exp(-a * a / (1 + middle)) / (2 * std::numbers::pi * std::sqrt(1 - middle * middle));
  }
  return std::min(r, kStrongest);
}

}  // namespace

CensoredMargins::CensoredMargins(const std::vector<std::int64_t>& shape)
    : wet_(at::zeros(shape, at::kDouble)), sum_(at::zeros(shape, at::kDouble)) {}

void CensoredMargins::add(const at::Tensor& values, const at::Tensor& is_dry) {
  hours_ += static_cast<double>(values.size(0));
  wet_.add_(is_dry.logical_not().sum(0));
  sum_.add_(values.masked_fill(is_dry, 0).sum(0));
}

bool CensoredMargins::any_dry() const {
  return wet_.sum().item<double>() < hours_ * static_cast<double>(wet_.numel());
}

bool CensoredMargins::any_wet() const {
  return wet_.sum().item<double>() > 0;
}

CensoredNormal CensoredMargins::estimate(double limit) const {
  const at::Tensor all_wet = wet_.mean() / hours_, all_mean = sum_.sum() / wet_.sum();
  const at::Tensor wet = wet_ + kLent * all_wet;
  const at::Tensor share = (1 - wet / (hours_ + kLent)).clamp(kLeastShare, 1 - kLeastShare);
  const at::Tensor mean_of_wet = (sum_ + kLent * all_wet * all_mean) / wet;
  const at::Tensor a = at::special_ndtri(share);
  const at::Tensor hazard =
      (-0.5 * a.square()).exp() / std::sqrt(2 * std::numbers::pi) / (1 - share);  // phi(a)/(1 - share)
  const at::Tensor deviation = (mean_of_wet - limit) / (hazard - a);
  return {limit - a * deviation, deviation};
}

std::array<double, 3> correlation_of(const at::Tensor& is_dry) {
  const at::Tensor is_wet = is_dry.logical_not();
  return {correlation_along(is_wet, 0), correlation_along(is_wet, 1), correlation_along(is_wet, 2)};
}

at::Tensor draw_censored(const at::Tensor& values, const at::Tensor& is_dry, const CensoredNormal& margins,
                         double limit, const std::array<std::uint64_t, 2>& key) {
  const at::Tensor limits = (limit - margins.mean) / margins.deviation;
  const std::array<double, 3> correlation = correlation_of(is_dry);
  at::Tensor z = (values - margins.mean) / margins.deviation;
  const at::Tensor steps = steps_to_wet(is_dry, kReaches.back());
  const auto hour = static_cast<std::uint32_t>(key[1]);
  core::NoiseKey noise{.seed = 0x64727921, .member = static_cast<std::uint32_t>(key[0]), .draw = 0};
  z = at::where(is_dry, first_draw(z, limits, correlation, noise, hour), z);
  std::vector<at::Tensor> precisions;  // of the bumps of each reach and part
  for (std::uint32_t round = 1; round < kGibbsRounds; ++round) {
    noise.draw = kDraws * round;
    for (std::size_t i = 0; i < kReaches.size() * kParts; ++i, ++noise.draw) {
      const Bumps bumps(steps, kReaches[i / kParts], static_cast<std::int64_t>(i % kParts));
      const at::Tensor& height = bumps.height();
      if (round == 1)
        precisions.push_back(bumps.of_each(height * whole_product(height, correlation), 0, sum_over));
      shift(z, bumps, precisions[i], limits, correlation, noise, hour);
    }
    sweep(z, is_dry, limits, correlation, noise, hour);
  }
  return z * margins.deviation + margins.mean;
}

}  // namespace foehn::model
