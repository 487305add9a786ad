# sets.py: the held-out sets, one file of items each: sets.py FOLDER [SEED] [SIZE]
#
# SPDX-License-Identifier: GPL-3.0-or-later
#
# An item is a line of JSON: prompt, expected, kind, and for a medium audio or image (a file beside it) and budget.  The seed
# is one that no training process has; sentences, wordings, sums, words, voices, languages, fonts and sizes of pictures are
# those that are held out.
import json
import os
import random
import sys
import wave

import numpy as np

import pictures
import sounds
import speech
import spoken
import sums
import talk
import tools
import turns
from chat import conversation, question_of


def save_wav(path, pcm):
    with wave.open(path, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(sounds.RATE)
        w.writeframes(pcm.astype("<i2").tobytes())


class Writer:
    def __init__(self, folder, seed):
        self.folder, self.rng, self.nrng, self.seed = folder, random.Random(seed), np.random.default_rng(seed), seed
        os.makedirs(folder, exist_ok=True)

    def begin(self, name):
        """Each set has its own numbers, so that none depends on another."""
        self.rng, self.nrng = random.Random("%d %s" % (self.seed, name)), np.random.default_rng(sum(name.encode()) + self.seed)

    # ---- speech

    def noisy(self, pcm):
        """White noise 15 to 35 dB below the speech."""
        level = np.sqrt(np.mean(pcm[np.abs(pcm) > 60].astype(np.float64) ** 2) + 1) * 10 ** (-self.rng.uniform(15, 35) / 20)
        return np.clip(pcm * .7 + self.nrng.normal(0, .7 * level, len(pcm)), -32768, 32767).astype(np.int16)

    def utterance(self, kinds, held_voice):
        """(samples, text, kind, voice); unlike those of training neither stretched nor in the same noise."""
        while True:
            voice = speech.random_voice(self.rng, held_voice)
            text, kind = spoken.say(self.rng, True, kinds)
            y = speech.speak(text)
            if len(y) < 9 * sounds.RATE:
                pause = lambda n: np.zeros(self.rng.randint(0, n), np.int16)
                return self.noisy(np.concatenate([pause(8000), y, pause(6000)])), text, kind, voice

    def heard(self, name, k, pcm, row, kind, **more):
        prompt, expected = question_of(row)
        file = "%s-%d.wav" % (name, k)
        save_wav(os.path.join(self.folder, file), pcm)
        return dict(audio=file, prompt=prompt, expected=expected, kind=kind, **more)

    def said(self, name, n, kinds, held_voice=False):
        for k in range(n):
            pcm, text, kind, voice = self.utterance(kinds, held_voice)
            row = conversation([(spoken.with_audio(self.rng, spoken.OFFICIAL if k % 2 else self.rng.choice(spoken.PROMPTS)), text, None)])
            yield self.heard(name, k, pcm, row, kind, voice=voice)

    def long(self, name, n):
        for k in range(n):
            goal, parts, texts = int(sounds.RATE * self.rng.uniform(10, 27.5)), [], []
            while True:
                pcm, text, _, _ = self.utterance(("sentence", "command"), False)
                if texts and sum(map(len, parts)) + len(pcm) > goal:
                    break
                parts.append(pcm)
                texts.append(text)
            row = conversation([(spoken.OFFICIAL + "<|audio|>", " ".join(texts), None)])
            yield self.heard(name, k, np.concatenate(parts), row, "long")

    def no_speech(self, name, n):
        kinds = list(sounds.KINDS)
        for k in range(n):
            pcm, kind = sounds.no_speech(self.rng, self.nrng, True, kinds[k % len(kinds)])
            row = conversation([(spoken.with_audio(self.rng, spoken.OFFICIAL if k % 2 else self.rng.choice(spoken.PROMPTS)), spoken.NOTHING, None)])
            yield self.heard(name, k, pcm, row, kind)

    def asked_of_speech(self, name, n):
        for k in range(n):
            pcm, text, _, _ = self.utterance(("sentence", "command", "numbers"), False)
            yield self.heard(name, k, pcm, spoken.listen(self.rng, text, True, True), "question")

    # ---- pictures

    def seen(self, name, n, budget, kind=None, turns=1):
        for k in range(n):
            scene, asked, of = pictures.make(self.rng, True, kind or ("one", "count", "two", "text")[k % 4])
            prompt, expected = question_of(pictures.look(self.rng, asked, True, turns))
            file = "%s-%d.png" % (name, k)
            scene.finish().save(os.path.join(self.folder, file))
            yield dict(image=file, budget=budget, prompt=prompt, expected=expected, kind=of)

    # ---- text

    def text(self, n, make, kind):
        for _ in range(n):
            prompt, expected = question_of(make(self.rng))
            yield dict(prompt=prompt, expected=expected, kind=kind)

    def tool(self, n, stage):
        for kind in ("calculator", "time", "named"):
            yield from self.text(n, lambda r: tools.tools(r, True, kind, stage), kind)


SETS = {
    "speech": lambda w, s, n: w.said(s, n, ("sentence", "command", "digits", "numbers")),
    "words": lambda w, s, n: w.said(s, n, ("words",)),
    "voices": lambda w, s, n: w.said(s, n, ("sentence", "command", "digits", "numbers"), True),
    "long": lambda w, s, n: w.long(s, n // 3),
    "no-speech": lambda w, s, n: w.no_speech(s, n),
    "pictures-70": lambda w, s, n: w.seen(s, n, 70),
    "pictures-280": lambda w, s, n: w.seen(s, n, 280),
    "counting-70": lambda w, s, n: w.seen(s, n, 70, "count"),
    "counting-280": lambda w, s, n: w.seen(s, n, 280, "count"),
    "sums": lambda w, s, n: w.text(n, lambda r: sums.sums(r, True, True), "sum"),
    "direct": lambda w, s, n: w.text(n, lambda r: sums.sums(r, True, False), "sum"),
    "calls": lambda w, s, n: w.tool(n, "call"),
    "tool-answers": lambda w, s, n: w.tool(n, "answer"),
    "no-tool": lambda w, s, n: w.text(n, lambda r: tools.tools(r, True, None, "chat"), "chat"),
    "talk": lambda w, s, n: w.text(n, lambda r: talk.talk(r, True, True), "talk"),
    "unknown": lambda w, s, n: w.text(n, lambda r: talk.talk(r, True, False), "unknown"),
    "turns": lambda w, s, n: w.text(n, lambda r: turns.several(r, True, 2), "two turns"),
    "picture-turns": lambda w, s, n: w.seen(s, n, 70, None, 2),
    "speech-turns": lambda w, s, n: w.asked_of_speech(s, n),
}


def make(folder, seed=990000, size=300, only=None):
    w = Writer(folder, seed)
    for name, items in SETS.items():
        if only and name not in only:
            continue
        w.begin(name)
        with open(os.path.join(folder, name + ".jsonl"), "w", encoding="utf-8") as f:
            for item in items(w, name, size):
                f.write(json.dumps(item, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    make(sys.argv[1], *map(int, sys.argv[2:4]))
