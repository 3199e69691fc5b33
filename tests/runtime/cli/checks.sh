# For scripts that run the program in $program and check what it does, in a folder of their own:
# its exit code, what it prints, and at the end whether all was as it should be.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failures=0
checks=0

# Runs the program with what follows; leaves its exit code in $code, its output in out and err.
call() {
  code=0
  "$program" "$@" > out 2> err < /dev/null || code=$?
  last="mcp-cluster $*"
}
fail() {
  failures=$((failures + 1))
  printf 'FAILED: %s\n  after: %s (exit code %s)\n' "$1" "$last" "$code"
  sed 's/^/  out: /' out | head -20
  sed 's/^/  err: /' err | head -20
}
check() { # DESCRIPTION COMMAND...
  checks=$((checks + 1))
  local what=$1
  shift
  "$@" || fail "$what"
}
expect() { check "exit code $1 was expected" [ "$code" -eq "$1" ]; }
out_has() { check "output has: $1" grep -qF -- "$1" out; }
err_has() { check "standard error has: $1" grep -qF -- "$1" err; }
# The value of a Python expression over the JSON `d` of the last line of the output.
json() { tail -n 1 out | python3 -c "import json,sys; d=json.loads(sys.stdin.read()); print($1)"; }
json_is() { check "$1 is $2, not $(json "$1" 2>&1)" [ "$(json "$1" 2>&1)" = "$2" ]; }
# The end of a script: how many checks, and the exit code.
finish() {
  echo "$(basename "$0"): $checks checks, $failures failed"
  [ "$failures" -eq 0 ]
}
