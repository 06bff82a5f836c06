#pragma once

#include <span>

namespace foehn::evaluation {

/// A generalised extreme value distribution, F(x) = exp(-(1 - k (x - location)/scale)^(1/k)); k > 0 has an
/// upper end, k = 0 is Gumbel's distribution.
struct ExtremeValueDistribution {
  double location = 0, scale = 0, shape = 0;  ///< shape: k

  /// The level that is exceeded with this probability. @param probability  above 0, below 1
  double level(double probability) const;
};

/// The distribution with the L-moments of a sample of maxima (Hosking 1990,
/// doi:10.1111/j.2517-6161.1990.tb01775.x); the shape solves t3 = 2 (1 - 3^-k)/(1 - 2^-k) - 3.
/// @param ascending  the sample, three values or more
/// @param weights    how often each counts, whole numbers; three of all or more
/// @return           NaN where it has no more than one value, or no distribution has its third L-moment
ExtremeValueDistribution fit_extreme_values(std::span<const double> ascending,
                                            std::span<const double> weights);

}  // namespace foehn::evaluation
