# makers.py: a process that makes training data, one a core: makers.py OUTDIR TOKENIZER WORKER WORKERS SPEECH PICTURES70 PICTURES280 TEXTS
#
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Writes chunks KIND_WORKER_NUMBER.npz (kind: audio, img70, img280, text), under another name first and renamed when whole;
# samples and patches beside them as .bin, so that they go to the GPU without passing through a zip file.
import os
import random
import sys
import time

import numpy as np
from scipy.signal import resample_poly

import pictures
import sounds
import speech
import spoken
import sums
import talk
import tokenizer
import tools
import turns
from encode import LONGEST, Encoder, join, pad, soft_tokens

AHEAD = 130                                                      # chunk files that may wait for the trainer
NO_SPEECH = 0.09
TEXTS = [(talk.talk, 26), (sums.sums, 20), (tools.tools, 34), (turns.several, 15), (turns.titled, 5)]


def utterance(rng, nrng, held=False, first=False, text=None):
    """(samples, text or None, kind, phonemes)."""
    if not first and text is None and rng.random() < NO_SPEECH:
        y, kind = sounds.no_speech(rng, nrng, held)
        speech.random_voice(rng, held)
        return y, None, kind, []
    if text is None:
        text, kind = spoken.easy(rng) if first else spoken.say(rng, held)
    else:
        kind = "given"
    y = speech.speak(text)
    if not held and rng.random() < .6:                           # pitch and formants together, by up to 8 %
        y = np.clip(resample_poly(y.astype(np.float32), 100, rng.randint(92, 108)), -32768, 32767).astype(np.int16)
    return np.concatenate([np.zeros(rng.randint(0, 8000), np.int16), y, np.zeros(rng.randint(0, 6000), np.int16)]), text, kind, speech.phonemes(text)


def audio_chunk(rng, nrng, encoder, n):
    rows, pcm, sounds_, starts, follows = [], [], [], [], []
    speech.random_voice(rng)
    while len(rows) < n:
        if len(rows) % 6 == 0:
            speech.random_voice(rng)
        y, text, kind, heard = utterance(rng, nrng, first=rng.random() < .05)
        if not 2000 < len(y) < 9 * sounds.RATE:
            continue
        row = encoder.row(spoken.listen(rng, text), "<|audio|>", soft_tokens(len(y)))
        if len(row[0]) > LONGEST:
            continue
        rows.append(row)
        pcm.append(y)
        sounds_.append(heard)
        whole = kind in ("sentence", "command")                  # may become part of a longer recording
        starts.append(encoder.ids(text) if whole else [])
        follows.append(encoder.ids(" " + text) if whole else [])
    out = pad(rows)
    for name, parts, dtype in (("pcm", pcm, np.int16), ("ph", sounds_, np.uint8), ("start", starts, np.int16), ("follow", follows, np.int16)):
        out[name], out[name + "_at"] = join(parts, dtype)
    return out


def picture_chunk(rng, encoder, n, budget):
    rows, patches, positions, soft, labels = [], [], [], [], []
    while len(rows) < n:
        scene, asked, _ = pictures.make(rng)
        p, x, ns, _ = pictures.patches(scene.finish(), budget)
        row = encoder.row(pictures.look(rng, asked), "<|image|>", ns)
        if len(row[0]) > LONGEST:
            continue
        rows.append(row)
        patches.append(p)
        positions.append(x)
        soft.append(ns)
        labels.append(pictures.labels(scene, budget))
    return dict(pad(rows), patches=np.stack(patches), pos=np.stack(positions), nsoft=np.array(soft, np.int32), lab=np.stack(labels))


def text_chunk(rng, encoder, n):
    rows, makers, weights = [], [m for m, _ in TEXTS], [w for _, w in TEXTS]
    while len(rows) < n:
        row = encoder.row(rng.choices(makers, weights)[0](rng))
        if len(row[0]) <= LONGEST:
            rows.append(row)
    return pad(rows)


def put(folder, name, chunk):
    for key in ("pcm", "patches"):
        if key in chunk:
            chunk.pop(key).tofile(os.path.join(folder, name + ".bin"))
    temporary = os.path.join(folder, "." + name + ".tmp.npz")
    np.savez(temporary, **chunk)
    os.rename(temporary, os.path.join(folder, name + ".npz"))


def main():
    folder, path, worker, workers = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    left = dict(zip(("audio", "img70", "img280", "text"), [max(1, int(n) // workers) for n in sys.argv[5:9]]))
    size = {"text": 1200, "audio": 300, "img70": 300, "img280": 90}
    os.makedirs(folder, exist_ok=True)
    encoder = Encoder(path)
    tools.PIECES[:] = tokenizer.letter_pieces(path)
    rng, nrng = random.Random(1000 + worker), np.random.default_rng(worker)
    make = {"text": lambda n: text_chunk(rng, encoder, n), "audio": lambda n: audio_chunk(rng, nrng, encoder, n),
            "img70": lambda n: picture_chunk(rng, encoder, n, 70), "img280": lambda n: picture_chunk(rng, encoder, n, 280)}
    number = 0
    while any(n > 0 for n in left.values()):
        for kind in size:
            while len(os.listdir(folder)) > AHEAD:               # the trainer is behind
                time.sleep(0.2)
            n = size[kind] if number else max(4, size[kind] // 5)    # small ones first, so that training can begin
            if left[kind] > 0:
                put(folder, "%s_%d_%d" % (kind, worker, number), make[kind](min(n, max(4, left[kind]))))
                left[kind] -= n
        number += 1


if __name__ == "__main__":
    main()
