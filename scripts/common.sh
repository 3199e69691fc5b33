# shellcheck shell=bash disable=SC2034
# Sourced by the other scripts: where the project is, how many jobs fit, how to speak.

set -euo pipefail

project_root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '\n== %s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Runs a command as root: directly, or through sudo.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else fail "this needs root and there is no sudo; run as root: $*"
  fi
}

# Compile jobs: MCP_JOBS, or one per core, each with 1 GiB of memory to itself.
job_count() {
  if [ -n "${MCP_JOBS:-}" ]; then echo "$MCP_JOBS"; return; fi
  local cores memory
  cores=$(nproc)
  memory=$(awk '/^MemAvailable:/ { print int($2 / 1048576) }' /proc/meminfo)
  [ "$memory" -ge 1 ] || memory=1
  echo $((cores < memory ? cores : memory))
}
