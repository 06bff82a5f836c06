#include "job_file.hpp"

#include <fmt/format.h>

#include "cordex_metadata.hpp"
#include "foehn/core/error.hpp"
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
  check_sample_options(job.table, job.options);
  return {.settings = job_settings(job.table, job.options),
          .hardware = job.options.hardware,
          .threads = job.options.threads,
          .timeout_minutes = job.options.timeout_minutes};
}

}  // namespace

service::Reader job_reader() {
  return {.order = &order_of, .complete = [](job::Settings& settings) {
            settings.simulation = output_metadata(settings.layout, settings.metadata);
          }};
}

std::string job_text(const Arguments& arguments, const std::function<void(SampleOptions& options)>& change) {
  JobOptions job, again;
  job.table.parse(arguments);
  change(job.options);
  const std::filesystem::path folder = std::filesystem::current_path();
  std::string text = job.table.config_text(folder);
  again.table.parse_text(text, "the job's configuration file");
  if (again.table.config_text(folder) != text || again.table.result_values() != job.table.result_values())
    throw core::UsageError("a value holds quotes that a configuration file cannot keep");
  return text;
}

}  // namespace foehn::app
