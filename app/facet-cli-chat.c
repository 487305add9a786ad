/* facet-cli-chat.c: "facet-cli chat": a conversation, line by line.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  The conversation is kept in memory only.  While an answer runs, what is typed waits
 * in the terminal. */
#define G_LOG_DOMAIN "facet-cli"

#include "facet-cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAX_LINE (16 << 20)

#define HELP                                                                                       \
  "  /think on, /think off   think before answering, or not\n"                                     \
  "  /new                    begin a new conversation\n"                                           \
  "  /drop                   when it does not fit: leave out the oldest messages\n"                \
  "  /quit                   end (also Ctrl-D)\n"                                                  \
  "A line that ends in \\ goes on in the next one.  //… sends a line that begins with /.\n"      \
  "Ctrl-C stops an answer; pressed again it ends.\n"

typedef struct {
  const FacetCliOptions *options;
  FacetCliTalk          *talk;
  GPtrArray             *messages; /* of FacetMessage */
  GString               *input;    /* read, not taken yet */
  gboolean               at_end;   /* of standard input */
  gboolean               is_tty;
  gboolean               thinking;
  gboolean               unanswered; /* the last message is a question that did not fit */
  gboolean               quit;
  int                    status;
} Chat;

/* Input */

/* The next line, without its end.  NULL: the end of the input, or Ctrl-C. */
static char *
read_line (Chat *chat)
{
  for (;;) {
    const char *end = memchr (chat->input->str, '\n', chat->input->len);
    char        buffer[65536];
    ssize_t     n;

    if (end != NULL || (chat->at_end && chat->input->len > 0)) {
      gsize length = end != NULL ? (gsize)(end - chat->input->str) : chat->input->len;
      char *line = g_utf8_make_valid (chat->input->str, (gssize)length);

      g_string_erase (chat->input, 0, (gssize)MIN (length + 1, chat->input->len));
      return line;
    }
    if (chat->at_end || !facet_cli_talk_wait_readable (chat->talk, STDIN_FILENO))
      return NULL;
    n = read (STDIN_FILENO, buffer, sizeof buffer);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
      continue;
    if (n < 0)
      facet_cli_complain ("standard input cannot be read: %s", g_strerror (errno));
    if (n > 0 && chat->input->len + (gsize)n > MAX_LINE) {
      facet_cli_complain ("a line is longer than %d MiB", MAX_LINE >> 20);
      chat->status = FACET_CLI_FAILURE;
      n = 0;
      g_string_truncate (chat->input, 0);
    }
    if (n > 0)
      g_string_append_len (chat->input, buffer, n);
    else
      chat->at_end = TRUE;
  }
}

static void
show_prompt (Chat *chat, const char *prompt)
{
  if (!chat->is_tty)
    return;
  fputs (prompt, stdout);
  fflush (stdout);
}

/* Lines that a backslash joins.  NULL: the end of the input, or Ctrl-C. */
static char *
read_message (Chat *chat)
{
  g_autoptr (GString) message = g_string_new (NULL);
  g_autofree char *line = NULL;

  show_prompt (chat, "> ");
  while ((line = read_line (chat)) != NULL) {
    gsize length = strlen (line);

    if (length > 0 && line[length - 1] == '\\') {
      g_string_append_len (message, line, (gssize)length - 1);
      g_string_append_c (message, '\n');
      g_clear_pointer (&line, g_free);
      show_prompt (chat, ". ");
      continue;
    }
    g_string_append (message, line);
    break;
  }
  if (line == NULL && message->len == 0)
    return NULL;
  return g_string_free (g_steal_pointer (&message), FALSE);
}

/* Talking */

static FacetRequest *
make_request (Chat *chat)
{
  FacetRequest *request = facet_cli_request_new (chat->options);

  request->thinking = chat->thinking;
  for (guint i = 0; i < chat->messages->len; i++) {
    FacetMessage        *message = g_ptr_array_index (chat->messages, i);
    FacetRequestMessage *item = facet_request_add (request, facet_message_get_role (message),
                                                   facet_message_get_text (message));

    if (*facet_message_get_thinking (message) != '\0')
      item->thinking = g_strdup (facet_message_get_thinking (message));
  }
  return request;
}

static void
keep_answer (Chat *chat, const FacetCliResult *result)
{
  FacetMessage *answer = facet_message_new (FACET_ROLE_ASSISTANT, result->answer->str);

  facet_message_set_thinking (answer, result->thought->str);
  g_ptr_array_add (chat->messages, answer);
}

/* Answers the last message.  What failed is not part of the conversation. */
static void
answer (Chat *chat, gboolean drop_oldest)
{
  g_autoptr (FacetRequest) request = make_request (chat);
  FacetCliResult result;

  request->drop_oldest |= drop_oldest;
  facet_cli_talk_run (chat->talk, request, &result);
  chat->unanswered = result.too_long && result.overflow.n_messages > 0 && chat->is_tty;
  if (facet_cli_judge (&result, chat->is_tty ? "Type /drop" : "Add --drop-oldest") !=
      FACET_CLI_OK) {
    if (!chat->is_tty) /* a person has seen it, a script has to be told */
      chat->status = FACET_CLI_FAILURE;
    if (!chat->unanswered)
      g_ptr_array_set_size (chat->messages, (int)chat->messages->len - 1);
  } else if (result.answer->len > 0)
    keep_answer (chat, &result);
  else
    g_ptr_array_set_size (chat->messages, (int)chat->messages->len - 1);
  if (result.stopped && facet_cli_talk_was_interrupted (chat->talk))
    fputs ("(stopped)\n", stderr);
  facet_cli_result_clear (&result);
  if (!facet_cli_flush ()) {
    chat->status = FACET_CLI_FAILURE;
    chat->quit = TRUE;
  }
}

static void
ask (Chat *chat, const char *text)
{
  if (text[strspn (text, " \t\r\n")] == '\0')
    return;
  if (chat->unanswered) /* another question takes its place */
    g_ptr_array_set_size (chat->messages, (int)chat->messages->len - 1);
  g_ptr_array_add (chat->messages, facet_message_new (FACET_ROLE_USER, text));
  answer (chat, FALSE);
}

static void
obey (Chat *chat, const char *command)
{
  g_auto (GStrv) words = g_strsplit (command, " ", 2);
  const char *value = words[0] != NULL && words[1] != NULL ? g_strstrip (words[1]) : "";

  if (g_strcmp0 (words[0], "/quit") == 0 || g_strcmp0 (words[0], "/exit") == 0)
    chat->quit = TRUE;
  else if (g_strcmp0 (words[0], "/new") == 0) {
    g_ptr_array_set_size (chat->messages, 0);
    chat->unanswered = FALSE;
  } else if (g_strcmp0 (words[0], "/think") == 0 &&
             (g_str_equal (value, "on") || g_str_equal (value, "off")))
    chat->thinking = g_str_equal (value, "on");
  else if (g_strcmp0 (words[0], "/think") == 0)
    facet_cli_complain ("thinking is %s; “/think on” or “/think off” changes it",
                        chat->thinking ? "on" : "off");
  else if (g_strcmp0 (words[0], "/drop") == 0 && chat->unanswered)
    answer (chat, TRUE);
  else if (g_strcmp0 (words[0], "/drop") == 0)
    facet_cli_complain ("everything fits so far");
  else if (g_strcmp0 (words[0], "/help") == 0)
    fputs (HELP, stderr);
  else
    facet_cli_complain ("there is no “%s”; /help lists what there is", words[0]);
}

/* At the prompt Ctrl-C only warns; the next one ends. */
static void
converse (Chat *chat)
{
  gboolean warned = FALSE;

  while (!chat->quit) {
    g_autofree char *text = read_message (chat);

    if (facet_cli_talk_was_interrupted (chat->talk)) {
      if (warned || !chat->is_tty) {
        chat->status = FACET_CLI_INTERRUPTED;
        break;
      }
      fputs ("\n(Ctrl-C again or Ctrl-D ends)\n", stderr);
      warned = TRUE;
      continue;
    }
    warned = FALSE;
    if (text == NULL)
      break;
    if (text[0] == '/' && text[1] != '/')
      obey (chat, g_strchomp (text));
    else
      ask (chat, text[0] == '/' ? text + 1 : text);
  }
}

static void
greet (Chat *chat)
{
  FacetAssistant  *assistant = facet_cli_talk_get_assistant (chat->talk);
  g_autofree char *name = facet_assistant_dup_name (assistant);
  g_autofree char *place = facet_assistant_dup_place (assistant);
  g_autofree char *device = facet_assistant_dup_device (assistant);

  if (chat->is_tty)
    fprintf (stderr, "%s · %s · %s\n/help lists the commands.\n\n", name, place, device);
}

int
facet_cli_chat (char **arguments)
{
  FacetCliOptions options;
  Chat            chat = {.options = &options};
  int             status;

  if (!facet_cli_options_parse (&options, "chat", "[OPTION…]",
                                "Holds a conversation; /help there lists its commands.  Nothing of "
                                "it "
                                "is kept.\nWithout a terminal, every line is a message.",
                                FACET_CLI_CONVERSES, arguments, &status))
    return status;
  if (options.words != NULL) {
    facet_cli_complain ("“chat” takes no text; “facet-cli ask” does");
    facet_cli_options_clear (&options);
    return FACET_CLI_USAGE;
  }
  chat.talk = facet_cli_talk_new (&options, FACET_CLI_SHOW_TEXT);
  chat.is_tty = isatty (STDIN_FILENO) && isatty (STDOUT_FILENO);
  chat.thinking = options.thinking;
  chat.messages = g_ptr_array_new_with_free_func (g_object_unref);
  chat.input = g_string_new (NULL);
  if (facet_cli_talk_load (chat.talk)) {
    greet (&chat);
    converse (&chat);
  } else
    chat.status =
        facet_cli_talk_was_interrupted (chat.talk) ? FACET_CLI_INTERRUPTED : FACET_CLI_FAILURE;
  g_ptr_array_unref (chat.messages);
  g_string_free (chat.input, TRUE);
  facet_cli_talk_free (chat.talk);
  facet_cli_options_clear (&options);
  return chat.status;
}
