#!/bin/bash
# drive.sh: a person's first minutes with Facet, done to the real program from outside.
# SPDX-License-Identifier: GPL-3.0-or-later
#
#   tests/ui/drive.sh BUILD OUT
#
# BUILD is a build folder, OUT gets the pictures.  In an X server and a D-Bus session of its own, with the
# demonstration model and data of its own: types a sum with thinking on, waits for the answer, changes sizes and
# colours, kills the program in the middle of an answer, finds the conversation again, and quits.  What happened is
# asked of the database, not of the pictures.  Speaks TAP; exit status 1: something did not go well.
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
  for _ in $(seq 100); do
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

answer="select text from messages where role = 1 and state = 0 order by id desc limit 1"

start prefer-light
size 1200 760
picture welcome-light-wide 1200 760
xdotool type --delay 30 "What is 47 + 38?"
sleep 0.6
keys ctrl+t
picture typed 1200 760
keys Return
until_is "$answer" "47 + 38 = 85." "a sum is answered"
until_is "select count(*) from messages where role = 1 and thinking like '%So 85%'" 1 "it was thought through"
sleep 0.5
picture answered-light-wide 1200 760
keys ctrl+t
xdotool type --delay 30 "What can you do?"
keys Return
until_is "select count(*) from messages where role = 1 and state = 0" 2 "a second turn is answered"
sleep 0.5
size 360 640
picture answered-light-narrow 360 640
keys F9
picture sidebar-light-narrow 360 640
keys Escape
size 1200 760

# In mid-answer: as soon as the store says that an answer is running.
xdotool type --delay 30 "What is 86 - 29?"
keys ctrl+t
python3 - "$XDG_DATA_HOME/facet/facet.db" "$program" "$window" <<'PYTHON' || fail "an answer was running"
import os, signal, sqlite3, subprocess, sys, time
database = sqlite3.connect("file:%s?mode=ro" % sys.argv[1], uri=True, timeout=5)
subprocess.Popen(["xdotool", "key", "Return"])
end = time.monotonic() + 10
while time.monotonic() < end:
    if database.execute("select count(*) from messages where state in (1, 2)").fetchone()[0]:
        os.kill(int(sys.argv[2]), signal.SIGKILL)
        sys.exit(0)
    time.sleep(0.002)
sys.exit(1)
PYTHON
wait "$program" 2>/dev/null
ok "killed in the middle of an answer"

start prefer-dark
size 1200 760
picture welcome-dark-wide 1200 760
keys alt+Down
sleep 1
until_is "select count(*) from messages where state in (1, 2)" 0 "no answer is left running"
until_is "select state from messages where role = 1 order by id desc limit 1" 5 "the broken one is marked as interrupted"
until_is "select text from messages where role = 0 order by id desc limit 1" "What is 86 - 29?" "the question is still there"
picture found-dark-wide 1200 760
keys ctrl+r
until_is "$answer" "86 - 29 = 57." "it is answered again"
sleep 0.5
picture answered-dark-wide 1200 760
size 360 640
picture answered-dark-narrow 360 640
size 1200 760
keys ctrl+comma
sleep 0.6
picture preferences-dark 1200 760
keys Escape
for _ in $(seq 100); do # the next keys are the window's, not the dialog's
  [ "$(xdotool getactivewindow 2>/dev/null)" = "$window" ] && break
  sleep 0.1
done
xdotool type --delay 30 "A draft that is not sent"
sleep 0.2
keys ctrl+q
for _ in $(seq 50); do
  kill -0 "$program" 2>/dev/null || break
  sleep 0.1
done
kill -0 "$program" 2>/dev/null && fail "it quits"
wait "$program"
[ $? = 0 ] || fail "it quits with status 0"
ok "it quits"
program=
until_is "select count(*) from conversations where draft = 'A draft that is not sent'" 1 "the draft was kept"
grep -E 'CRITICAL|WARNING' "$home/log" && fail "nothing was complained about"
ok "nothing was complained about"
echo "1..$n_ok"
