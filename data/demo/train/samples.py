# samples.py: what the model writes to the prompts of samples/samples.json: samples.py MODEL SAMPLES [NEW.json]
#
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Rewrites SAMPLES/samples.json, with the prompts of NEW.json after those that are there.
import json
import os
import sys

from encode import Encoder
from evaluate import Item, Reference


def main():
    model, folder = sys.argv[1:3]
    path, encoder, reference = os.path.join(folder, "samples.json"), Encoder(os.path.join(model, "tokenizer.json")), Reference(model)
    with open(path, encoding="utf-8") as f:
        samples = json.load(f)
    for name in sys.argv[3:]:
        with open(name, encoding="utf-8") as f:
            samples += json.load(f)
    items = [Item(folder, json.dumps(s), encoder) for s in samples]
    for key in sorted({(i.medium or "", s.get("budget", 0)) for i, s in zip(items, samples)}):
        which = [k for k, (i, s) in enumerate(zip(items, samples)) if (i.medium or "", s.get("budget", 0)) == key]
        for k, ids in zip(which, reference.run([items[k] for k in which], 150)):
            samples[k]["output"] = encoder.text(ids)
    for s in samples:
        if s["output"] != s["expected"]:
            print("expected %r\nwritten  %r" % (s["expected"], s["output"]))
    with open(path, "w", encoding="utf-8") as f:
        json.dump(samples, f, indent=1, ensure_ascii=False)
        f.write("\n")


if __name__ == "__main__":
    main()
