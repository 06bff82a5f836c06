#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "foehn/calendar/date_time.hpp"
#include "foehn/grid/grid.hpp"
#include "foehn/io/field_reader.hpp"
#include "foehn/model/normalisation.hpp"

namespace foehn::model {

/// Where a prior lives and what its numbers mean: grid, variables, step, and the way between physical and
/// normalised fields.
struct Domain {
  /// The probabilities of the quantiles that a prior states of each variable.
  static constexpr std::array<double, 9> kQuantileLevels{0, .01, .05, .25, .5, .75, .95, .99, 1};

  std::vector<io::Variable> variables;
  grid::Grid grid;
  calendar::Calendar calendar = calendar::Calendar::standard;  ///< of the record behind the prior
  std::int64_t step_seconds = 3600;
  Normalisation normalisation;
  at::Tensor quantiles;  ///< [variable, level], of all cells and instants, physical units, float64

  /// @param physical  one instant, [variable, y, x]
  /// @return          normalised, float64
  at::Tensor normalise(const at::Tensor& physical, std::int64_t seconds, calendar::Calendar of) const {
    return normalisation.normalise(physical, seconds, of);
  }
  /// Inverse of normalise.
  at::Tensor physical(const at::Tensor& normalised, std::int64_t seconds, calendar::Calendar of) const {
    return normalisation.physical(normalised, seconds, of);
  }
  /// The same domain, normalised as observations are (Normalisation::of_observations): itself where no
  /// variable is transformed. A transformed variable has a tenth of its range as the scale.
  Domain of_observations() const;
  /// The domain of the block means: what coarse observations are normalised by.
  Domain block_mean(std::int64_t block) const;
};

/// Writes domain.nc (src/README.md, "Files"), whole or not at all.
void write_domain(const std::filesystem::path& path, const Domain& domain);
/// @throws core::Error naming the file and what is missing or wrong
Domain read_domain(const std::filesystem::path& path);
/// The same from a file's content.
Domain read_domain(const std::filesystem::path& name, std::span<const std::byte> content);

}  // namespace foehn::model
