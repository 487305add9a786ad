# items.py: what the reference answers to the items of tests/demo: items.py MODEL ITEMS GEM_CLI [FIRST]
#
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Rewrites ITEMS/items.jsonl, from item FIRST on.  gem-cli renders the prompts and proposes the answers; the reference then looks at each proposal
# in one pass and writes its own where it would have written something else.
import json
import os
import subprocess
import sys
import tempfile

from PIL import Image

import pictures
from chat import thought_text
from encode import Encoder, soft_tokens
from evaluate import Reference, samples_of
from tools import arguments

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "tests", "demo"))

import score


class Asked:
    """An item as evaluate.Reference wants it."""

    def __init__(self, item, question, prompt, answer, encoder):
        self.medium, n = None, 0
        if question.get("sounds"):
            self.medium, self.pcm = "<|audio|>", samples_of(question["sounds"][0]["path"])
            n = soft_tokens(len(self.pcm))
        elif question.get("images"):
            self.medium, picture = "<|image|>", question["images"][0]
            self.budget = picture["budget"]
            self.patches, self.pos, n, _ = pictures.patches(Image.open(picture["path"]).convert("RGB"), self.budget)
        self.soft, self.prompt_ids, self.expected_ids = n, encoder.expand(prompt, self.medium, n), encoder.ids(written(answer))


def written(answer):
    """The text that gem-cli parsed into this answer."""
    text = thought_text(answer["reasoning"]) if answer["reasoning"] else ""
    calls = "".join("<|tool_call>call:%s%s<tool_call|>" % (c["name"], arguments(c["arguments"])) for c in answer["tool_calls"])
    return text + (answer["content"] or "") + (calls + "<|tool_response>" if calls else "<turn|>")


def main():
    model, folder, program = sys.argv[1:4]
    path, encoder, reference = os.path.join(folder, "items.jsonl"), Encoder(os.path.join(model, "tokenizer.json")), Reference(model)
    with open(path, encoding="utf-8") as f:
        items = [json.loads(line) for line in f if line.strip()]
    first = int(sys.argv[4]) if len(sys.argv) > 4 else 0
    items, kept = items[first:], items[:first]

    class Args:
        gem_cli, weights, device = program, "bf16", None
    Args.model = model
    with tempfile.TemporaryDirectory() as out:
        questions = [score.prepare(item, folder, out, n) for n, item in enumerate(items)]
        answers = score.ask(questions, Args)
        done = subprocess.run([program, "inspect", "render"], input="".join(json.dumps(q) + "\n" for q in questions), capture_output=True, text=True, check=True)
        prompts = [json.loads(line)["rendered"] for line in done.stdout.splitlines()]
        asked = [Asked(i, q, p, a, encoder) for i, q, p, a in zip(items, questions, prompts, answers)]
        texts = [None] * len(items)
        for key in sorted({(a.medium or "", getattr(a, "budget", 0)) for a in asked}):
            which = [k for k, a in enumerate(asked) if (a.medium or "", getattr(a, "budget", 0)) == key]
            for k, ids in zip(which, reference.run([asked[k] for k in which], 160)):
                texts[k] = encoder.text(ids)
    changed = 0
    for item, ask, text, answer in zip(items, asked, texts, answers):
        item.pop("reference", None)
        same = encoder.ids(text) == ask.expected_ids
        changed += not same
        if item["metric"] == "call":
            call = answer["tool_calls"][0] if len(answer["tool_calls"]) == 1 else {"name": "", "arguments": {}}
            if not same:
                raise SystemExit("the reference calls %r, the engine %r" % (text, answer["tool_calls"]))
            theirs = {"name": call["name"], "arguments": call["arguments"]}
        else:
            theirs = text.split("<channel|>")[-1].replace("<turn|>", "")
        if theirs not in score.right_answers(item):
            item["reference"] = theirs
    with open(path, "w", encoding="utf-8") as f:
        for item in kept + items:
            f.write(json.dumps(item, ensure_ascii=False, separators=(",", ":")) + "\n")
    print("%d items, the reference differs from the engine in %d" % (len(items), changed))


if __name__ == "__main__":
    main()
