/* gem-cli.c: the engine's program for engineers: chooses the command and says how it is used.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Every command lives in a file of its own (gem-cli-*.c); their forms are fixed, as other programs
 * compare the engine with other implementations through them.  One thread; the only place besides
 * the commands that prints. */
#define G_LOG_DOMAIN "gem"

#include "config.h"
#include "gem-cli.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: gem-cli inspect COMMAND [OPTION…]\n"
    "       gem-cli bench (--synthetic e2b|e4b | --model DIR) [OPTION…]\n"
    "\n"
    "One stage of the model alone, from files or standard input:\n"
    "  inspect tokenize   text to token ids and back                     JSON Lines\n"
    "  inspect render     a conversation as the model reads it           JSON Lines\n"
    "  inspect parse      the model's output taken apart                 JSON Lines\n"
    "  inspect size       the size to which an image is brought          JSON Lines\n"
    "  inspect sample     probabilities of the next token                JSON Lines\n"
    "  inspect answer     a conversation to the model's answer           JSON Lines\n"
    "  inspect image      a picture to the pixels that the model sees    safetensors\n"
    "  inspect audio      sound to log-mel features                      safetensors\n"
    "  inspect logits     token ids to logits                            safetensors\n"
    "  inspect generate   token ids to their continuation                JSON\n"
    "  bench              speed, and the share of what the machine can do\n"
    "\n"
    "gem-cli COMMAND --help shows the options of a command.\n"
    "Exit status: 0 all answered, 1 some errors, 2 wrong usage or a model that cannot be loaded.\n";

static const char *const line_commands[] = {"tokenize", "render", "parse", "size",
                                            "sample",   "answer", NULL};

static int
show_usage (void)
{
  fputs (usage, stderr);
  return GEM_CLI_USAGE;
}

static int
inspect (int argc, char **argv)
{
  const char *command = argc > 0 ? argv[0] : "";

  if (g_strv_contains (line_commands, command))
    return gem_cli_lines (command, argc, argv);
  if (strcmp (command, "image") == 0)
    return gem_cli_image (argc, argv);
  if (strcmp (command, "audio") == 0)
    return gem_cli_audio (argc, argv);
  if (strcmp (command, "logits") == 0)
    return gem_cli_logits (argc, argv);
  if (strcmp (command, "generate") == 0)
    return gem_cli_generate (argc, argv);
  return show_usage ();
}

int
main (int argc, char **argv)
{
  const char *command = argc > 1 ? argv[1] : "";

  setlocale (LC_CTYPE, "");
  setlocale (LC_MESSAGES, "");
  if (strcmp (command, "--help") == 0 || strcmp (command, "-h") == 0) {
    fputs (usage, stdout);
    return GEM_CLI_OK;
  }
  if (strcmp (command, "--version") == 0) {
    printf ("gem-cli %s\n", FACET_VERSION);
    return GEM_CLI_OK;
  }
  if (strcmp (command, "inspect") == 0)
    return inspect (argc - 2, argv + 2);
  if (strcmp (command, "bench") == 0)
    return gem_cli_bench (argc - 1, argv + 1);
  return show_usage ();
}
