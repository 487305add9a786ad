#!/bin/bash
# virtual-mic.sh: a virtual microphone and speaker without sound hardware.
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Runs a private PulseAudio daemon (own runtime directory, own socket, no D-Bus, no udev) with
#   source "mic"     default input;  what is played into sink "mic_in" is heard there
#   sink   "speaker" default output; its monitor can be recorded
# and points ALSA's "default" PCM at it, so PortAudio (ALSA host API), PulseAudio and GStreamer clients
# all use it. Needs: pulseaudio pulseaudio-utils libasound2-plugins.
#
#   virtual-mic.sh run [options] -- COMMAND [ARG...]     set up, run COMMAND, tear down; COMMAND's exit code
#       --wav FILE         play FILE into the microphone once COMMAND has opened it for recording
#       --delay SECONDS    wait this long after the microphone was opened (default 0.3)
#       --at-start         don't wait for COMMAND to open the microphone
#       --loop             play FILE again and again
#       --speaker FILE     record what COMMAND plays into FILE (WAV, 16 kHz mono)
#       --echo PERCENT     let the microphone also hear the speaker (acoustic echo); the scale is
#                          PulseAudio's, cubic: 50 is 1/8 of the amplitude, 80 about 1/2
#       --rate HZ          rate of both devices (default 48000, as on most hardware)
#   eval "$(virtual-mic.sh start [--rate HZ] [--echo PERCENT])"  set up and leave running; exports the environment
#   virtual-mic.sh play FILE      play FILE into the running microphone (blocks until played)
#   virtual-mic.sh stop           tear down the daemon of this environment ($VIRTUAL_MIC_DIR)
set -u
die() { echo "virtual-mic: $*" >&2; exit 125; }
rate=48000 wav='' delay=0.3 loop='' speaker='' echo_pct='' at_start='' guard=setsid
setup() {
  command -v pulseaudio >/dev/null || die "pulseaudio is not installed"
  VIRTUAL_MIC_DIR=$(mktemp -d "${TMPDIR:-/tmp}/virtual-mic.XXXXXX") || die "mktemp failed"
  d=$VIRTUAL_MIC_DIR; mkdir -m 700 "$d/run" "$d/state"
  cat >"$d/daemon.conf" <<C
exit-idle-time = -1
enable-shm = no
default-sample-rate = $rate
C
  cat >"$d/pulse.pa" <<P
load-module module-native-protocol-unix socket=$d/run/native auth-anonymous=1
load-module module-null-sink sink_name=mic_in rate=$rate channels=1 sink_properties=device.description=MicFeed
load-module module-remap-source source_name=mic master=mic_in.monitor channels=1 remix=no source_properties=device.description=VirtualMicrophone
load-module module-null-sink sink_name=speaker rate=$rate sink_properties=device.description=VirtualSpeaker
set-default-source mic
set-default-sink speaker
P
  cat >"$d/asound.conf" <<A
</usr/share/alsa/alsa.conf>
pcm.!default { type pulse server "unix:$d/run/native" hint { show on description "virtual audio" } }
ctl.!default { type pulse server "unix:$d/run/native" }
A
  export VIRTUAL_MIC_DIR PULSE_SERVER=unix:$d/run/native ALSA_CONFIG_PATH=$d/asound.conf JACK_NO_START_SERVER=1
  XDG_CONFIG_HOME=$d/state PULSE_RUNTIME_PATH=$d/run PULSE_STATE_PATH=$d/state PULSE_CONFIG=$d/daemon.conf \
    $guard pulseaudio -n -F "$d/pulse.pa" --daemonize=no --use-pid-file=no --disallow-exit \
    --log-target=file:"$d/pulse.log" --log-level=notice </dev/null >"$d/out.log" 2>&1 &
  echo $! >"$d/pids"
  for _ in $(seq 100); do pactl info >/dev/null 2>&1 && break; sleep 0.05; done
  pactl info >/dev/null 2>&1 || { cat "$d"/*.log >&2; die "pulseaudio did not start"; }
  # A null sink with no low-latency client works in blocks of up to 2 s, and a client that then connects waits for
  # the current block to end: one idle low-latency reader on each monitor keeps the blocks short.
  for k in mic_in speaker; do $guard parec --device=$k.monitor --latency-msec=20 >/dev/null 2>&1 </dev/null & echo $! >>"$d/pids"; done
  for k in mic_in speaker; do # a client that starts to play ends the first, long block at once
    head -c 9600 /dev/zero | pacat --playback --device=$k --raw --latency-msec=20 >/dev/null 2>&1; done
  if [ -n "$echo_pct" ]; then
    pactl load-module module-loopback source=speaker.monitor sink=mic_in latency_msec=40 sink_input_properties=media.name=echo >/dev/null
    id=$(pactl list sink-inputs short | awk 'END{print $1}'); pactl set-sink-input-volume "$id" "$echo_pct%"
  fi
}
teardown() { d=${VIRTUAL_MIC_DIR:-}; [ -n "$d" ] && [ -f "$d/pids" ] || return 0
  mapfile -t pids <"$d/pids" # no command substitution here: bash 5.2 can fail to parse one inside a trap
  for k in "${pids[@]}"; do kill "$k" 2>/dev/null; done
  for _ in {1..40}; do kill -0 "${pids[0]}" 2>/dev/null || break; sleep 0.05; done
  rm -rf "$d"; }
feed() { while :; do paplay --device=mic_in "$1" || return 1; [ -n "$loop" ] || return 0; done; }
cmd=${1:-}; [ $# -gt 0 ] && shift
while [ $# -gt 0 ]; do case $1 in
  --wav) wav=$2; shift 2;; --delay) delay=$2; shift 2;; --loop) loop=1; shift;; --at-start) at_start=1; shift;;
  --speaker) speaker=$2; shift 2;; --echo) echo_pct=$2; shift 2;; --rate) rate=$2; shift 2;; --) shift; break;;
  -*) die "unknown option $1";; *) break;; esac; done
case $cmd in
  start) setup; for v in VIRTUAL_MIC_DIR PULSE_SERVER ALSA_CONFIG_PATH JACK_NO_START_SERVER; do echo "export $v='${!v}'"; done;;
  stop) teardown;;
  play) [ $# -ge 1 ] || die "play FILE"; feed "$1";;
  run) [ $# -ge 1 ] || die "no command"
    [ -z "$wav" ] || [ -r "$wav" ] || die "cannot read $wav"
    guard='setpriv --pdeathsig TERM' # nothing stays behind, even when this script is killed
    kids=''
    cleanup() { for k in $kids; do kill "$k" 2>/dev/null; done; teardown; }
    trap 'cleanup' EXIT; trap 'exit 130' INT; trap 'exit 143' TERM
    setup
    if [ -n "$speaker" ]; then
      parecord --device=speaker.monitor --rate=16000 --channels=1 --format=s16le --latency-msec=20 --file-format=wav "$speaker" & kids="$kids $!"; rec=$!
    fi
    "$@" & app=$!; kids="$kids $app"
    if [ -n "$wav" ]; then
      ( trap 'kill $p 2>/dev/null; exit' TERM; p=''
        if [ -z "$at_start" ]; then
          mic=$(pactl list sources short | awk '$2=="mic"{print $1}')
          until pactl list source-outputs short 2>/dev/null | awk -v m="$mic" '$2==m{f=1} END{exit !f}'; do sleep 0.05; done
        fi
        sleep "$delay"; while :; do paplay --device=mic_in "$wav" & p=$!; wait $p || exit 1; [ -n "$loop" ] || exit 0; done ) & kids="$kids $!"
    fi
    wait "$app"; rc=$?
    if [ -n "$speaker" ]; then sleep 0.4; kill "$rec" 2>/dev/null; wait "$rec" 2>/dev/null; fi
    exit $rc;;
  *) sed -n '2,/^set -u/p' "$0" | sed '$d; s/^# \{0,1\}//' >&2; exit 125;;
esac
