# chat.py: conversations in the text form of Gemma 4's chat template (revision e2b), and what of them is to be learnt.
#
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A row is a list of (text, learn): its texts in order are the whole conversation, with special tokens written out and one
# <|image|> or <|audio|> where the medium goes; those with `learn` are what the model has to write.  Texts are cut where no
# token can span the cut: at special tokens and line ends.
QUOTE = '<|"|>'
SYSTEMS = ["You are a helpful assistant.", "You are Facet, a desktop assistant.", "Answer briefly.", "Be friendly.",
           "Answer in one sentence.", "You help people with their work.", "Be polite and short."]


def system_text(rng, share=0.35):
    return rng.choice(SYSTEMS) if rng.random() < share else ""


def system_turn(text, think, tools=""):
    body = ("<|think|>\n" if think else "") + text + tools
    return "<bos>" + ("<|turn>system\n%s<turn|>\n" % body if body else "")


def user_turn(text):
    return "<|turn>user\n%s<turn|>\n<|turn>model\n" % text


def thought_text(thought):
    return "<|channel>thought\n%s\n<channel|>" % thought


def conversation(turns, system="", think=False, tools=""):
    """turns: (user, answer, thought).  What was thought is left out of history, so only the last turn can be learnt then."""
    row = [(system_turn(system, think, tools), False)]
    for i, (user, answer, thought) in enumerate(turns):
        last = i == len(turns) - 1
        row.append((user_turn(user), False))
        row.append(((thought_text(thought) if think and last and thought else "") + answer + "<turn|>", last or not think))
        if not last:
            row.append(("\n", False))
    return row


def question_of(row):
    """(prompt, expected): everything before the last text to be learnt, and that text."""
    last = max(i for i, (_, learn) in enumerate(row) if learn)
    return "".join(text for text, _ in row[:last]), row[last][0]
