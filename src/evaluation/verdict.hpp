#pragma once

#include <string>
#include <vector>

#include "foehn/evaluation/results.hpp"

namespace foehn::evaluation {

/// How a score compares with what it would be for perfect members.
enum class Rating { good, fair, poor };

/// One finding, in words, with the number behind it.
struct Verdict {
  Rating rating = Rating::good;
  std::string text;
};

/// What is good about the members and what is not, the worst first: skill, calibration, bias, variability in
/// space, agreement with the observations, seams, and the climate-change signal, as far as they are known.
/// The limits are those of the table in configs/README.md.
std::vector<Verdict> verdicts(const Results& results);

/// "good", "fair" or "poor"
std::string rating_text(Rating rating);

/// The verdicts as lines of text; empty without any.
std::string verdicts_text(const Results& results);

}  // namespace foehn::evaluation
