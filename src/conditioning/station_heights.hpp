#pragma once

#include <vector>

#include "foehn/conditioning/point_set.hpp"
#include "foehn/io/point_data.hpp"
#include "foehn/io/variable.hpp"

namespace foehn::conditioning {

/// Whether values of a variable fall with height as temperatures do.
bool falls_with_height(const io::Variable& variable);

/// What brings temperatures of stations to the heights of the cells that they are compared with.
class HeightCorrection {
 public:
  /// @param heights     of the domain's cells, outliving this; empty: not known
  /// @param lapse_rate  K km-1
  HeightCorrection(const io::PointData& data, const io::Variable& variable,
                   const std::vector<double>& heights, double lapse_rate);

  /// What is added to a value, in the variable's unit: lapse rate times (station's height - cells'); 0 where
  /// one of the two is not known.
  double of(const io::Place& place, const Footprint& footprint) const;
  /// Says what is corrected, and what cannot be.
  /// @param footprints  of the data's places; empty ones are not used
  void log(const std::vector<Footprint>& footprints) const;

 private:
  const io::PointData& data_;
  const io::Variable& variable_;
  const std::vector<double>& heights_;
  double lapse_rate_;  // in the variable's unit per m; 0: nothing is corrected
};

}  // namespace foehn::conditioning
