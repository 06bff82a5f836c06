#pragma once

#include "evaluation/sums.hpp"
#include "foehn/evaluation/results.hpp"
#include "foehn/evaluation/spectrum.hpp"

namespace foehn::evaluation {

/// The scores of every variable out of its sums over hours.
/// @param what  what was compared; its scores are not looked at
std::vector<VariableResults> finish(const Results& what, const RadialSpectrum& spectrum,
                                    const std::vector<VariableSums>& sums);
/// The same out of sums that were packed.
std::vector<VariableResults> finish_packed(const Results& what, const RadialSpectrum& spectrum,
                                           const std::vector<double>& packed);

}  // namespace foehn::evaluation
