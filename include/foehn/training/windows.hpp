#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "foehn/core/philox.hpp"
#include "foehn/training/drawn_windows.hpp"
#include "foehn/training/field_cache.hpp"

namespace foehn::training {

/// A word of the counters that windows and their noise are drawn by, so that these have nothing in common
/// with the noise of held-out windows or of an ensemble of the same seed.
inline constexpr std::uint32_t kTrainingDraw = 0x74726169;
/// Likewise, of windows that are drawn from a Gaussian prior.
inline constexpr std::uint32_t kGaussianDraw = 0x67617573;

/// How windows of anomalies are changed, so that a short record teaches more.
struct Augmentation {
  /// Fraction of the windows that are sums of two, cos(a) x + sin(a) y with a random angle, that begin at the
  /// same hour of the day: of anomalies with mean 0 such a sum has their covariance.
  double mixing = 0;
  /// Standard deviation of the logarithm of a random factor on every window, whose mean square is 1, so that
  /// the network knows calmer and stormier weather than the record's.
  double amplitude = 0;
  /// Standard deviation of a random multiple of the climatology's daily cycle, added to every window, so that
  /// the network knows clearer and cloudier days than the record's.
  double daily_cycle = 0;
  std::int64_t steps_per_day = 1;  ///< of the record
  /// Fraction of the windows that are drawn from the Gaussian prior fitted to the record instead: there is no
  /// end of them, and hours left out have said how large they are.
  double drawn = 0;
};

/// Which of the coarse fields that a network may be given it is given, as numbers in [0, 1).
struct CoarseChoice {
  double kind = 0;   ///< of block and hours between snapshots, among all kinds
  double phase = 0;  ///< of the window's first hour between two snapshots
};

/// Which part of the domain is looked at, as numbers in [0, 1) of all where it may begin.
struct TileChoice {
  double row = 0, column = 0;
};

/// The key of a window drawn from a Gaussian prior.
struct WindowDraw {
  core::NoiseKey key;
  std::uint32_t number = 0;
};

/// A window to train or to score on; by default as the record has it.
struct TrainingWindow {
  std::int64_t hour = 0;                      ///< its first
  std::optional<WindowDraw> drawn = {};       ///< from a Gaussian prior, not read
  std::optional<std::int64_t> mixed_in = {};  ///< the first of another
  double angle = 0;                           ///< at which they are mixed
  double factor = 1;
  double daily_cycle = 0;     ///< what multiple of it is added
  double noise = 0;           ///< what part of the distribution of noise levels lies below its own
  CoarseChoice coarse = {};   ///< for networks that are given coarse fields
  std::uint64_t dropout = 0;  ///< what is dropped, if anything
  TileChoice tile = {};       ///< for networks that see tiles
};

/// Draws windows from the hours of a record that are trained on.
class TrainingWindows {
 public:
  /// @param fields  normalised; outlives this
  /// @param length  hours of a window
  /// @param starts  windows begin at hours 0 to starts - 1
  /// @param drawn   windows of that length, where the augmentation asks for some; outlives this
  /// @throws core::Error if there is no daily cycle to add
  TrainingWindows(const FieldCache& fields, std::int64_t length, std::int64_t starts,
                  const Augmentation& augmentation, const DrawnWindows* drawn = nullptr);

  /// The window of a sample of a step, with noise ~ U(0, 1): depends on these and the seed alone.
  TrainingWindow draw(std::uint64_t seed, std::uint32_t step, std::uint32_t sample) const;
  /// @return  [hour, variable, y, x], float32
  /// @throws core::Error as FieldCache::read
  at::Tensor read(const TrainingWindow& window) const;

 private:
  const FieldCache& fields_;
  std::int64_t length_, starts_;
  Augmentation augmentation_;
  const DrawnWindows* drawn_;
  at::Tensor daily_cycle_;  // [hour, variable, y, x], of the hours of any window from that of the day on
  std::int64_t instants_a_day_ = 1;
};

}  // namespace foehn::training
