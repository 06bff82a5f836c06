#include "job_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iostream>
#include <string>
#include <vector>

#include "cordex_metadata.hpp"
#include "foehn/config/value_in.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/text.hpp"
#include "sample_options.hpp"

namespace foehn::app {

namespace {

/// The options of sample, with the table that they are in.
struct JobOptions {
  JobOptions() { declare_sample_options(table, options); }
  JobOptions(const JobOptions&) = delete;
  JobOptions& operator=(const JobOptions&) = delete;

  SampleOptions options;
  config::OptionTable table{"sample", "", ""};
};

service::Order order_of(const std::string& text, const std::string& name) {
  JobOptions job;
  job.table.parse_text(text, name);
  if (const std::vector<std::string> relative = job.table.relative_paths(); !relative.empty())
    throw core::UsageError(fmt::format(
        "{}: {}: expected absolute paths, since services run in any folder; foehn submit makes them so", name,
        fmt::join(relative, ", ")));
  check_sample_options(job.table, job.options);
  if (job.options.space_ranks > 1)
    throw core::UsageError(
        fmt::format("{}: run.space_ranks: services evaluate each window on one rank, expected 1, found {}",
                    name, job.options.space_ranks));
  return {.settings = job_settings(job.table, job.options),
          .hardware = job.options.hardware,
          .threads = job.options.threads,
          .timeout_minutes = job.options.timeout_minutes};
}

/// The text of a job with some of its options changed, which are whole in it.
std::string text_of(JobOptions& job, const std::function<void(SampleOptions& options)>& change) {
  JobOptions again;
  change(job.options);
  const std::filesystem::path folder = std::filesystem::current_path();
  std::string text = job.table.config_text(folder);
  again.table.parse_text(text, "the job's configuration file");
  if (again.table.config_text(folder) != text || again.table.result_values() != job.table.result_values())
    throw core::UsageError("a value holds quotes that a configuration file cannot keep");
  return text;
}

}  // namespace

service::Reader job_reader() {
  return {.text =
              [](const std::filesystem::path& file) {
                return job_text({"--config", file.string()});
              },
          .order = &order_of,
          .output =
              [](const std::string& text) { return config::value_in(text, "output.directory").value_or(""); },
          .complete =
              [](job::Settings& settings) {
                settings.simulation = output_metadata(settings.layout, settings.metadata);
              }};
}

void say_queued(const service::Spool& spool, std::size_t jobs) {
  std::cout << fmt::format("queued {} in {}\n", core::counted(static_cast<std::int64_t>(jobs), "job"),
                           spool.path().string());
}

std::string job_text(const Arguments& arguments, const std::function<void(SampleOptions& options)>& change) {
  JobOptions job;
  job.table.parse(arguments);
  return text_of(job, change);
}

std::string changed_text(const std::string& text, const std::function<void(SampleOptions& options)>& change) {
  JobOptions job;
  job.table.parse_text(text, "a job's configuration file");
  return text_of(job, change);
}

}  // namespace foehn::app
