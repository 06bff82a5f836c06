#pragma once

namespace foehn::testing {

/// Whether the closed-form tests take fewer and smaller cases, as the preset asan asks for (FOEHN_SMALL_CASES
/// in CMakePresets.json): sanitizers make them many times slower. All tests run in either size.
#ifdef FOEHN_SMALL_CASES
inline constexpr bool kSmallCases = true;
#else
inline constexpr bool kSmallCases = false;
#endif

}  // namespace foehn::testing
