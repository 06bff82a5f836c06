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
  std::string subject;  ///< a variable, or "wind power"
  std::string topic;    ///< "skill", "bias" and the like
  std::string text;
};

/// All findings of one subject in a sentence.
struct Headline {
  std::string subject;
  Rating rating = Rating::good;  ///< the worst of them
  std::string text;              ///< "poor in bias; good in 5 of 6 respects"
};

/// What is good about the members and what is not, the worst first: skill, calibration, bias, variability in
/// space, agreement with the observations, seams, wind speed and power, and the climate-change signal, as far
/// as they are known; agreement and seams only of members that were drawn from the observations. The limits
/// are those of the table in configs/README.md.
std::vector<Verdict> verdicts(const Results& results);

/// One for each subject, that with the worst finding first.
std::vector<Headline> headlines(const Results& results);

/// Whether a subject may be trusted: "yes", "mostly" or "only in part".
std::string answer_text(Rating rating);

/// "good", "fair" or "poor"
std::string rating_text(Rating rating);

/// The verdicts as lines of text; empty without any.
std::string verdicts_text(const Results& results);

}  // namespace foehn::evaluation
