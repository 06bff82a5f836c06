#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace foehn::service {

/// A job's text with a first line, a comment, that says when and from which file it was submitted.
std::string with_origin(const std::string& text, const std::filesystem::path& file);

/// The text without that line, where it has one.
std::string without_origin(const std::string& text);

/// When a job was submitted, in seconds since 1970 of the machine that did it; nothing if its text does not
/// say. For people and their figures: nothing is decided by it.
std::optional<double> submitted_at(const std::string& text);

}  // namespace foehn::service
