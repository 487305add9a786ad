# evaluate.py: how good the model is on what it was not trained on: evaluate.py MODEL SETS [--engine gem-cli …] [--readme FILE]
#
# SPDX-License-Identifier: GPL-3.0-or-later
#
# SETS is a folder of sets.py, which is made when it is not there.  The reference is transformers, in float32 with the bf16
# weights.  Greedy, to the end of the turn.  An answer that teacher forcing shows to be the expected one is what greedy
# decoding writes; only the others are written out token by token.
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import wave

import numpy as np
import torch
from PIL import Image

import model as M
import pictures
import sets
import table
from encode import Encoder, soft_tokens

STOP = (1, 106, 50)
LITTLE = set("a an the is are there it says and on at of to in what with background".split())
SPEECH = ("speech", "words", "voices", "long")
UNTRAINED = "Stop the music."                                   # has no gap, and folds to the held-out side: training never had it


def words(s):
    return re.findall(r"[a-z']+|[0-9]+", s.lower())


def edits(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


def answer_of(text):
    return re.sub(r"(<turn\|>|<eos>)$", "", text.split("<channel|>")[-1])


# ---- the items and their media

def samples_of(path):
    with wave.open(path, "rb") as w:
        return np.frombuffer(w.readframes(w.getnframes()), "<i2")


class Item:
    def __init__(self, folder, line, encoder):
        self.__dict__.update(json.loads(line))
        self.folder, self.medium, n = folder, None, 0
        if "audio" in self.__dict__:
            self.medium, self.pcm = "<|audio|>", samples_of(os.path.join(folder, self.audio))
            n = soft_tokens(len(self.pcm))
        elif "image" in self.__dict__:
            self.medium = "<|image|>"
            self.patches, self.pos, n, _ = pictures.patches(Image.open(os.path.join(folder, self.image)).convert("RGB"), self.budget)
        self.soft = n
        self.prompt_ids, self.expected_ids = encoder.expand(self.prompt, self.medium, n), encoder.ids(self.expected)


def load(folder, name, encoder, limit=None):
    with open(os.path.join(folder, name + ".jsonl"), encoding="utf-8") as f:
        lines = f.read().splitlines()
    return [Item(folder, line, encoder) for line in lines[:limit]]


# ---- the reference

class Reference:
    def __init__(self, folder):
        from transformers import Gemma4ForConditionalGeneration
        kinds = {"": "sdpa", "text_config": "sdpa", "vision_config": "sdpa", "audio_config": "sdpa"}
        self.dev = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.m = Gemma4ForConditionalGeneration.from_pretrained(folder, dtype=torch.bfloat16, attn_implementation=kinds).float().to(self.dev).eval()
        self.mel = M.Mel(self.dev)

    @torch.no_grad()
    def perceive(self, items):
        """(soft tokens of all the items one after the other, as rows)."""
        if items[0].medium == "<|audio|>":
            n = np.array([len(i.pcm) for i in items])
            w = np.zeros((len(items), n.max()), np.float32)
            for k, i in enumerate(items):
                w[k, :len(i.pcm)] = i.pcm.astype(np.float32) / 32768
            feats, valid = self.mel(torch.from_numpy(w).to(self.dev), torch.from_numpy(n).to(self.dev))
            rows = M.hear(self.m, feats, valid)[0]
        else:
            rows = M.see(self.m, torch.from_numpy(np.stack([i.patches for i in items])).to(self.dev), torch.from_numpy(np.stack([i.pos for i in items])).to(self.dev))[0]
        return [rows[k, :i.soft] for k, i in enumerate(items)]

    @torch.no_grad()
    def states(self, ids, soft):
        """Last hidden states of right-padded rows."""
        x = np.zeros((len(ids), (max(map(len, ids)) + 15) // 16 * 16), np.int64)
        for k, r in enumerate(ids):
            x[k, :len(r)] = r
        media, dst, src = None, None, None
        if soft:
            c = self.m.config
            places = np.flatnonzero(np.isin(x.ravel(), [c.image_token_id, c.audio_token_id]))
            media = torch.cat(soft)[None]
            dst, src = torch.from_numpy(places).to(self.dev), torch.arange(len(places), device=self.dev)
        return M.decode(self.m, torch.from_numpy(x).to(self.dev), media, dst, src)

    @torch.no_grad()
    def answers(self, items, longest):
        """The ids that greedy decoding writes after each prompt."""
        soft = self.perceive(items) if items[0].medium else []
        h = self.states([i.prompt_ids + i.expected_ids for i in items], soft)
        out, wrong = [None] * len(items), []
        for k, i in enumerate(items):
            p, e = len(i.prompt_ids), len(i.expected_ids)
            guess = M.head(self.m, h[k, p - 1:p + e - 1]).argmax(-1).tolist()
            out[k] = guess
            if guess != i.expected_ids:                          # as far as it agrees it is what greedy decoding writes
                out[k] = guess[:1 + next(j for j in range(e) if guess[j] != i.expected_ids[j])]
                wrong.append(k)
        while wrong:
            wrong = [k for k in wrong if out[k][-1] not in STOP and len(out[k]) < longest]
            if wrong:
                h = self.states([items[k].prompt_ids + out[k] for k in wrong], [soft[k] for k in wrong] if soft else [])
                for n, k in enumerate(wrong):
                    out[k].append(int(M.head(self.m, h[n, len(items[k].prompt_ids) + len(out[k]) - 1]).argmax()))
        return out

    def run(self, items, longest):
        order = sorted(range(len(items)), key=lambda k: len(items[k].prompt_ids))
        out, size = [None] * len(items), (60 if self.dev.type == "cuda" else 12)
        for at in range(0, len(order), size):
            part = order[at:at + size]
            for k, ids in zip(part, self.answers([items[k] for k in part], longest)):
                out[k] = ids
        return out


# ---- our engine

class Engine:
    def __init__(self, program, model, arguments):
        self.program, self.model, self.arguments = program, model, arguments
        self.accepted = self.drafted = 0

    def one(self, item, longest, folder):
        ids = os.path.join(folder, "ids.json")
        with open(ids, "w") as f:
            json.dump(item.prompt_ids, f)
        command = [self.program, "inspect", "generate", "--model", self.model, "--ids", ids, "--max-tokens", str(longest), "--greedy"] + self.arguments
        if item.medium == "<|audio|>":
            command += ["--audio", os.path.join(item.folder, item.audio)]
        elif item.medium:
            path = os.path.join(folder, "picture.ppm")
            Image.open(os.path.join(item.folder, item.image)).convert("RGB").save(path)
            command += ["--image", path, "--budget", str(item.budget)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit("%s: %s" % (" ".join(command), done.stderr))
        got = json.loads(done.stdout.splitlines()[-1])
        for r in got.get("rounds", []):
            self.accepted += r["accepted"]
            self.drafted += len(r["draft"])
        return got["ids"]

    def run(self, items, longest):
        with tempfile.TemporaryDirectory() as folder:
            return [self.one(i, longest, folder) for i in items]


# ---- scores

def is_right(item, text):
    """Word for word; but a single shape may be counted or described, where the question leaves it open."""
    answer, expected = answer_of(text), answer_of(item.expected)
    one = re.match(r"There is 1 (\w+ \w+)\.$", expected)
    return answer == expected or bool(one and any(q in item.prompt for q in pictures.DESCRIBE) and re.match(r"An? (large |small )?%s\b" % one.group(1), answer))


def score(name, items, texts):
    """{measure: per cent}; of speech the word error rate, of all others the share of right answers."""
    right = [is_right(i, t) for t, i in zip(texts, items)]
    share = lambda keep: 100 * sum(r for r, i in zip(right, items) if keep(i)) / max(1, sum(map(keep, items)))
    out = {"n": len(items), "right": share(lambda i: True)}
    if name in SPEECH:
        wrong = [edits(words(answer_of(i.expected)), words(answer_of(t))) for i, t in zip(items, texts)]
        count = [len(words(answer_of(i.expected))) for i in items]
        out["wer"], out["words"] = 100 * sum(wrong) / sum(count), sum(count)
        rest = [j for j, i in enumerate(items) if UNTRAINED not in i.expected]
        out["wer without"] = 100 * sum(wrong[j] for j in rest) / max(1, sum(count[j] for j in rest))
        for kind in sorted({i.kind for i in items}):
            k = [j for j, i in enumerate(items) if i.kind == kind]
            out["wer of " + kind] = 100 * sum(wrong[j] for j in k) / sum(count[j] for j in k)
        return out
    if name.startswith("pictures"):
        meant = [set(words(answer_of(i.expected))) - LITTLE for i in items]
        out["attributes"] = 100 * sum(len(m & set(words(answer_of(t)))) for m, t in zip(meant, texts)) / sum(map(len, meant))
    for kind in sorted({i.kind for i in items}):
        out[kind] = share(lambda i: i.kind == kind)
    return out


def accepted_drafts(program, model, encoder, folder, names, limit):
    """{set: so many drafts, and how many per cent of them were what the model wrote}."""
    out, total = {}, Engine(program, model, [])
    for name in names:
        engine = Engine(program, model, ["--drafter", os.path.join(model, "assistant"), "--drafts", "2"])
        engine.run(load(folder, name, encoder, limit), LIMITS.get(name, 120))
        out[name] = {"n": engine.drafted, "accepted": 100 * engine.accepted / max(1, engine.drafted)}
        total.accepted, total.drafted = total.accepted + engine.accepted, total.drafted + engine.drafted
        print("drafts of %-14s %5d, accepted %.1f %%" % (name, engine.drafted, out[name]["accepted"]), flush=True)
    return dict(out, all={"n": total.drafted, "accepted": 100 * total.accepted / max(1, total.drafted)})


LIMITS = {"sums": 150, "long": 260}


def evaluate(runner, encoder, folder, names, limit=None, keep=None, show=3, results=None, done=lambda: None):
    """results: what is there already and need not be done again; done is called after each set."""
    results = {} if results is None else results
    for name in [n for n in names if n not in results]:
        begin, items = time.time(), load(folder, name, encoder, limit)
        texts = [encoder.text(ids) for ids in runner.run(items, LIMITS.get(name, 120))]
        results[name] = score(name, items, texts)
        print("%-14s %s  (%.0f s)" % (name, {k: round(v, 2) for k, v in results[name].items()}, time.time() - begin), flush=True)
        bad = [(i.prompt.split("<|turn>user\n")[-1][-90:], i.expected, t) for i, t in zip(items, texts) if t != i.expected]
        for b in bad[:show]:
            print("    %r\n      expected %r\n      written  %r" % b, flush=True)
        if keep is not None:
            keep[name] = texts
        done()
    return results


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("model")
    ap.add_argument("sets")
    ap.add_argument("--only", default="", help="names of sets, with commas")
    ap.add_argument("--limit", type=int, help="so many items of each set")
    ap.add_argument("--seed", type=int, default=990000, help="of the sets, where they are made")
    ap.add_argument("--size", type=int, default=300, help="likewise")
    ap.add_argument("--engine", help="gem-cli, to compare with the reference")
    ap.add_argument("--engine-limit", type=int, default=20)
    ap.add_argument("--run", action="append", default=[], help='the engine\'s arguments, such as "--weights q8"; repeatable')
    ap.add_argument("--drafts-only", action="store_true", help="of the engine only how many drafts are accepted")
    ap.add_argument("--json", help="where the results go; what is there is not done again")
    ap.add_argument("--readme", help="the file whose table is written anew")
    ap.add_argument("--show", type=int, default=3)
    o = ap.parse_args()
    if not os.path.exists(os.path.join(o.sets, "talk.jsonl")):
        sets.make(o.sets, o.seed, o.size)
    encoder = Encoder(os.path.join(o.model, "tokenizer.json"))
    names = o.only.split(",") if o.only else list(sets.SETS)
    report, far = {"reference": {}}, False
    if o.json and os.path.exists(o.json):
        with open(o.json) as f:
            report = json.load(f)

    def save():
        if o.json:
            with open(o.json, "w") as f:
                json.dump(report, f, indent=1)
    evaluate(Reference(o.model), encoder, o.sets, names, o.limit, None, o.show, report["reference"], save)
    if o.engine:
        report["drafts"] = accepted_drafts(o.engine, o.model, encoder, o.sets, names, o.engine_limit)
        save()
    if o.engine and not o.drafts_only:
        texts = {}
        report["reference, same items"] = evaluate(Reference(o.model), encoder, o.sets, names, o.engine_limit, texts, 0)
        for arguments in o.run or ["--weights bf16", "--weights q8", "--weights q4"]:
            print("engine " + arguments, flush=True)
            engine = Engine(o.engine, o.model, arguments.split())
            report[arguments] = evaluate(engine, encoder, o.sets, names, o.engine_limit, None, 0)
            a, b = ([np.mean([r[n]["right"] for n in names]) for r in (report["reference, same items"], report[arguments])])
            print("engine %s: %.2f %% right in the mean of the sets, the reference %.2f %%" % (arguments, b, a), flush=True)
            far = far or abs(a - b) > 1
    save()
    if o.readme:
        table.write(report, o.readme)
    return 1 if far else 0


if __name__ == "__main__":
    sys.exit(main())
