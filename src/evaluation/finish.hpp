#pragma once

#include "evaluation/spatial_spectrum.hpp"
#include "evaluation/sums.hpp"
#include "foehn/evaluation/results.hpp"

namespace foehn::evaluation {

/// What sums over hours come to.
struct Finished {
  std::vector<VariableResults> variables;
  JointResults joint;
};

/// @param what  what was compared; its scores are not looked at
Finished finish(const Results& what, const SpatialSpectrum& spectrum, const BlockSums& sums);
/// The same out of sums that were packed.
Finished finish_packed(const Results& what, const SpatialSpectrum& spectrum,
                       const std::vector<double>& packed);

}  // namespace foehn::evaluation
