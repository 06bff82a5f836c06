#include "foehn/campaign/workflow.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace foehn::campaign {

namespace {

/// A stopped run continues when the same command is given again; engines count that as a failure that is
/// retried.
constexpr int kRetries = 50;

/// In double quotes, as Python and Cylc read them.
std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump();
}

}  // namespace

std::string array_list(const std::vector<JobFile>& jobs) {
  std::string text;
  for (const JobFile& job : jobs) text += job.path.string() + "\n";
  return text;
}

std::string snakefile(const std::vector<JobFile>& jobs, const std::string& program) {
  std::string table;
  for (const JobFile& job : jobs)
    table += fmt::format("    {}: {},\n", quoted(job.name), quoted(job.path.string()));
  return fmt::format(R"(# Jobs of a campaign of foehn. Run it with a profile of your cluster, or here:
#   snakemake --cores 2 --config launcher="mpirun -n 2"
JOBS = {{
{}}}
launcher = config.get("launcher", "mpirun -n 2")
foehn = config.get("foehn", {})


rule all:
    input:
        expand("done/{{job}}", job=JOBS),


# A run that stops with a checkpoint (exit code 75) continues when it is tried again.
rule sample:
    input:
        lambda wildcards: JOBS[wildcards.job],
    output:
        touch("done/{{job}}"),
    retries: {}
    params:
        launcher=launcher,
        foehn=foehn,
    shell:
        "{{params.launcher}} {{params.foehn:q}} sample --config {{input:q}}"
)",
                     table, quoted(program), kRetries);
}

std::string cylc_flow(const std::vector<JobFile>& jobs, const std::string& program) {
  std::string text =
      fmt::format(R"(# Jobs of a campaign of foehn, for Cylc 8. FOEHN_LAUNCHER says what runs foehn.
[scheduling]
    [[graph]]
        R1 = SAMPLE

[runtime]
    [[SAMPLE]]
        # A run that stops with a checkpoint (exit code 75) continues when it is tried again.
        execution retry delays = {}*PT1M
        script = ${{FOEHN_LAUNCHER:-mpirun -n 2}} "$FOEHN" sample --config "$JOB"
        [[[environment]]]
            FOEHN = {}
)",
                  kRetries, quoted(program));
  for (const JobFile& job : jobs)
    text += fmt::format(R"(    [[{}]]
        inherit = SAMPLE
        [[[environment]]]
            JOB = {}
)",
                        job.name, quoted(job.path.string()));
  return text;
}

}  // namespace foehn::campaign
