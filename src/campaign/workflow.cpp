#include "foehn/campaign/workflow.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace foehn::campaign {

namespace {

/// A stopped run continues when the same command is given again; engines count that as a failure that is
/// retried.
constexpr int kRetries = 50;
/// Failures of a run, other than stops: as many as a service forgives crashes. Engines know no exit code
/// after which they do not retry, so that the tries beyond end at once.
constexpr int kFailures = 3;

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


# A run that stops with a checkpoint (exit code 75) continues when it is tried again, up to {} times. After {} other
# failures it is not run again: further tries end at once.
rule sample:
    input:
        lambda wildcards: JOBS[wildcards.job],
    output:
        touch("done/{{job}}"),
    retries: {}
    resources:
        attempt=lambda wildcards, attempt: attempt,
    params:
        launcher=launcher,
        foehn=foehn,
    shell:
        """
        mkdir -p failed
        failures=failed/{{wildcards.job}}
        if [ {{resources.attempt}} -eq 1 ]; then rm -f "$failures"; fi
        if [ -e "$failures" ] && [ $(wc -l < "$failures") -ge {} ]; then exit 1; fi
        status=0
        {{params.launcher}} {{params.foehn:q}} sample --config {{input:q}} || status=$?
        if [ $status -eq 0 ]; then rm -f "$failures"; fi
        if [ $status -ne 0 ] && [ $status -ne 75 ]; then echo "exit code $status" >> "$failures"; fi
        exit $status
        """
)",
                     table, quoted(program), kRetries, kFailures, kRetries, kFailures);
}

std::string cylc_flow(const std::vector<JobFile>& jobs, const std::string& program) {
  std::string text =
      fmt::format(R"(# Jobs of a campaign of foehn, for Cylc 8. FOEHN_LAUNCHER says what runs foehn.
[scheduling]
    [[graph]]
        R1 = SAMPLE

[runtime]
    [[SAMPLE]]
        # A run that stops with a checkpoint (exit code 75) continues when it is tried again, up to {} times. After
        # {} other failures it is not run again: the next try ends at once, and is the last.
        execution retry delays = {}*PT1M
        script = """
            once=(-p "$CYLC_TASK_CYCLE_POINT" -n "$CYLC_TASK_NAME" "$CYLC_WORKFLOW_ID")
            if ((CYLC_TASK_TRY_NUMBER == 1)); then rm -f failures; fi
            if [[ -e failures ]] && (($(wc -l < failures) >= {})); then
                cylc broadcast --cancel="execution retry delays" "${{once[@]}}"
                rm -f failures
                exit 1
            fi
            status=0
            ${{FOEHN_LAUNCHER:-mpirun -n 2}} "$FOEHN" sample --config "$JOB" || status=$?
            if ((status != 0 && status != 75)); then
                echo "exit code $status" >> failures
                if (($(wc -l < failures) >= {})); then
                    cylc broadcast --set="execution retry delays=" "${{once[@]}}"
                fi
            fi
            exit $status
        """
        [[[environment]]]
            FOEHN = {}
)",
                  kRetries, kFailures, kRetries, kFailures, kFailures, quoted(program));
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
