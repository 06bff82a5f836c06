# shellcheck shell=bash
# For job scripts of Slurm; to be sourced.

# end_or_requeue STATUS SCRIPT: ends the script with foehn's exit code; on 75 its job goes back into the queue first, to
# continue from there.
#
# But not indefinitely, and not where Slurm is ending the job already: one that was cancelled would come back.
end_or_requeue() {
  local status="$1" script="$2" most="${FOEHN_MOST_RESTARTS:-50}" job="$SLURM_JOB_ID" state
  # One element of an array has the array's number, which would mean all of them.
  [ -z "${SLURM_ARRAY_TASK_ID:-}" ] || job="${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"
  if [ "$status" -eq 75 ]; then
    state="$(scontrol show job "$job" | sed -n 's/^ *JobState=\([A-Z_]*\).*/\1/p')"
    if [ "$state" != RUNNING ]; then
      echo "$script: not put back in the queue, since the job is ${state:-unknown to Slurm}, not RUNNING;" \
        "submit it again to continue" >&2
    elif [ "${SLURM_RESTART_COUNT:-0}" -ge "$most" ]; then
      echo "$script: restarted ${SLURM_RESTART_COUNT:-0} times, not put back in the queue again (FOEHN_MOST_RESTARTS)" >&2
    else
      exec scontrol requeue "$job"
    fi
  fi
  exit "$status"
}
