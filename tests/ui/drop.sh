#!/bin/bash
# drop.sh: a picture is dragged from another program's window into Facet's, and described.
# SPDX-License-Identifier: GPL-3.0-or-later
#
#   tests/ui/drop.sh BUILD OUT
#
# BUILD is a build folder, OUT gets the pictures.  A real drag by the X server: pressed in one window, moved, let go in
# the other.  What came of it is asked of the database.  Speaks TAP; exit status 1: something did not go well.
. "$(dirname "$(readlink -f "$0")")/driver.sh"

# A sample of a kind, not of a name: a newer model comes with others.
{ read -r sample; read -r question; read -r expected; } < <(python3 - "$here/../../data/demo/samples" <<'PYTHON'
import json, os, sys
s = next(s for s in json.load(open(os.path.join(sys.argv[1], "samples.json")))
         if s["kind"] == "one" and s.get("budget") == 280 and s["output"] == s["expected"])
print(os.path.join(sys.argv[1], s["image"]))
print(s["prompt"].split("<|turn>user\n")[1].split("<turn|>")[0].replace("<|image|>", "").strip())
print(s["expected"].split("<turn|>")[0])
PYTHON
)
[ -f "$sample" ] || fail "the demonstration model has a sample of a drawn picture"
answer="select text from messages where role = 1 and state = 0 order by id desc limit 1"

# The file is a copy, so that it can go once it was dropped.
cp "$sample" "$home/picture.png"
start prefer-light
size 1000 760
"$build/tests/ui/drag-source" "$home/picture.png" >"$home/source-log" 2>&1 &
helper=$!
source=
for _ in $(seq 200); do
  source=$(xdotool search --onlyvisible --name '^Drag source$' 2>/dev/null | tail -n 1)
  [ -n "$source" ] && break
  sleep 0.05
done
[ -n "$source" ] || fail "the other window opens"
sleep 0.5
xdotool windowmove "$source" 1200 200
sleep 0.5
eval "$(xdotool getwindowgeometry --shell "$source")"

# Pressed in its middle, far enough for a drag to begin, then into the conversation in small steps.
drag() { # the name of a picture of the drop zone
  x=$((X + WIDTH / 2)) y=$((Y + HEIGHT / 2))
  xdotool mousemove $x $y mousedown 1
  for _ in 1 2 3 4 5 6; do
    x=$((x - 8))
    xdotool mousemove $x $y
    sleep 0.05
  done
  for step in $(seq 10); do
    xdotool mousemove $((x + (600 - x) * step / 10)) $((y + (300 - y) * step / 10))
    sleep 0.08
  done
  sleep 0.6
  [ -n "$1" ] && picture "$1" 1000 760
  xdotool mouseup 1
  for _ in $(seq 50); do
    [ "$(ask "select count(*) from draft_attachments")" = 1 ] && return 0
    sleep 0.2
  done
  return 1
}
# A program that a sanitizer watches may be too slow for the hand.
drag drop-zone || drag "" || drag ""
until_is "select count(*) from draft_attachments" 1 "what was dropped is attached to the draft"
rm "$home/picture.png"
xdotool windowactivate --sync "$window" 2>/dev/null
sleep 0.3
picture dropped 1000 760
xdotool type --delay 30 "$question"
keys Return
until_is "$answer" "$expected" "it is described"
until_is "select count(*) from draft_attachments" 0 "the draft is empty again"
picture described 1000 760
kill "$helper" 2>/dev/null
grep -E 'CRITICAL|WARNING' "$home/log" && fail "nothing was complained about"
ok "nothing was complained about"
echo "1..$n_ok"
