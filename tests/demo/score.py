#!/usr/bin/env python3
"""Scores what a model answers to a set of items through our engine.

usage: score.py --gem-cli PATH --model DIR --items DIR [--weights bf16|q8|q4] [--device NAME] [--only ABILITY,...] [--show]

PATH is the engine's command-line program (`inspect answer`, docs/inspect.md), DIR of --items a folder with items.jsonl,
bars.json and the pictures and sounds that they name (README.md beside this file says what is in them).  Every line says
what was scored, on how many items, the score, what it has to be, and pass or FAIL; the last one counts them.  --show also prints every
answer that is not right.  Exit status: 0 all passed, 1 something failed, 2 bad usage.  Needs numpy and espeak-ng.

Two things are checked of each ability: that the score keeps the bar (bf16 only: what fewer bits cost is the other check), and that it
is within a point of what the reference implementation scores on the same items.  Of fewer than a hundred items one weighs
more than a point: then it may be one item.  The last check is of all items together, and there a point is a point.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "golden", "tools"))

import clips
from compare import read_png

PREFACE = ("a an the is are there it says and on at of to in what with background").split()
POINT = 1.0
ROOM = 1e-9


# ---- what is right ----------------------------------------------------------------------------------------

def words(text):
    return re.findall(r"[a-z']+|[0-9]+", text.lower())


def edits(a, b):
    """How many words must be changed, added or left out to make a of b."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1]


def right_answers(item):
    expected = item["expected"]
    return expected if isinstance(expected, list) else [expected]


def score(item, answer):
    """(how much is right or wrong, of how much): words for wer and attributes, else of one."""
    metric, expected = item["metric"], right_answers(item)
    if metric == "wer":
        return min((edits(words(e), words(answer)), len(words(e))) for e in expected)
    if metric == "attributes":
        wanted = set(words(expected[0])) - set(PREFACE)
        return sum(w in words(answer) for w in wanted), len(wanted)
    if metric == "call":
        return int(any(answer and answer["name"] == e["name"] and answer["arguments"] == e["arguments"] for e in expected)), 1
    return int(answer.strip() in [e.strip() for e in expected]), 1


def is_right(item, answer):
    got, most = score(item, answer)
    return got == 0 if item["metric"] == "wer" else got == most


def percent(pairs):
    return 100.0 * sum(a for a, _ in pairs) / max(1, sum(b for _, b in pairs))


# ---- asking the engine ------------------------------------------------------------------------------------

def write_ppm(path, pixels):
    with open(path, "wb") as f:
        f.write(b"P6\n%d %d\n255\n" % (pixels.shape[1], pixels.shape[0]) + pixels.tobytes())


def prepare(item, folder, out, number):
    """The question about item as gem-cli wants it, its media written to the folder out."""
    question = {"messages": item["messages"], "enable_thinking": bool(item.get("thinking")), "add_generation_prompt": True}
    if item.get("tools"):
        question["tools"] = item["tools"]
    for k, image in enumerate(item.get("images", [])):
        path = os.path.join(out, "%d-%d.ppm" % (number, k))
        write_ppm(path, read_png(os.path.join(folder, image["file"])))
        question.setdefault("images", []).append({"path": path, "budget": image["budget"]})
    for k, sound in enumerate(item.get("sounds", [])):
        path = os.path.join(out, "%d-%d.wav" % (number, k))
        clips.write(sound, folder, path)
        question.setdefault("sounds", []).append({"path": path})
    return question


def ask(questions, args):
    command = [args.gem_cli, "inspect", "answer", "--model", args.model, "--weights", args.weights]
    if args.device:
        command += ["--device", args.device]
    done = subprocess.run(command, input="".join(json.dumps(q) + "\n" for q in questions), stdout=subprocess.PIPE, text=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if len(answers) != len(questions):
        sys.exit("score.py: %s ended with status %d after %d of %d answers" % (args.gem_cli, done.returncode, len(answers), len(questions)))
    return answers


def read_answer(item, answer):
    if "error" in answer:
        sys.exit("score.py: an item of “%s” cannot be asked: %s" % (item["ability"], answer["error"]))
    if item["metric"] == "call":
        calls = answer["tool_calls"]
        return {"name": calls[0]["name"], "arguments": calls[0]["arguments"]} if len(calls) == 1 else None
    return answer["content"] or ""


# ---- judging ----------------------------------------------------------------------------------------------

class Count:
    passed = failed = 0

    def line(self, good, text):
        self.passed, self.failed = self.passed + good, self.failed + (not good)
        print("%s  %s" % ("pass" if good else "FAIL", text))


def judge(ability, rows, bar, args, count):
    """rows: (item, our answer) of one ability."""
    metric = rows[0][0]["metric"]
    if any(item["metric"] != metric for item, _ in rows):
        sys.exit("score.py: “%s” is measured in two ways" % ability)
    ours = percent([score(item, answer) for item, answer in rows])
    theirs = percent([score(item, item.get("reference", right_answers(item)[0])) for item, _ in rows])
    label = "%s %-26s %4d items  %-10s %6.2f" % (args.weights, ability, len(rows), metric, ours)
    if args.weights == "bf16":
        good = ours <= bar["must"] + ROOM if metric == "wer" else ours >= bar["must"] - ROOM
        count.line(good, "%s  must be %s %.2f" % (label, "at most" if metric == "wer" else "at least", bar["must"]))
    room = max(POINT, 100.0 / len(rows))
    count.line(abs(ours - theirs) <= room + ROOM, "%s  the reference %.2f, within %.2f" % (label, theirs, room))


def report(items, answers, bars, args):
    count, groups = Count(), {}
    for item, answer in zip(items, answers):
        groups.setdefault(item["ability"], []).append((item, answer))
    for ability, rows in groups.items():
        if ability not in bars:
            sys.exit("score.py: bars.json says nothing about “%s”" % ability)
        judge(ability, rows, bars[ability], args, count)
    ours = percent([(is_right(i, a), 1) for i, a in zip(items, answers)])
    theirs = percent([(is_right(i, i.get("reference", right_answers(i)[0])), 1) for i in items])
    count.line(abs(ours - theirs) <= POINT + ROOM,
               "%s %-26s %4d items  %-10s %6.2f  the reference %.2f, within %.2f" % (args.weights, "all of them", len(items), "exact", ours, theirs, POINT))
    if args.show:
        for item, answer in zip(items, answers):
            if not is_right(item, answer):
                print("      %s: %s, not %s" % (item["ability"], json.dumps(answer, ensure_ascii=False), json.dumps(item["expected"], ensure_ascii=False)))
    return count


def speed(answers):
    """Tokens a second while writing, and while reading prompts: printed, not judged."""
    written = sum(a["generated_tokens"] - 1 for a in answers)
    read = sum(a["prompt_tokens"] - a["reused_tokens"] for a in answers)
    return written / (sum(a["decode_ms"] for a in answers) / 1e3), read / (sum(a["prefill_ms"] for a in answers) / 1e3)


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1][7:])
    parser.add_argument("--gem-cli", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--items", required=True)
    parser.add_argument("--weights", default="bf16", choices=["bf16", "q8", "q4"])
    parser.add_argument("--device")
    parser.add_argument("--only")
    parser.add_argument("--show", action="store_true")
    args = parser.parse_args()
    with open(os.path.join(args.items, "items.jsonl"), encoding="utf-8") as f:
        items = [json.loads(line) for line in f if line.strip()]
    with open(os.path.join(args.items, "bars.json"), encoding="utf-8") as f:
        bars = json.load(f)
    if args.only:
        items = [i for i in items if i["ability"] in args.only.split(",")]
    if not items:
        sys.exit("score.py: there are no items")
    with tempfile.TemporaryDirectory(prefix="facet-score-") as out:
        raw = ask([prepare(item, args.items, out, n) for n, item in enumerate(items)], args)
    count = report(items, [read_answer(i, a) for i, a in zip(items, raw)], bars, args)
    print("%s: %.0f tokens a second written, %.0f read" % ((args.weights,) + speed(raw)))
    print("%d passed, %d failed" % (count.passed, count.failed))
    return 1 if count.failed else 0


if __name__ == "__main__":
    sys.exit(main())
