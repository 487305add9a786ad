# sums.py: sums below one hundred, with the steps of school arithmetic as the thought.
#
# SPDX-License-Identifier: GPL-3.0-or-later
from chat import conversation, system_text
from lexicon import NAMES, PLURALS, fold

COLUMNS = ["Ones", "Tens", "Hundreds"]
ASKED = ["What is {a} {o} {b}?", "{a} {o} {b}", "{a}{o}{b}", "How much is {a} {w} {b}?", "Calculate {a} {o} {b}.", "What is {a} {w} {b}?", "{a} {o} {b} = ?", "Please compute {a} {w} {b}.",
         "Can you work out {a} {o} {b}?", "How much is {a} {o} {b}?", "Think about {a} {o} {b}.", "Add it up: {a} {o} {b}", "I need {a} {w} {b}."]
GETS, GIVES = ["buys", "finds", "gets", "receives"], ["sells", "loses", "gives away", "drops"]


def trace_add(a, b):
    x, y, out, carry = str(a)[::-1], str(b)[::-1], [], 0
    for i in range(max(len(x), len(y))):
        d, e = int(x[i]) if i < len(x) else 0, int(y[i]) if i < len(y) else 0
        t = d + e + carry
        out.append("%s: %d + %d%s = %d%s." % (COLUMNS[i], d, e, " + 1" if carry else "", t, ", write %d, carry 1" % (t % 10) if t > 9 else ""))
        carry = t // 10
    return "%d + %d. %s So %d." % (a, b, " ".join(out), a + b)


def trace_sub(a, b):
    if a < b:
        return "%d is less than %d, so the result is negative. " % (a, b) + trace_sub(b, a).replace("So ", "So -")
    x, y, out, borrow = str(a)[::-1], str(b)[::-1], [], 0
    for i in range(len(x)):
        d, e = int(x[i]), int(y[i]) if i < len(y) else 0
        t = d - borrow - e
        left = "%d%s - %d" % (d, " - 1" if borrow else "", e)
        out.append("%s: %s is too small, borrow: %d - %d = %d." % (COLUMNS[i], left, d - borrow + 10, e, t + 10) if t < 0 else "%s: %s = %d." % (COLUMNS[i], left, t))
        borrow = int(t < 0)
    return "%d - %d. %s So %d." % (a, b, " ".join(out), a - b)


def answer_of(a, op, b):
    """(answer, thought)."""
    return "%d %s %d = %d." % (a, op, b, a + b if op == "+" else a - b), (trace_add if op == "+" else trace_sub)(a, b)


def story(rng, a, op, b):
    name, things = rng.choice(NAMES), rng.choice(PLURALS)
    if op == "+":
        return "%s has %d %s and %s %d more. How many %s does %s have?" % (name, a, things, rng.choice(GETS), b, things, name)
    return "%s has %d %s and %s %d. How many %s are left?" % (name, a, things, rng.choice(GIVES), b, things)


def one_sum(rng, held=False):
    """(question, a, op, b); held-out are the pairs of numbers that fold to 0 of 8."""
    while True:
        top = 20 if rng.random() < 0.25 else 99
        a, b, op = rng.randint(0, top), rng.randint(0, top), rng.choice("+-")
        if (fold("%d%s%d" % (a, op, b), 8) == 0) == held:
            break
    if rng.random() < 0.2 and (op == "+" or a >= b):
        return story(rng, a, op, b), a, op, b
    return rng.choice(ASKED).format(a=a, b=b, o=op, w={"+": "plus", "-": "minus"}[op]), a, op, b


def sums(rng, held=False, think=None):
    question, a, op, b = one_sum(rng, held)
    answer, thought = answer_of(a, op, b)
    think = rng.random() < 0.75 if think is None else think
    return conversation([(question, answer, thought)], system_text(rng), think)
