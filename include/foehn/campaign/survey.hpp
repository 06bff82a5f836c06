#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "foehn/campaign/campaign.hpp"
#include "foehn/campaign/standing.hpp"
#include "foehn/campaign/workflow.hpp"

namespace foehn::campaign {

/// A file that a campaign writes.
struct WrittenFile {
  std::filesystem::path path;  ///< absolute
  std::string text;
};

/// How a job's text stands to an older one.
enum class Likeness {
  same,      ///< it asks for no more
  extended,  ///< it asks for more members, and for nothing else
  other
};

/// What the words of a job's file are: not this module's.
struct JobWords {
  /// The files of a job: first its configuration, whole for `foehn sample --config`.
  std::function<std::vector<WrittenFile>(const Standing& standing)> files;
  std::function<Likeness(const std::string& older, const std::string& text)> likeness;
};

/// A job of a campaign, with the files that it is told by; none if it cannot be run.
struct SurveyedJob {
  Standing standing;
  std::vector<WrittenFile> files;
  /// Is it still to be run, wholly or in part?
  bool is_left() const { return standing.state == State::to_do || standing.state == State::begun; }
};

/// Finds the climate models' files, expands them into jobs, and looks how these stand.
/// @param step_seconds  of the prior
/// @throws core::UsageError if no file belongs to the campaign
std::vector<SurveyedJob> survey(const Settings& settings, std::int64_t step_seconds, const JobWords& words);

/// What a user should hear of beside the list of jobs: experiments without files, jobs with other options.
std::vector<std::string> remarks(const std::vector<SurveyedJob>& jobs, const Settings& settings);

/// Writes the files of jobs.
std::vector<JobFile> write_files(const std::vector<SurveyedJob>& jobs);

}  // namespace foehn::campaign
