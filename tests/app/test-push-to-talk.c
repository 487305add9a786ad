/* test-push-to-talk.c: every input in every state, the ways a person goes, and what holds whatever
 * happens.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-push-to-talk"

#include "app/facet-push-to-talk.h"

#define MS G_TIME_SPAN_MILLISECOND

enum {
  S_OFF = FACET_TALK_OFF,
  S_OPENING = FACET_TALK_OPENING,
  S_READY = FACET_TALK_READY,
  S_PRESSED = FACET_TALK_PRESSED,
  S_HELD = FACET_TALK_HELD,
  S_FREE = FACET_TALK_HANDS_FREE,
  S_TAIL = FACET_TALK_TAIL,
};

typedef struct {
  int next;
  int commands;
} Want;

#define SEND    FACET_TALK_SEND
#define DISCARD FACET_TALK_DISCARD
#define KEEP    FACET_TALK_KEEP
#define STOP    FACET_TALK_STOP
#define OPEN    FACET_TALK_OPEN
#define START   FACET_TALK_START
#define CLOSE   FACET_TALK_CLOSE

/* Armed, open unless OFF or OPENING, the key up in OFF, OPENING, READY, HANDS_FREE and TAIL, and
 * one second after it was pressed.  ARM, DISARM, OPENED, PRESS, RELEASE, REPEAT, ESCAPE, TICK,
 * STORED, LOST, BROKEN. */
static const Want wanted[FACET_TALK_N_STATES][FACET_TALK_N_INPUTS] = {
    [S_OFF] = {{S_OPENING, OPEN},
               {S_OFF, 0},
               {S_OFF, 0},
               {S_PRESSED, OPEN | START},
               {S_OFF, 0},
               {S_OFF, 0},
               {S_OFF, 0},
               {S_OFF, 0},
               {S_OFF, 0},
               {S_OFF, 0},
               {S_OFF, 0}},
    [S_OPENING] = {{S_OPENING, 0},
                   {S_OFF, CLOSE},
                   {S_READY, 0},
                   {S_PRESSED, START},
                   {S_OPENING, 0},
                   {S_OPENING, 0},
                   {S_OPENING, 0},
                   {S_OPENING, 0},
                   {S_OPENING, 0},
                   {S_OFF, 0},
                   {S_OPENING, 0}},
    [S_READY] = {{S_READY, 0},
                 {S_OFF, CLOSE},
                 {S_READY, 0},
                 {S_PRESSED, START},
                 {S_READY, 0},
                 {S_READY, 0},
                 {S_READY, 0},
                 {S_READY, 0},
                 {S_READY, 0},
                 {S_OFF, 0},
                 {S_READY, 0}},
    [S_PRESSED] = {{S_PRESSED, 0},
                   {S_PRESSED, 0},
                   {S_PRESSED, 0},
                   {S_PRESSED, 0},
                   {S_TAIL, STOP},
                   {S_PRESSED, 0},
                   {S_READY, DISCARD},
                   {S_HELD, 0},
                   {S_PRESSED, 0},
                   {S_OFF, KEEP},
                   {S_READY, KEEP}},
    [S_HELD] = {{S_HELD, 0},
                {S_HELD, 0},
                {S_HELD, 0},
                {S_HELD, 0},
                {S_TAIL, STOP},
                {S_HELD, 0},
                {S_READY, DISCARD},
                {S_HELD, 0},
                {S_HELD, 0},
                {S_OFF, KEEP},
                {S_READY, KEEP}},
    [S_FREE] = {{S_FREE, 0},
                {S_FREE, 0},
                {S_FREE, 0},
                {S_TAIL, STOP},
                {S_FREE, 0},
                {S_FREE, 0},
                {S_READY, DISCARD},
                {S_FREE, 0},
                {S_FREE, 0},
                {S_OFF, KEEP},
                {S_READY, KEEP}},
    [S_TAIL] = {{S_TAIL, 0},
                {S_TAIL, 0},
                {S_TAIL, 0},
                {S_PRESSED, SEND | START},
                {S_TAIL, 0},
                {S_TAIL, 0},
                {S_READY, DISCARD},
                {S_TAIL, 0},
                {S_READY, SEND},
                {S_OFF, SEND},
                {S_READY, KEEP}},
};

static void
test_table (void)
{
  for (int state = 0; state < FACET_TALK_N_STATES; state++) {
    for (int input = 0; input < FACET_TALK_N_INPUTS; input++) {
      FacetPushToTalk  talk = {.state = (FacetTalkState)state,
                               .armed = TRUE,
                               .opened = state != S_OFF && state != S_OPENING,
                               .down = state == S_PRESSED || state == S_HELD,
                               .pressed_at = 5000 * MS};
      FacetTalkCommand commands =
          facet_push_to_talk_input (&talk, (FacetTalkInput)input, 6000 * MS);

      if ((int)talk.state != wanted[state][input].next ||
          (int)commands != wanted[state][input].commands)
        g_error ("state %d, input %d: state %d and commands %x", state, input, talk.state,
                 commands);
    }
  }
}

static FacetTalkCommand
feed (FacetPushToTalk *talk, FacetTalkInput input, gint64 ms)
{
  return facet_push_to_talk_input (talk, input, ms * MS);
}

static void
test_hold (void)
{
  FacetPushToTalk talk = {0};

  g_assert_cmpint (feed (&talk, FACET_TALK_ARM, 0), ==, OPEN);
  g_assert_cmpint (feed (&talk, FACET_TALK_OPENED, 100), ==, 0);
  g_assert_cmpint (feed (&talk, FACET_TALK_PRESS, 1000), ==, START);
  g_assert_cmpint (feed (&talk, FACET_TALK_TICK, 1249), ==, 0);
  g_assert_cmpint (talk.state, ==, FACET_TALK_PRESSED);
  g_assert_cmpint (feed (&talk, FACET_TALK_TICK, 1250), ==, 0);
  g_assert_cmpint (talk.state, ==, FACET_TALK_HELD);
  /* The key repeats, in both ways that toolkits say so. */
  g_assert_cmpint (feed (&talk, FACET_TALK_PRESS, 1500), ==, 0);
  g_assert_cmpint (feed (&talk, FACET_TALK_REPEAT, 1530), ==, 0);
  g_assert_cmpint (talk.state, ==, FACET_TALK_HELD);
  g_assert_cmpint (feed (&talk, FACET_TALK_RELEASE, 3000), ==, STOP);
  g_assert_cmpint (feed (&talk, FACET_TALK_STORED, 3300), ==, SEND);
  g_assert_cmpint (talk.state, ==, FACET_TALK_READY);
  g_assert_cmpint (feed (&talk, FACET_TALK_DISARM, 4000), ==, CLOSE);
}

static void
test_tap (void)
{
  FacetPushToTalk talk = {0};

  g_assert_cmpint (feed (&talk, FACET_TALK_PRESS, 1000), ==, OPEN | START);
  g_assert_cmpint (feed (&talk, FACET_TALK_OPENED, 1100), ==, 0);
  g_assert_cmpint (feed (&talk, FACET_TALK_RELEASE, 1249), ==, 0);
  g_assert_cmpint (talk.state, ==, FACET_TALK_HANDS_FREE);
  g_assert_cmpint (feed (&talk, FACET_TALK_DISARM, 2000), ==, 0); /* goes on */
  g_assert_cmpint (feed (&talk, FACET_TALK_PRESS, 90000), ==, STOP);
  /* The second press may be long: it does not begin another one. */
  g_assert_cmpint (feed (&talk, FACET_TALK_PRESS, 90030), ==, 0);
  g_assert_cmpint (feed (&talk, FACET_TALK_STORED, 90300), ==, SEND | CLOSE);
  g_assert_cmpint (feed (&talk, FACET_TALK_PRESS, 90500), ==, 0);
  g_assert_cmpint (feed (&talk, FACET_TALK_RELEASE, 91000), ==, 0);
  g_assert_cmpint (talk.state, ==, FACET_TALK_OFF);
}

/* A release without a tick between. */
static void
test_hold_without_tick (void)
{
  FacetPushToTalk talk = {0};

  g_assert_cmpint (feed (&talk, FACET_TALK_PRESS, 1000), ==, OPEN | START);
  g_assert_cmpint (feed (&talk, FACET_TALK_RELEASE, 1250), ==, STOP);
}

/* Escape with the key still down: its release and repeats mean nothing then. */
static void
test_escape (void)
{
  FacetPushToTalk talk = {.state = FACET_TALK_READY, .armed = TRUE, .opened = TRUE};

  g_assert_cmpint (feed (&talk, FACET_TALK_PRESS, 0), ==, START);
  g_assert_cmpint (feed (&talk, FACET_TALK_ESCAPE, 500), ==, DISCARD);
  g_assert_cmpint (feed (&talk, FACET_TALK_PRESS, 530), ==, 0);
  g_assert_cmpint (feed (&talk, FACET_TALK_RELEASE, 600), ==, 0);
  g_assert_cmpint (talk.state, ==, FACET_TALK_READY);
  g_assert_cmpint (feed (&talk, FACET_TALK_PRESS, 700), ==, START);
}

/* The microphone goes and comes back while the key is down. */
static void
test_lost (void)
{
  FacetPushToTalk talk = {.state = FACET_TALK_READY, .armed = TRUE, .opened = TRUE};

  g_assert_cmpint (feed (&talk, FACET_TALK_PRESS, 0), ==, START);
  g_assert_cmpint (feed (&talk, FACET_TALK_LOST, 500), ==, KEEP);
  g_assert_cmpint (talk.state, ==, FACET_TALK_OFF);
  g_assert_cmpint (feed (&talk, FACET_TALK_RELEASE, 600), ==, 0);
  g_assert_cmpint (feed (&talk, FACET_TALK_PRESS, 700), ==, OPEN | START);
  g_assert_cmpint (feed (&talk, FACET_TALK_OPENED, 800), ==, 0);
  g_assert_cmpint (feed (&talk, FACET_TALK_RELEASE, 1700), ==, STOP);
  g_assert_cmpint (feed (&talk, FACET_TALK_STORED, 2000), ==, SEND);
  g_assert_cmpint (talk.state, ==, FACET_TALK_READY); /* still in focus */
}

/* What a caller sees of the machine: at most one recording, one stream. */
typedef struct {
  gboolean recording; /* started, not yet stopped */
  gboolean owed;      /* started, not yet sent, discarded or kept */
  gboolean open;
} World;

static void
carry_out (World *world, FacetTalkInput input, FacetTalkCommand commands)
{
  int ends = !!(commands & SEND) + !!(commands & DISCARD) + !!(commands & KEEP);

  g_assert_cmpint (ends, <=, 1);
  if (ends == 1) {
    g_assert_true (world->owed);
    world->owed = world->recording = FALSE;
  }
  if (commands & DISCARD) /* nothing else throws away */
    g_assert_cmpint (input, ==, FACET_TALK_ESCAPE);
  if (commands & STOP) {
    g_assert_true (world->recording);
    world->recording = FALSE;
  }
  if (input == FACET_TALK_LOST)
    world->open = FALSE;
  if (commands & OPEN) {
    g_assert_false (world->open);
    world->open = TRUE;
  }
  if (commands & START) {
    g_assert_false (world->recording || world->owed);
    g_assert_true (world->open);
    world->recording = world->owed = TRUE;
  }
  if (commands & CLOSE) {
    g_assert_true (world->open);
    g_assert_false (world->owed);
    world->open = FALSE;
  }
}

static void
test_whatever_happens (void)
{
  guint n_started = 0;
  guint n_free = 0;

  for (int sequence = 0; sequence < 3000; sequence++) {
    FacetPushToTalk talk = {0};
    World           world = {0};
    gint64          now = 0;

    for (int i = 0; i < 200; i++) {
      FacetTalkInput   input = (FacetTalkInput)g_test_rand_int_range (0, FACET_TALK_N_INPUTS);
      FacetTalkCommand commands;

      now += g_test_rand_int_range (0, 200) * MS;
      commands = facet_push_to_talk_input (&talk, input, now);
      carry_out (&world, input, commands);
      n_started += (commands & START) != 0;
      n_free += talk.state == FACET_TALK_HANDS_FREE;

      g_assert_cmpint (talk.state, <, FACET_TALK_N_STATES);
      g_assert_cmpint (world.open, ==, talk.state != FACET_TALK_OFF);
      g_assert_cmpint (world.recording, ==, facet_talk_state_is_recording (talk.state));
      g_assert_cmpint (world.owed, ==, world.recording || talk.state == FACET_TALK_TAIL);
      if (talk.state == FACET_TALK_READY)
        g_assert_true (talk.armed && talk.opened);
    }
    /* From anywhere there is a way to rest that drops nothing. */
    carry_out (&world, FACET_TALK_DISARM, facet_push_to_talk_input (&talk, FACET_TALK_DISARM, now));
    for (int i = 0; i < 2; i++) {
      now += 1000 * MS;
      carry_out (&world, FACET_TALK_RELEASE,
                 facet_push_to_talk_input (&talk, FACET_TALK_RELEASE, now));
      if (facet_talk_state_is_recording (talk.state))
        carry_out (&world, FACET_TALK_PRESS,
                   facet_push_to_talk_input (&talk, FACET_TALK_PRESS, now));
    }
    carry_out (&world, FACET_TALK_STORED, facet_push_to_talk_input (&talk, FACET_TALK_STORED, now));
    g_assert_cmpint (talk.state, ==, FACET_TALK_OFF);
    g_assert_false (world.open || world.owed);
  }
  g_assert_cmpuint (n_started, >, 3000);
  g_assert_cmpuint (n_free, >, 3000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/push-to-talk/table", test_table);
  g_test_add_func ("/push-to-talk/hold", test_hold);
  g_test_add_func ("/push-to-talk/hold-without-tick", test_hold_without_tick);
  g_test_add_func ("/push-to-talk/tap", test_tap);
  g_test_add_func ("/push-to-talk/escape", test_escape);
  g_test_add_func ("/push-to-talk/lost", test_lost);
  g_test_add_func ("/push-to-talk/whatever-happens", test_whatever_happens);
  return g_test_run ();
}
