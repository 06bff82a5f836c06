#include "foehn/training/windows.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>

#include "foehn/core/error.hpp"
#include "foehn/core/philox.hpp"

namespace foehn::training {

namespace {

/// @return  in (0, 1)
double uniform(std::uint32_t word) {
  return (static_cast<double>(word) + 0.5) * 0x1p-32;
}

std::int64_t below(std::int64_t count, std::uint32_t high, std::uint32_t low) {
  const std::uint64_t wide = (std::uint64_t{high} << 32) | low;
  return static_cast<std::int64_t>(wide % static_cast<std::uint64_t>(count));
}

}  // namespace

TrainingWindows::TrainingWindows(const FieldCache& fields, std::int64_t length, std::int64_t starts,
                                 const Augmentation& augmentation, const DrawnWindows* drawn)
    : fields_(fields), length_(length), starts_(starts), augmentation_(augmentation), drawn_(drawn) {
  if (augmentation.daily_cycle == 0) return;
  const at::Tensor day = fields.daily_cycle();
  if (!day.defined()) throw core::Error("train.daily_cycle: the record's climatology has no daily cycle");
  instants_a_day_ = day.size(0);
  daily_cycle_ = day.repeat({(day.size(0) + length - 2) / day.size(0) + 1, 1, 1, 1});
}

TrainingWindow TrainingWindows::draw(std::uint64_t seed, std::uint32_t step, std::uint32_t sample) const {
  const auto words = [&](std::uint32_t part) {
    return core::philox4x32({sample, step, part, kTrainingDraw},
                            {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
  };
  const auto first = words(0), second = words(1), third = words(2), fourth = words(3), fifth = words(4);
  TrainingWindow window;
  window.hour = below(starts_, first[0], first[1]);
  window.noise = uniform(first[2]);
  window.dropout = (std::uint64_t{fourth[0]} << 32) | fourth[1];
  if (uniform(fourth[2]) < augmentation_.drawn) {
    window.drawn = {{seed, sample, kGaussianDraw}, step};
  } else if (uniform(first[3]) < augmentation_.mixing) {
    const std::int64_t day = augmentation_.steps_per_day, time_of_day = window.hour % day;
    const std::int64_t days = (starts_ - 1 - time_of_day) / day + 1;
    window.mixed_in = time_of_day + day * below(days, second[0], second[1]);
    window.angle = 2 * std::numbers::pi * uniform(second[2]);
  }
  // Box & Muller's normal deviates.
  const double radius = std::sqrt(-2 * std::log(uniform(third[0]))),
               direction = 2 * std::numbers::pi * uniform(third[1]);
  window.factor =
      std::exp(augmentation_.amplitude * (radius * std::cos(direction) - augmentation_.amplitude));
  window.daily_cycle = augmentation_.daily_cycle * radius * std::sin(direction);
  window.coarse = {uniform(third[2]), uniform(third[3])};
  window.tile = {uniform(fifth[0]), uniform(fifth[1])};
  return window;
}

at::Tensor TrainingWindows::read(const TrainingWindow& window) const {
  at::Tensor fields = window.drawn ? drawn_->draw(window.hour, window.drawn->key, window.drawn->number)
                                   : fields_.read(window.hour, length_);
  if (window.mixed_in)
    fields =
        fields * std::cos(window.angle) + fields_.read(*window.mixed_in, length_) * std::sin(window.angle);
  fields.mul_(window.factor);
  if (window.daily_cycle != 0)
    fields.add_(daily_cycle_.narrow(0, window.hour % instants_a_day_, length_), window.daily_cycle);
  return fields;
}

}  // namespace foehn::training
