#pragma once

#include "foehn/io/field_reader.hpp"

namespace foehn::io {

/// A variable of CORDEX-CMIP6 that is given at instants.
struct CordexVariable {
  const char* name;
  const char* reanalysis_name;  ///< what ERA5's files call it
  const char* standard_name;
  const char* units;
  double height;  ///< m above the ground; 0: at the surface, or at no height
  const char* long_name;
};

/// The archive's variable that one of a prior is; its winds are geographic, those of a prior need not be.
/// @throws Error naming the variable: the archive lacks it, it is another quantity, or in a unit whose
///         numbers differ
const CordexVariable& cordex_variable(const Variable& variable);

}  // namespace foehn::io
