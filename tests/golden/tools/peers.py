#!/usr/bin/env python3
"""Feeds test cases of other projects to `gem-cli inspect` and says what agreed.

usage: peers.py --gem-cli PATH [--cases DIR] [--tokenizer tokenizer.json[.gz]] [--model DIR] [--only parse,render,…] [--timeout S] [-v]

Cases: *.jsonl in DIR, ../peers unless told; README.md there describes them.  `tokenize` needs --tokenizer (Gemma 3's or 4's), `audio` needs
--model (any checkpoint folder, the tiny one will do).  Cases marked "disputed" contradict our own goldens or reference
pages: they are asked and counted apart and never fail.  Exit status 1 if an undisputed case fails.  Standard library only.
"""
import argparse
import gzip
import json
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import wave

HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = ("parse", "render", "size", "audio", "tokenize")


def judge(case, answer):
    """What is wrong with the answer, or "" """
    if not isinstance(answer, dict):
        return "no answer"
    want = case["expect"]
    if "error" in answer:
        return "" if want.get("no_crash") else "error: %s" % answer["error"]
    calls = answer.get("tool_calls") or []
    for key, value in want.items():
        if key in ("reasoning", "content"):                  # peers differ in writing "none" as null or as ""
            ok, got = (answer.get(key) or "") == (value or ""), answer.get(key)
        elif key == "reasoning_stripped":
            ok, got = (answer.get("reasoning") or "").strip() == value, answer.get("reasoning")
        elif key == "content_contains":
            ok, got = all(v in (answer.get("content") or "") for v in value), answer.get("content")
        elif key == "names":
            got = [c.get("name") for c in calls]
            ok = got == value
        elif key == "tool_calls":
            got = [{"name": c.get("name"), "arguments": c.get("arguments")} for c in calls]
            ok = same(got, value)
        elif key == "ends_with":
            got = (answer.get("rendered") or "")[-len(value) - 40:]
            ok = got.endswith(value)
        elif key.endswith("_at_most"):
            got = answer.get(key[:-8])
            ok = got is not None and got <= value
        elif key == "no_crash":
            ok, got = True, None
        else:
            got = answer.get(key)
            ok = got == value
        if not ok:
            return "%s: expected %r, got %r" % (key, value, got)
    return ""


def same(a, b):
    """Equality in which 1 == 1.0 but 1 != true."""
    if isinstance(a, bool) or isinstance(b, bool) or a is None or b is None:
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def question(case):
    asked = dict(case["input"])
    if "pieces" in asked:
        pieces = asked.pop("pieces")
        asked.update(output="".join(pieces), chunks=[len(p.encode()) for p in pieces])
    return asked


def run(command, stdin, timeout, good):
    try:
        p = subprocess.run(command, input=stdin, capture_output=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return None, "no end after %g s" % timeout
    if p.returncode < 0:
        return None, "CRASHED with %s" % signal.Signals(-p.returncode).name
    if p.returncode not in good:
        return None, "exit status %d: %s" % (p.returncode, p.stderr.decode("utf-8", "replace").strip()[-200:])
    return p.stdout, ""


def ask(opt, args, questions):
    text = "".join(json.dumps(q, ensure_ascii=False) + "\n" for q in questions).encode()
    out, problem = run([opt.gem_cli, "inspect"] + args, text, opt.timeout, (0, 1))
    if out is None:
        return [{"error": problem}] * len(questions)
    answers = []
    for line in out.split(b"\n"):
        if line.strip():
            try:
                answers.append(json.loads(line))
            except ValueError:
                answers.append({"error": "not JSON: %r" % line[:60]})
    return (answers + [None] * len(questions))[:len(questions)]


def count_audio(opt, folder, samples):
    """How many soft tokens a clip of noise of so many samples gives."""
    wav, out = os.path.join(folder, "clip.wav"), os.path.join(folder, "clip.safetensors")
    rng = random.Random(samples)
    with wave.open(wav, "wb") as f:
        f.setnchannels(1)
        f.setsampwidth(2)
        f.setframerate(16000)
        f.writeframes(struct.pack("<%dh" % samples, *(rng.randint(-2000, 2000) for _ in range(samples))))
    done, problem = run([opt.gem_cli, "inspect", "audio", "--model", opt.model, wav, "--out", out], b"", opt.timeout, (0,))
    if done is None:
        return {"error": problem}
    with open(out, "rb") as f:
        size = struct.unpack("<Q", f.read(8))[0]
        begin, end = json.loads(f.read(size))["audio_mask"]["data_offsets"]
        f.seek(begin, 1)
        return {"soft_tokens": sum(1 for b in f.read(end - begin) if b)}


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--gem-cli", required=True)
    ap.add_argument("--cases", default=os.path.join(HERE, "..", "peers"))
    ap.add_argument("--tokenizer")
    ap.add_argument("--model")
    ap.add_argument("--only")
    ap.add_argument("--timeout", type=float, default=300)
    ap.add_argument("-v", action="store_true", help="also list the disputed cases that did not agree")
    opt = ap.parse_args()
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        if opt.tokenizer and opt.tokenizer.endswith(".gz"):
            with gzip.open(opt.tokenizer) as f, open(os.path.join(folder, "tokenizer.json"), "wb") as g:
                g.write(f.read())
            opt.tokenizer = os.path.join(folder, "tokenizer.json")
        for kind in opt.only.split(",") if opt.only else KINDS:
            if not os.path.exists(os.path.join(opt.cases, kind + ".jsonl")):
                continue
            with open(os.path.join(opt.cases, kind + ".jsonl"), encoding="utf-8") as f:
                cases = [json.loads(line) for line in f]
            left_out = [c for c in cases if "not_applicable" in c]
            cases = [c for c in cases if "not_applicable" not in c]
            needed = {"tokenize": ("--tokenizer", opt.tokenizer), "audio": ("--model", opt.model)}.get(kind, ("", True))
            if not needed[1]:
                print("%-9s %d cases skipped: give %s" % (kind, len(cases), needed[0]))
                continue
            if kind == "audio":
                answers = [count_audio(opt, folder, c["input"]["samples"]) for c in cases]
            else:
                answers = ask(opt, [kind] + (["--tokenizer", opt.tokenizer] if kind == "tokenize" else []), [question(c) for c in cases])
            wrong = [judge(c, a) for c, a in zip(cases, answers)]
            for c, w in zip(cases, wrong):
                if w and ("disputed" not in c or opt.v):
                    print("%s %s %s, %s\n     %s" % ("FAIL" if "disputed" not in c else "disp", kind, c["source"]["repo"], c["source"]["test"], w[:400]))
            plain = [w for c, w in zip(cases, wrong) if "disputed" not in c]
            disputed = [w for c, w in zip(cases, wrong) if "disputed" in c]
            bad = sum(map(bool, plain))
            passed, failed = passed + len(plain) - bad, failed + bad
            print("%-9s %d passed, %d failed; disputed: the engine agrees with the peer in %d of %d; not applicable: %d"
                  % (kind, len(plain) - bad, bad, sum(not w for w in disputed), len(disputed), len(left_out)))
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
