#pragma once

namespace foehn::io {

/// Words of the attribute grid_mapping_name (CF, appendix F).
inline constexpr const char* kRotatedMapping = "rotated_latitude_longitude";
inline constexpr const char* kGeographicMapping = "latitude_longitude";

}  // namespace foehn::io
