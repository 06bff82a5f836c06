#pragma once

#include <span>
#include <vector>

namespace foehn::evaluation {

/// Fair energy score (Gneiting and Raftery 2007, doi:10.1198/016214506000001437, with the pair term over
/// M (M - 1)) of M members for one vector: mean |x_i - y| - 1/(2 M (M - 1)) sum_ij |x_i - x_j|.
/// @param members  at least two, each as long as the truth
double fair_energy_score(std::span<const double> truth, const std::vector<std::vector<double>>& members);

/// Fair variogram score of order 1/2 (Scheuerer and Hamill 2015, doi:10.1175/MWR-D-14-00269.1, with the term
/// for M members over M (M - 1)): the sum over ordered pairs (k, l) of mean_i (v_i - v_y)^2 - 1/(2 M (M - 1))
/// sum_ij (v_i - v_j)^2 with v = |x_k - x_l|^(1/2).
/// @param members  at least two, each as long as the truth
double fair_variogram_score(std::span<const double> truth, const std::vector<std::vector<double>>& members);

}  // namespace foehn::evaluation
