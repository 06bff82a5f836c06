# shellcheck shell=bash
# For launch scripts; to be sourced.

# run_and_pass_signals COMMAND...: runs what starts foehn on several ranks, so that it stops well on TERM, INT, HUP or
# USR1: foehn gets USR1, on which it writes a checkpoint and returns 75. Returns foehn's exit code.
#
# A signal that comes before foehn listens would end it, or get lost in the launcher: it is held back until foehn says,
# in a file, that all ranks listen. The launcher's exit code cannot be trusted either once ranks are exiting.
run_and_pass_signals() {
  local status_file is_asked=0 status=0 said
  status_file="$(mktemp "${TMPDIR:-/tmp}/foehn_status.XXXXXX")"
  trap 'is_asked=1' TERM INT HUP USR1
  # In a session of its own, so that a terminal's Ctrl-C comes here alone. The launcher ignores what comes too late.
  FOEHN_STATUS_FILE="$status_file" setsid env --ignore-signal=USR1 "$@" &
  local child=$!
  while kill -0 "$child" 2>/dev/null; do
    if [ "$is_asked" -eq 1 ] && [ "$(cat "$status_file")" = running ]; then
      is_asked=0
      kill -USR1 "$child" 2>/dev/null || true
    fi
    sleep 0.2 || true # a terminal's Ctrl-C ends it
  done
  wait "$child" || status=$?
  said="$(cat "$status_file")"
  rm -f "$status_file"
  if [[ "$said" =~ ^[0-9]+$ ]]; then status="$said"; fi
  return "$status"
}
