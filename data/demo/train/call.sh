#!/bin/bash
# call.sh FOLDER TOTAL HERE: trains on a GPU machine that keeps no command for longer than ten minutes.
#
# The first call starts makers and trainer as processes of their own and comes back after HERE seconds with a small state; the
# second finds them still running, or goes on from FOLDER/small.pt on a fresh machine, and comes back with the model when it is
# done.  TOTAL: seconds that the trainer may train; FOLDER: the tokenizer in tok/, espeak-ng in espeak/ (pack-espeak.sh).
# What is to come back lies in $OUT, in parts of at most 15 MB.
here=$(cd "$(dirname "$0")" && pwd)
folder=$(cd "$1" && pwd); total=$2; end=$(($(date +%s) + $3)); work=/dev/shm/demo
export ESPEAK_DIR=$folder/espeak PYTHONUNBUFFERED=1 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1
export PYTORCH_ALLOC_CONF=expandable_segments:True
workers=${WORKERS:-$(($(nproc) - 2))}
cd "$here"
mkdir -p $work/data $work/out "$OUT"
if [ ! -e $work/started ]; then
  touch $work/started
  resume=; [ -e "$folder/small.pt" ] && resume="--resume $folder/small.pt"
  first=0; [ -z "$resume" ] || first=100                        # other seeds
  for w in $(seq $first $((first + workers - 1))); do
    setsid nice -n 10 python3 makers.py $work/data "$folder/tok/tokenizer.json" "$w" "$workers" ${AMOUNTS:-160000 360000 110000 470000} >$work/maker-$w.log 2>&1 &
  done
  [ -z "$EVALUATE" ] || setsid nice -n 10 python3 sets.py $work/sets 990000 "$EVALUATE" >$work/sets.log 2>&1 &
  OMP_NUM_THREADS=4 setsid python3 train.py --data $work/data --tok "$folder/tok" --out $work/out --seconds "$total" --small-at $(($3 - 30)) $resume $TRAIN >$work/train.log 2>&1 &
fi

bring () {                       # in parts; a file that is still the same is not written again
  cp $work/train.log "$OUT/train.log"
  [ -e $work/out/small.pt ] && [ ! -e $work/out/exported ] && cp -u $work/out/small.pt "$OUT/"
  if [ -e $work/out/exported ] && [ ! -e $work/brought ]; then
    rm -f "$OUT/small.pt"
    cp -r $work/out/demo $work/model
    split -b 12M $work/out/demo/model.safetensors "$OUT/weights."
    rm $work/model/model.safetensors
    tar -czf "$OUT/folder.tgz" -C $work model
    touch $work/brought
  fi
}

evaluated=
while [ $(date +%s) -lt $end ] && [ ! -e $work/over ]; do
  sleep 2
  bring
  if [ -e $work/out/exported ] && [ -z "$evaluated" ] && [ -n "$EVALUATE" ]; then
    evaluated=1
    (OMP_NUM_THREADS=4 python3 evaluate.py $work/out/demo $work/sets --size "$EVALUATE" --json "$OUT/results.json" >"$OUT/evaluate.log" 2>&1; touch $work/over-eval) &
  fi
  grep -q "^Traceback" $work/train.log && { tail -30 $work/train.log; break; }
  [ $(($(date +%s) - end + $3)) -gt 100 ] && ! grep -q "^first data" $work/train.log && { cat $work/*.log; break; }
  [ -e $work/out/finished ] && { [ -z "$EVALUATE" ] || [ -e $work/over-eval ]; } && touch $work/over
done
bring
if [ -e $work/out/finished ]; then
  cp -r $work/out/demo/assistant $work/model/ && tar -czf "$OUT/folder.tgz" -C $work model
fi
head -3 $work/train.log; tail -25 $work/train.log | cut -c1-420; cat $work/maker-*0.log; [ -e "$OUT/evaluate.log" ] && cat "$OUT/evaluate.log" | cut -c1-300
nvidia-smi --query-gpu=memory.used,utilization.gpu --format=csv,noheader 2>/dev/null; uptime; ls -la "$OUT"
