# turns.py: conversations of several turns, and the title that Facet asks for after the first.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import re

from chat import conversation, system_text
from sums import answer_of, one_sum
from talk import asked, exchange

TITLE = ("Give this conversation a title of two to six words, in its own language. Write only the title, without quotation marks "
         "and without a full stop.")
MORE = ["And {n} more?", "Add {n} to that.", "Plus {n}?", "Now add {n}.", "And {n} more on top?", "What if I add {n}?"]
LESS = ["Take {n} away.", "Minus {n}?", "And {n} less?", "Now subtract {n}.", "What if I take {n} away?"]
FIRST = ["What did I ask first?", "What was my first question?", "Which question came first?", "What was the first thing that I asked?"]
LAST = ["What did I just ask?", "What was my last question?", "Which question was the last?", "What did I say before this?"]
AGAIN = ["Say that again.", "Repeat your answer.", "Once more, please.", "Can you repeat that?", "What did you say?"]
SUM = re.compile(r"(-?\d+) [+-] \d+ = (-?\d+)\.$")


def follow(rng, turns, held):
    """A turn that needs those before it, or None."""
    last_sum = SUM.match(turns[-1][1])
    r = rng.random()
    if last_sum and r < 0.5 and int(last_sum.group(2)) >= 0:
        n, a = rng.randint(0, 20), int(last_sum.group(2))
        if a <= 150:
            op = rng.choice("+-")
            answer, thought = answer_of(a, op, n)
            return rng.choice(MORE if op == "+" else LESS).format(n=n), answer, thought
    if r < 0.65:
        return asked(rng, rng.choice(AGAIN)), turns[-1][1], "I repeat my answer."
    if r < 0.8:
        return asked(rng, rng.choice(FIRST)), "You asked: %s" % turns[0][0], "I look at the first question."
    return asked(rng, rng.choice(LAST)), "You asked: %s" % turns[-1][0], "I look at the last question."


def independent(rng, held):
    if rng.random() < 0.5:
        return exchange(rng, held)[:3]
    question, a, op, b = one_sum(rng, held)
    answer, thought = answer_of(a, op, b)
    return question, answer, thought


def title_of(rng, held):
    if rng.random() < 0.4:
        question, a, op, b = one_sum(rng, held)
        return (question, answer_of(a, op, b)[0], None), "%d %s %d" % (a, {"+": "plus", "-": "minus"}[op], b)
    user, answer, _, title = exchange(rng, held)
    return (user, answer, None), title


def titled(rng, held=False):
    turn, title = title_of(rng, held)
    return conversation([turn, (TITLE, title, None)], system_text(rng))


def several(rng, held=False, n=None):
    """n turns (2 to 5); what is held out is held out in each of them."""
    n = n or rng.choice([2, 2, 3, 3, 4, 5])
    turns = [independent(rng, held)]
    while len(turns) < n:
        turns.append(follow(rng, turns, held) if rng.random() < 0.45 else independent(rng, held))
    return conversation(turns, system_text(rng), rng.random() < 0.3)
