#!/bin/sh
# independent-server.sh: a conversation through a server that is not ours, `transformers serve`, with the demonstration model.
# SPDX-License-Identifier: GPL-3.0-or-later
#
#   independent-server.sh PROGRAM ROOT
#
# $FACET_SERVER_PYTHON is a Python that has transformers[serving], torchvision, librosa and accelerate (all from PyPI): where it
# is not set, the test says that it is skipped.  PROGRAM prints TAP.
program=$1 root=$2
skip() {
  echo "1..0 # SKIP $1"
  exit 0
}
[ -n "${FACET_SERVER_PYTHON:-}" ] || skip "FACET_SERVER_PYTHON names no Python with transformers[serving]"
"$FACET_SERVER_PYTHON" -c 'import transformers, fastapi, uvicorn, openai, torchvision, librosa, accelerate' 2>/dev/null ||
  skip "$FACET_SERVER_PYTHON has no transformers[serving], torchvision, librosa and accelerate"

folder=$(mktemp -d)
server=
cleanup() {
  [ -z "$server" ] || kill "$server" 2>/dev/null
  rm -rf "$folder"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
mkdir "$folder/model"
ln -s "$root"/data/demo/* "$folder/model/"
cp "$root/tests/remote/chat-template.jinja" "$folder/model/chat_template.jinja"
port=$("$FACET_SERVER_PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
mkdir -p "$folder/hub"
HF_HOME=$folder HF_HUB_OFFLINE=1 "$FACET_SERVER_PYTHON" -c 'import sys
from transformers.cli.transformers import main
sys.argv[0] = "transformers"
main()' serve "$folder/model" --host 127.0.0.1 --port "$port" --device cpu --dtype float32 >"$folder/log" 2>&1 &
server=$!
# It listens once the model is loaded.
tries=0
until grep -q 'running on' "$folder/log"; do
  tries=$((tries + 1))
  if [ $tries -gt 180 ] || ! kill -0 "$server" 2>/dev/null; then
    sed 's/^/# /' "$folder/log"
    echo "1..1"
    echo "not ok 1 - the server starts"
    exit 1
  fi
  sleep 1
done
FACET_INDEPENDENT_ADDRESS="http://127.0.0.1:$port/v1" FACET_INDEPENDENT_MODEL="$folder/model" "$program"
