# driver.sh: what the scripts share that drive the real program from outside.  Sourced, with BUILD and OUT as arguments.
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Runs the script again in an X server and a D-Bus session of its own, with the demonstration model and data of its own
# in $home, and gives it the functions below.  Speaks TAP.
set -u
build=$(readlink -f "${1:?the build folder}")
out=${2:?a folder for the pictures}
here=$(dirname "$(readlink -f "$0")")

if [ -z "${FACET_DRIVE_INSIDE:-}" ]; then
  for tool in xvfb-run dbus-run-session xdotool import openbox python3; do
    command -v $tool >/dev/null || { echo "1..0 # SKIP there is no $tool here"; exit 0; }
  done
  # What the session's services print is not ours: only the inner script speaks on the standard output.
  export FACET_DRIVE_INSIDE=1
  exec xvfb-run -a -s '-screen 0 1600x1000x24 -nolisten tcp' \
    dbus-run-session -- sh -c 'exec "$0" "$@" >&9' "$0" "$build" "$out" 9>&1 >/dev/null # xvfb-run has uses of its own for 3
fi

mkdir -p "$out"
home=$(mktemp -d)
export XDG_DATA_HOME=$home/data XDG_CONFIG_HOME=$home/config XDG_CACHE_HOME=$home/cache
export GDK_BACKEND=x11 GSK_RENDERER=cairo GSETTINGS_BACKEND=keyfile GSETTINGS_SCHEMA_DIR=$build/data
# The first start would ask which model is to answer.
mkdir -p "$XDG_CONFIG_HOME/glib-2.0/settings"
printf '[org/facet/Facet]\nwelcomed=true\n' >"$XDG_CONFIG_HOME/glib-2.0/settings/keyfile"
export FACET_DEMO_MODEL=${FACET_DEMO_MODEL:-$here/../../data/demo}
unset GTK_A11Y WAYLAND_DISPLAY
openbox >/dev/null 2>&1 &
manager=$!
program=
window=
n_ok=0

finish() {
  [ -n "$program" ] && kill "$program" 2>/dev/null
  kill "$manager" 2>/dev/null
  wait 2>/dev/null
  rm -rf "$home"
}
trap finish EXIT

ok() {
  n_ok=$((n_ok + 1))
  echo "ok $n_ok $1"
}
fail() {
  import -window root "$out/failed.png" 2>/dev/null
  echo "not ok $((n_ok + 1)) $1"
  [ -s "$home/log" ] && sed 's/^/# /' "$home/log" | tail -n 20
  exit 1
}

# One value from the database, or nothing.
ask() {
  python3 - "$XDG_DATA_HOME/facet/facet.db" "$1" <<'PYTHON'
import sqlite3, sys
try:
    row = sqlite3.connect("file:%s?mode=ro" % sys.argv[1], uri=True, timeout=5).execute(sys.argv[2]).fetchone()
    print("" if row is None else row[0])
except sqlite3.Error:
    pass
PYTHON
}
# until QUERY VALUE WHAT: asks until the answer is VALUE; fails after twenty seconds.
until_is() {
  for _ in $(seq 400); do
    [ "$(ask "$1")" = "$2" ] && { ok "$3"; return; }
    sleep 0.2
  done
  fail "$3: $(ask "$1") instead of $2"
}

start() { # colour scheme, further arguments
  ADW_DEBUG_COLOR_SCHEME=$1 "$build/ui/facet" >"$home/log" 2>&1 &
  program=$!
  began=$(date +%s%N)
  for _ in $(seq 200); do
    window=$(xdotool search --onlyvisible --pid "$program" 2>/dev/null | tail -n 1)
    [ -n "$window" ] && break
    sleep 0.05
  done
  [ -n "$window" ] || fail "a window opens"
  echo "# window after $((($(date +%s%N) - began) / 1000000)) ms"
  sleep 1.5
  xdotool windowactivate --sync "$window" 2>/dev/null
  ok "a window opens ($1)"
}
size() {
  xdotool windowmove "$window" 0 0 windowsize "$window" "$1" "$2"
  sleep 0.7
  xdotool windowsize "$window" "$1" "$2" # once more: folding has made room
  sleep 0.7
}
picture() { # name, width, height
  import -window root -crop "$2x$3+0+0" +repage "$out/$1.png" || fail "a picture of $1"
}
keys() {
  xdotool key --clearmodifiers --delay 40 "$@"
  sleep 0.4
}
