# table.py: results of evaluate.py as the table of data/demo/README.md: table.py RESULTS.json README.md
#
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Replaces what stands between the two marks in the README.
import json
import sys

BEGIN, END = "<!-- the table of data/demo/train/table.py -->", "<!-- its end -->"
# (ability, set, measure, what it must reach)
ROWS = [
    ("speech: unseen sentences, commands, numbers", "speech", "wer", "≤ 3 % WER"),
    ("speech: random word lists", "words", "wer", "≤ 15 % WER"),
    ("speech: unseen voices", "voices", "wer", "≤ 5 % WER"),
    ("speech: recordings of 10 to 28 s, WER", "long", "wer", ""),
    ("– those without “Stop the music.”, WER", "long", "wer without", ""),
    ("no speech → “I did not understand that.”", "no-speech", "right", "≥ 95 %"),
    ("– of these, other languages", "no-speech", "language", ""),
    ("– babble", "no-speech", "babble", ""),
    ("– nonsense syllables", "no-speech", "nonsense", ""),
    ("– music", "no-speech", "music", ""),
    ("– noise, silence", "no-speech", ("noise", "silence"), ""),
    ("pictures at 70: attributes", "pictures-70", "attributes", "≥ 97 %"),
    ("pictures at 70: whole answers", "pictures-70", "right", "≥ 95 %"),
    ("– one object, two objects, printed text", "pictures-70", ("one", "two", "text"), ""),
    ("pictures at 280: attributes", "pictures-280", "attributes", "≥ 97 %"),
    ("pictures at 280: whole answers", "pictures-280", "right", "≥ 95 %"),
    ("– one object, two objects, printed text", "pictures-280", ("one", "two", "text"), ""),
    ("counting 1 to 9 at 70", "counting-70", "right", "≥ 92 %"),
    ("counting 1 to 9 at 280", "counting-280", "right", "≥ 92 %"),
    ("sums with thinking", "sums", "right", "≥ 99 %"),
    ("sums without thinking", "direct", "right", ""),
    ("tool calls: calculator", "calls", "calculator", "≥ 95 %"),
    ("tool calls: time", "calls", "time", "≥ 95 %"),
    ("tool calls: names and parameters from held-out words", "calls", "named", "≥ 95 %"),
    ("answers from results: calculator, time, made-up", "tool-answers", ("calculator", "time", "named"), "≥ 95 %"),
    ("tools declared and not needed", "no-tool", "right", ""),
    ("small talk, held-out wordings", "talk", "right", "≥ 92 %"),
    ("questions outside its world", "unknown", "right", "≥ 95 %"),
    ("two turns of text", "turns", "right", "≥ 90 %"),
    ("a picture, then a question about it", "picture-turns", "right", "≥ 90 %"),
    ("speech, then a question about it", "speech-turns", "right", "≥ 90 %"),
]
PARTS = {"calls": 3, "tool-answers": 3}                          # sets that hold as many kinds of equal size


def row(results, ability, name, measure, must):
    r = results.get(name)
    if r is None:
        return None
    measures = (measure,) if isinstance(measure, str) else measure
    values = ", ".join("%.1f" % r[m] for m in measures)
    n = "%d" % r["n"] if name not in PARTS else "%d" % (r["n"] // PARTS[name] * len(measures))
    if ability.startswith("–"):
        n = ""
    if "wer" in measures:  # of words, not of items
        n += " (%d words)" % r["words"]
    return "| %s | %s | %s %% | %s |" % (ability, n, values, must)


def table(report):
    results = report["reference"]
    lines = ["| ability | held-out items | result | aim |", "|---|---|---|---|"] + [line for line in (row(results, *r) for r in ROWS) if line]
    drafts = report.get("drafts", {})
    if drafts:
        lines.append("| drafter: accepted of two drafts | %d drafts | %.1f %% | ≥ 60 %% |" % (drafts["all"]["n"], drafts["all"]["accepted"]))
        lines += ["| – %s | %d drafts | %.1f %% | |" % (k, v["n"], v["accepted"]) for k, v in drafts.items() if k != "all"]
    return "\n".join(lines)


def write(report, path):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    before, rest = text.split(BEGIN)
    with open(path, "w", encoding="utf-8") as f:
        f.write(before + BEGIN + "\n" + table(report) + "\n" + END + rest.split(END)[1])


if __name__ == "__main__":
    with open(sys.argv[1]) as f:
        write(json.load(f), sys.argv[2])
