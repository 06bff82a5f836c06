#include "foehn/tuning/search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "foehn/core/philox.hpp"

namespace foehn::tuning {

namespace {

constexpr double kFirstRadius = 0.25;  // of a range

/// What a random number is for.
enum class Purpose : std::uint32_t { place, order, step };

/// In [0, 1), by what it is for alone.
double uniform(const SearchOptions& options, Purpose purpose, std::int64_t number, std::int64_t which) {
  const auto seed = static_cast<std::uint64_t>(options.seed);
  const auto words =
      core::philox4x32({static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(which),
                        static_cast<std::uint32_t>(purpose), 0},
                       {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
  return static_cast<double>(words[0]) * 0x1p-32;
}

/// A place in a range, 0 to 1, and its value.
double value_at(const Dimension& dimension, double place) {
  const double value =
      dimension.least * std::pow(dimension.most / dimension.least, std::clamp(place, 0.0, 1.0));
  return std::stod(fmt::format("{:.3g}", value));
}
double place_of(const Dimension& dimension, double value) {
  if (dimension.most == dimension.least) return 0.5;
  return std::clamp(std::log(value / dimension.least) / std::log(dimension.most / dimension.least), 0.0, 1.0);
}

/// Which of as many parts of its range as there are random trials a group has in one of them.
std::int64_t part_of(const SearchOptions& options, int group, std::int64_t number) {
  const double own = uniform(options, Purpose::order, number, group);
  std::int64_t before = 0;
  for (std::int64_t other = 0; other < options.random; ++other) {
    const double key = uniform(options, Purpose::order, other, group);
    before += key < own || (key == own && other < number) ? 1 : 0;
  }
  return before;
}

std::vector<double> random_values(const std::vector<Dimension>& dimensions, const SearchOptions& options,
                                  std::int64_t number) {
  std::vector<double> values;
  for (const Dimension& dimension : dimensions) {
    const double within = uniform(options, Purpose::place, number, dimension.group);
    // A later trial, where no random one has succeeded, may lie anywhere.
    const double place = number < options.random
                             ? (static_cast<double>(part_of(options, dimension.group, number)) + within) /
                                   static_cast<double>(options.random)
                             : within;
    values.push_back(value_at(dimension, place));
  }
  return values;
}

/// The trial that was best for one variable; for all, if that is not known.
const Tried& best_for(const Dimension& dimension, std::span<const Tried> trials, const Tried& best) {
  if (!dimension.variable) return best;
  const Tried* found = &best;
  for (const Tried& trial : trials)
    if (trial.losses.size() > *dimension.variable &&
        trial.losses[*dimension.variable] < found->losses[*dimension.variable])
      found = &trial;
  return *found;
}

double radius_at(const SearchOptions& options, std::span<const Tried> before) {
  double radius = kFirstRadius;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < before.size();) {
    const Round round = round_of(static_cast<std::int64_t>(i), options);
    double of_round = std::numeric_limits<double>::infinity();
    for (; i < static_cast<std::size_t>(round.end); ++i) of_round = std::min(of_round, before[i].loss);
    if (round.first >= options.random && !(of_round < least)) radius /= 2;
    least = std::min(least, of_round);
  }
  return radius;
}

std::vector<double> local_values(const std::vector<Dimension>& dimensions, const SearchOptions& options,
                                 std::span<const Tried> before, std::int64_t number) {
  const auto best = best_of(before);
  if (!best) return random_values(dimensions, options, number);
  std::vector<double> centre;
  for (std::size_t i = 0; i < dimensions.size(); ++i)
    centre.push_back(best_for(dimensions[i], before, before[*best]).values[i]);
  const bool is_new =
      std::none_of(before.begin(), before.end(), [&](const Tried& trial) { return trial.values == centre; });
  const std::int64_t place = number - round_of(number, options).first;
  if (is_new && place == 0) return centre;
  const std::int64_t step = is_new ? place - 1 : place;  // pairs, one after another
  const double radius = radius_at(options, before), sign = step % 2 == 0 ? 1 : -1;
  const std::int64_t pair = number - (step % 2);
  std::vector<double> values;
  for (std::size_t i = 0; i < dimensions.size(); ++i) {
    const auto which = static_cast<std::int64_t>(i);
    const double moved = radius * (2 * uniform(options, Purpose::step, pair, which) - 1);
    values.push_back(value_at(dimensions[i], place_of(dimensions[i], centre[i]) + sign * moved));
  }
  return values;
}

}  // namespace

Round round_of(std::int64_t number, const SearchOptions& options) {
  if (number < options.random) return {0, options.random};
  const std::int64_t first = number - (number - options.random) % options.round;
  return {first, first + options.round};
}

std::vector<double> propose(const std::vector<Dimension>& dimensions, const SearchOptions& options,
                            const std::optional<std::vector<double>>& start, std::span<const Tried> before,
                            std::int64_t number) {
  if (number == 0 && start) return *start;
  return number < options.random ? random_values(dimensions, options, number)
                                 : local_values(dimensions, options, before, number);
}

std::optional<std::size_t> best_of(std::span<const Tried> trials) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < trials.size(); ++i)
    if (std::isfinite(trials[i].loss) && (!best || trials[i].loss < trials[*best].loss)) best = i;
  return best;
}

}  // namespace foehn::tuning
