#pragma once

#include <optional>
#include <span>
#include <vector>

#include "foehn/core/units.hpp"
#include "foehn/io/variable.hpp"

namespace foehn::evaluation {

/// Which of some variables make the wind speed at 10 m: the speed itself, or two components.
class WindVariables {
 public:
  /// Absent where none do.
  static std::optional<WindVariables> among(const std::vector<io::Variable>& variables);

  bool are_components() const { return places_.size() > 1; }
  /// @param fields  [variable, cell] in the variables' units
  /// @return        m s-1
  double speed(std::span<const double> fields, std::size_t cells, std::size_t cell) const;

 private:
  std::vector<std::size_t> places_;
  std::vector<core::UnitConversion> to_metres_per_second_;
};

}  // namespace foehn::evaluation
