#!/usr/bin/env python3
"""Writes into items what the model answers in numpy: the reference that score.py holds our engine against.

usage: reference.py --gem-cli PATH --model DIR --items DIR

Towers and decoder are those of tests/golden/tools/verify_numpy.py, in double precision.  Our engine only says what to
check: an answer is the reference's, token by token, if each of its tokens is the likeliest after those before it, which one
pass over the whole of it shows.  Where one is not, the reference goes on from there by itself.  Tokens of the prompt and
resized pixels are the engine's (tests/golden has both).  items.jsonl is rewritten with `reference` where it is not `expected`
word for word (README.md).  Minutes for a few hundred items.  Needs numpy and espeak-ng.
"""
import argparse
import json
import os
import re
import subprocess
import tempfile

import numpy as np

from score import HERE, ask, prepare, read_answer, right_answers

import verify_numpy as R
from clips import read_wav
from compare import read_safetensors

MOST = 512


class Model:
    def __init__(self, folder):
        self.w = R.load(os.path.join(folder, "model.safetensors"))
        with open(os.path.join(folder, "config.json"), encoding="utf-8") as f:
            self.c = json.load(f)
        with open(os.path.join(folder, "generation_config.json"), encoding="utf-8") as f:
            stops = json.load(f)["eos_token_id"]
        self.stops = stops if isinstance(stops, list) else [stops]
        with open(os.path.join(folder, "tokenizer.json"), encoding="utf-8") as f:
            self.names = {i: piece for piece, i in json.load(f)["model"]["vocab"].items()}
        self.text = R.Text(self.w, self.c["text_config"], "model.language_model.")
        self.places = [self.c[k] for k in ("image_token_id", "audio_token_id", "video_token_id")]
        self.filters = R.load(os.path.join(HERE, "..", "golden", "preproc", "mel.safetensors"))

    def spell(self, ids):
        """The text of ids, special tokens by their names."""
        out = b""
        for token in ids:
            piece = self.names[token]
            byte = re.fullmatch("<0x([0-9A-F]{2})>", piece)
            out += bytes([int(byte.group(1), 16)]) if byte else piece.replace("\u2581", " ").encode()
        return out.decode(errors="replace")

    def see(self, image, gem_cli):
        with tempfile.NamedTemporaryFile(suffix=".safetensors") as out:
            subprocess.run([gem_cli, "inspect", "image", "--budget", str(image["budget"]), "--out", out.name, image["path"]], check=True)
            pixels = read_safetensors(out.name)
        x, at = pixels["resized_u8"], pixels["position_ids"].astype(np.int64)
        patches = np.stack([x[16 * b:16 * b + 16, 16 * a:16 * a + 16].reshape(-1) for a, b in at]) / 255.0
        return R.embed_mm(self.w, "vision", R.vision(self.w, self.c["vision_config"], patches, at))

    def hear(self, sound):
        features, valid = R.mel(read_wav(sound["path"])[0], self.filters)
        out, valid = R.audio(self.w, self.c["audio_config"], features[valid], valid[valid])
        return R.embed_mm(self.w, "audio", out)[valid]

    def best(self, ids, soft):
        """The likeliest token after each of ids."""
        ids = np.array(ids)
        media = np.isin(ids, self.places)
        x = self.text.g("embed_tokens.weight")[ids] * self.c["text_config"]["hidden_size"] ** 0.5
        if media.any():
            x[media] = soft
        return self.text.logits(self.text.forward(x, np.where(media, 0, ids))[0]).argmax(-1)

    def answer(self, prompt, said, soft):
        """Greedily, to the end of the turn; said is a guess."""
        n = len(prompt)
        while len(said) < MOST:
            best = self.best(prompt + said, soft)[n - 1:]
            wrong = [i for i, token in enumerate(said) if token != best[i]]
            if not wrong and said and said[-1] in self.stops:
                return said
            said = said[:wrong[0]] + [int(best[wrong[0]])] if wrong else said + [int(best[len(said)])]
            if said[-1] in self.stops:
                return said
        return said


def soft_tokens(model, question, gem_cli):
    """Of all media of a question, in order: an item has pictures or sounds."""
    rows = [model.see(image, gem_cli) for image in question.get("images", [])] + [model.hear(sound) for sound in question.get("sounds", [])]
    return np.concatenate(rows) if rows else None


def inspect(args, command, questions):
    done = subprocess.run([args.gem_cli, "inspect"] + command, input="".join(json.dumps(q) + "\n" for q in questions), stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1][7:])
    parser.add_argument("--gem-cli", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--items", required=True)
    args = parser.parse_args()
    args.weights, args.device = "bf16", None
    path = os.path.join(args.items, "items.jsonl")
    with open(path, encoding="utf-8") as f:
        items = [json.loads(line) for line in f if line.strip()]
    model = Model(args.model)
    with tempfile.TemporaryDirectory(prefix="facet-reference-") as out:
        questions = [prepare(item, args.items, out, n) for n, item in enumerate(items)]
        answers = ask(questions, args)
        said = [model.answer(a["prompt_ids"], a["ids"], soft_tokens(model, q, args.gem_cli)) for q, a in zip(questions, answers)]
    parsed = inspect(args, ["parse"], [{"output": model.spell(ids)} for ids in said])
    for item, reference in zip(items, parsed):
        item.pop("reference", None)
        got = read_answer(item, reference)
        if got != right_answers(item)[0]:
            item["reference"] = got
    with open(path, "w", encoding="utf-8") as f:
        for item in items:
            f.write(json.dumps(item, ensure_ascii=False, separators=(",", ":")) + "\n")
    same = sum(ids == a["ids"] for ids, a in zip(said, answers))
    print("%d items; the engine's bf16 answers are the reference's token by token in %d" % (len(items), same))


if __name__ == "__main__":
    main()
