#!/bin/bash
# say.sh: the sentence that the welcome page offers is said into a microphone, and read.
# SPDX-License-Identifier: GPL-3.0-or-later
#
#   tests/ui/say.sh BUILD OUT
#
# BUILD is a build folder, OUT gets the pictures.  The real program, by its keys, with a PulseAudio of its own; what came
# of it is asked of the database.  Speaks TAP; exit status 1: something did not go well.
. "$(dirname "$(readlink -f "$0")")/driver.sh"
mic=$here/../tools/virtual-mic.sh
answer="select text from messages where role = 1 and state = 0 order by id desc limit 1"

example() { # from the text back to the list of examples, and the second of them
  sleep 2
  keys shift+Tab
  keys Home
  keys Down
  keys Return
}

command -v espeak-ng >/dev/null || fail "there is espeak-ng to say it"
espeak-ng -v en-us -s 160 -w "$home/said.wav" "We had water with cheese for dinner."
if sound=$("$mic" start); then
  eval "$sound"
  trap '"$mic" stop; finish' EXIT
  start prefer-light
  size 1000 760
  example
  picture say-recording 1000 760
  "$mic" play "$home/said.wav"
  sleep 0.5
  keys Return
  until_is "$answer" "We had water with cheese for dinner." "what was said is written down"
  picture say-written 1000 760
  grep -E 'CRITICAL|WARNING' "$home/log" && fail "nothing was complained about"
  ok "nothing was complained about"
else
  ok "what was said is written down # SKIP PulseAudio does not start here"
fi
echo "1..$n_ok"
