/* facet-transcribe.h: asking the model to write down what is said.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The words with which the model was trained to transcribe; the sound follows them, thinking is
 * off. */
#define FACET_TRANSCRIBE_PROMPT                                                                    \
  "Transcribe the following speech segment in its original language. Follow these specific "       \
  "instructions for formatting the output:\n"                                                      \
  "* Only output the transcription, with no newlines.\n"                                           \
  "* When transcribing numbers, write the digits, i.e. write 1.7 and not one point seven, and "    \
  "write 3 instead of three."
