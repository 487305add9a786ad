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
. "$(dirname "$(readlink -f "$0")")/driver.sh"

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
