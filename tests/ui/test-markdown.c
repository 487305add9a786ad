/* test-markdown.c: Markdown into blocks, at once and while it streams.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-markdown"

#include <string.h>

#include "facet-markdown-private.h"
#include "facet-markdown-stream.h"
#include "tests/test-brief.h"

/* --- blocks as text
 * ------------------------------------------------------------------------------------- */

static void
dump_nests (GString *out, const FacetBlock *block)
{
  for (guint i = 0; i < block->n_nests; i++) {
    const FacetNest *nest = &block->nests[i];

    switch (nest->kind) {
    case FACET_NEST_QUOTE:
      g_string_append (out, ">");
      break;
    case FACET_NEST_BULLET:
      g_string_append (out, nest->first ? "*" : " ");
      break;
    case FACET_NEST_NUMBER:
      if (nest->first)
        g_string_append_printf (out, "%u.", nest->number);
      else
        g_string_append (out, " ");
      break;
    case FACET_NEST_TASK:
      g_string_append (out, nest->first ? "[ ]" : " ");
      break;
    case FACET_NEST_TASK_DONE:
      g_string_append (out, nest->first ? "[x]" : " ");
      break;
    }
  }
}

/* Text with its spans as tags: <e> <s> <c> <d>, links as <a target>. */
static void
dump_text (GString *out, const FacetBlock *block)
{
  gsize at = 0;

  for (guint i = 0; i < block->n_spans; i++) {
    const FacetSpan *span = &block->spans[i];

    g_string_append_len (out, block->text + at, (gssize)(span->start - at));
    g_string_append_c (out, '<');
    if (span->flags & FACET_SPAN_EMPHASIS)
      g_string_append_c (out, 'e');
    if (span->flags & FACET_SPAN_STRONG)
      g_string_append_c (out, 's');
    if (span->flags & FACET_SPAN_CODE)
      g_string_append_c (out, 'c');
    if (span->flags & FACET_SPAN_STRIKE)
      g_string_append_c (out, 'd');
    if (span->link != 0)
      g_string_append_printf (out, "a %s", block->links[span->link - 1]);
    g_string_append_c (out, '>');
    g_string_append_len (out, block->text + span->start, (gssize)(span->end - span->start));
    g_string_append (out, "</>");
    at = span->end;
  }
  g_string_append (out, block->text + at);
}

static void
dump_block (GString *out, const FacetBlock *block)
{
  dump_nests (out, block);
  if (block->continued)
    g_string_append_c (out, '~');
  switch (block->kind) {
  case FACET_BLOCK_TEXT:
    g_string_append (out, "P:");
    break;
  case FACET_BLOCK_HEADING:
    g_string_append_printf (out, "H%u:", block->level);
    break;
  case FACET_BLOCK_CODE:
    g_string_append_printf (out, "C(%s):", block->language);
    break;
  case FACET_BLOCK_TABLE_ROW:
    g_string_append_printf (out, "T%s:", block->row & FACET_ROW_HEADER ? "H" : "");
    break;
  case FACET_BLOCK_RULE:
    g_string_append (out, "R");
    break;
  }
  dump_text (out, block);
  g_string_append_c (out, '\n');
}

static char *
dump_all (GPtrArray *blocks)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < blocks->len; i++)
    dump_block (out, g_ptr_array_index (blocks, i));
  return g_string_free (out, FALSE);
}

static char *
dump_source (const char *source)
{
  g_autoptr (GPtrArray) blocks = facet_markdown_parse (source, -1);

  return dump_all (blocks);
}

static void
assert_parses (const char *source, const char *expected)
{
  g_autofree char *dump = dump_source (source);

  g_assert_cmpstr (dump, ==, expected);
}

/* --- what is what
 * --------------------------------------------------------------------------------------- */

static void
test_inline (void)
{
  assert_parses ("plain", "P:plain\n");
  assert_parses ("*e* **s** `c` ~~d~~", "P:<e>e</> <s>s</> <c>c</> <d>d</>\n");
  assert_parses ("***both*** and **bold *inner* bold**",
                 "P:<es>both</> and <s>bold </><es>inner</><s> bold</>\n");
  assert_parses ("soft\nbreak", "P:soft break\n");
  assert_parses ("hard  \nbreak\\\nagain", "P:hard\nbreak\nagain\n");
  assert_parses ("a &amp; b &mdash; &#65;&#x42; &nope; &copy;",
                 "P:a & b \xe2\x80\x94 AB &nope; \xc2\xa9\n");
  assert_parses ("\\*not\\*", "P:*not*\n");
  assert_parses ("`a*b*`", "P:<c>a*b*</>\n");
}

static void
test_blocks (void)
{
  assert_parses ("# One\n## Two\n###### Six\ntext", "H1:One\nH2:Two\nH6:Six\nP:text\n");
  assert_parses ("Title\n===\n\nSub\n---\n", "H1:Title\nH2:Sub\n");
  assert_parses ("a\n\n---\n\nb", "P:a\nR\nP:b\n");
  assert_parses ("> quoted\n> more\n>\n> second\n>> deep", ">P:quoted more\n>P:second\n>>P:deep\n");
  assert_parses ("```python\nx = 1\n\ny = 2\n```\nafter", "C(python):x = 1\n\ny = 2\nP:after\n");
  assert_parses ("~~~\n```\n~~~", "C():```\n");
  assert_parses ("```c++ title=\"x\"\n```", "C(c++):\n");
  assert_parses ("    indented\n    code", "C():indented\ncode\n");
  assert_parses ("", "");
  assert_parses ("\n\n \n", "");
}

static void
test_lists (void)
{
  assert_parses ("- a\n- b\n  - c\n    - d\n- e", "*P:a\n*P:b\n *P:c\n  *P:d\n*P:e\n");
  assert_parses ("3. a\n3. b\n\n   more\n4. c", "3.P:a\n4.P:b\n P:more\n5.P:c\n");
  assert_parses ("- [ ] open\n- [x] done\n- [X] too", "[ ]P:open\n[x]P:done\n[x]P:too\n");
  assert_parses ("1. Do:\n   ```sh\n   ls\n\n   pwd\n   ```\n2. Then",
                 "1.P:Do:\n C(sh):ls\n\npwd\n2.P:Then\n");
  assert_parses ("- - a", "**P:a\n");
  assert_parses ("-\n- b", "*P:\n*P:b\n");
  assert_parses ("- a\n\n  > q\n\nafter", "*P:a\n >P:q\nP:after\n");
  /* As models write it: the fence is not indented, the list goes on after it. */
  assert_parses ("1. Do:\n```sh\nls\n```\n2. Then", "1.P:Do:\nC(sh):ls\n2.P:Then\n");
}

static void
test_tables (void)
{
  g_autoptr (GPtrArray) blocks =
      facet_markdown_parse ("| a | b | c |\n|:--|:-:|--:|\n| long word | **x** | `1|2` |\n| y |",
                            -1);
  g_autofree char  *dump = dump_all (blocks);
  const FacetTable *table = ((FacetBlock *)g_ptr_array_index (blocks, 0))->table;
  gsize             start, end;

  g_assert_cmpstr (dump, ==, "TH:a\tb\tc\nT:long word\t<s>x</>\t<c>1|2</>\nT:y\t\t\n");
  g_assert_cmpuint (table->n_columns, ==, 3);
  g_assert_cmpuint (table->align[0], ==, 0);
  g_assert_cmpuint (table->align[1], ==, 1);
  g_assert_cmpuint (table->align[2], ==, 2);
  g_assert_cmpuint (table->widths[0], ==, 9);
  g_assert_cmpuint (table->words[0], ==, 4);
  g_assert_true (facet_block_get_cell (g_ptr_array_index (blocks, 1), 0, &start, &end));
  g_assert_cmpuint (end - start, ==, 9);
  g_assert_false (facet_block_get_cell (g_ptr_array_index (blocks, 1), 3, &start, &end));

  assert_parses ("|a|b|\n|---|---|\n|x<br>y|z\tw|\n\nafter", "TH:a\tb\nT:x\ny\tz w\nP:after\n");
}

static void
test_links (void)
{
  assert_parses ("[text](https://example.org/a?b=1&c)",
                 "P:<a https://example.org/a?b=1&c>text</>\n");
  assert_parses ("[bad](javascript:alert(1)) [file](file:///etc/passwd) [rel](#there)",
                 "P:bad file rel\n");
  assert_parses ("see https://example.org.",
                 "P:see <a https://example.org>https://example.org</>.\n");
  assert_parses ("<mailto:a@example.org> a@example.org",
                 "P:<a mailto:a@example.org>mailto:a@example.org</> <a "
                 "mailto:a@example.org>a@example.org</>\n");
  assert_parses ("![alt *x*](https://example.org/p.png) ![](https://example.org/q.png)",
                 "P:<a https://example.org/p.png>alt </><ea https://example.org/p.png>x</> "
                 "<a https://example.org/q.png>https://example.org/q.png</>\n");
  assert_parses ("![alt](picture.png)", "P:alt\n");
  assert_parses ("[![badge](https://example.org/b.png)](https://example.org/)",
                 "P:<a https://example.org/>badge</>\n");

  g_assert_true (facet_markdown_link_is_safe ("HTTPS://example.org"));
  g_assert_false (facet_markdown_link_is_safe ("https://"));
  g_assert_false (facet_markdown_link_is_safe ("https://exa mple.org"));
  g_assert_false (facet_markdown_link_is_safe ("data:text/html,x"));
}

static void
test_html_is_text (void)
{
  assert_parses ("<b>bold</b> <script>alert(1)</script>",
                 "P:<b>bold</b> <script>alert(1)</script>\n");
  assert_parses ("<div>\n\n*x*\n\n</div>", "P:<div>\nP:<e>x</>\nP:</div>\n");
  assert_parses ("a<br>b", "P:a<br>b\n");
}

static void
test_references (void)
{
  /* Defined after, far away, in another piece; the first definition counts. */
  assert_parses ("See [the page][p] and [Q].\n\nMore.\n\n[P]: https://example.org/p 'title'\n[q]: "
                 "<https://example.org/q>\n"
                 "[p]: https://example.org/other\n",
                 "P:See <a https://example.org/p>the page</> and <a "
                 "https://example.org/q>Q</>.\nP:More.\n");
  assert_parses ("[p]: https://example.org\n\nText [p].", "P:Text <a https://example.org>p</>.\n");
  assert_parses ("[a][none] and [x]", "P:[a][none] and [x]\n");
  assert_parses ("```\n[p]: https://example.org\n```\n\n[p]",
                 "C():[p]: https://example.org\nP:[p]\n");
}

static void
test_bytes (void)
{
  g_autoptr (FacetMarkdownStream) stream = facet_markdown_stream_new ();
  const char bytes[] = "a\0b\xff \xe2\x82 \xe2\x82\xac\r\nc\rd";

  facet_markdown_stream_append (stream, bytes, sizeof bytes - 1);
  facet_markdown_stream_append (stream, "\xe2", 1);
  facet_markdown_stream_finish (stream);
  g_assert_true (facet_markdown_stream_update (stream, NULL));
  g_assert_cmpuint (facet_markdown_stream_get_n_blocks (stream), ==, 1);
  g_assert_cmpstr (facet_markdown_stream_get_block (stream, 0)->text, ==,
                   "a\xef\xbf\xbd"
                   "b\xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd \xe2\x82\xac c d\xef\xbf\xbd");
  g_assert_false (facet_markdown_stream_update (stream, NULL));
}

/* --- long documents
 * ------------------------------------------------------------------------------------- */

static void
test_long_list (void)
{
  g_autoptr (GString) source = g_string_new (NULL);
  g_autoptr (GPtrArray) blocks = NULL;

  for (int i = 0; i < 1000; i++)
    g_string_append_printf (source, "1. item number %d of a list that is numbered lazily\n%s", i,
                            i % 3 == 0 ? "\n" : "");
  blocks = facet_markdown_parse (source->str, -1);
  g_assert_cmpuint (blocks->len, ==, 1000);
  for (guint i = 0; i < blocks->len; i++) {
    const FacetBlock *block = g_ptr_array_index (blocks, i);

    g_assert_cmpuint (block->n_nests, ==, 1);
    g_assert_true (block->nests[0].first);
    g_assert_cmpuint (block->nests[0].number, ==, i + 1);
  }
}

static void
test_long_table (void)
{
  g_autoptr (GString) source = g_string_new ("| name | value |\n|---|--:|\n");
  g_autoptr (GPtrArray) blocks = NULL;

  for (int i = 0; i < 1000; i++)
    g_string_append_printf (source, "| name of row %d | %d |\n", i, i * i);
  blocks = facet_markdown_parse (source->str, -1);
  g_assert_cmpuint (blocks->len, ==, 1001);
  for (guint i = 0; i < blocks->len; i++) {
    const FacetBlock *block = g_ptr_array_index (blocks, i);

    g_assert_cmpint (block->kind, ==, FACET_BLOCK_TABLE_ROW);
    g_assert_cmpint (block->row, ==, i == 0 ? FACET_ROW_HEADER | FACET_ROW_FIRST : 0);
    g_assert_true (block->table == ((FacetBlock *)g_ptr_array_index (blocks, 0))->table);
  }
}

static void
test_long_code (void)
{
  g_autoptr (GString) code = g_string_new (NULL);
  g_autoptr (GString) joined = g_string_new (NULL);
  g_autoptr (GPtrArray) blocks = NULL;
  g_autofree char *source = NULL;

  for (int i = 0; i < 3000; i++)
    g_string_append_printf (code, "line %d of a long program\n%s", i,
                            i % 10 == 0 ? "\n# not a heading\n- not a list\n" : "");
  source = g_strdup_printf ("Before:\n```c\n%s```\nAfter", code->str);
  blocks = facet_markdown_parse (source, -1);
  g_assert_cmpuint (blocks->len, >, 4);
  for (guint i = 1; i < blocks->len - 1; i++) {
    const FacetBlock *block = g_ptr_array_index (blocks, i);

    g_assert_cmpint (block->kind, ==, FACET_BLOCK_CODE);
    g_assert_cmpstr (block->language, ==, "c");
    g_assert_cmpint (block->continued, ==, i > 1);
    g_assert_cmpuint (block->length, <, 20000);
    g_string_append_printf (joined, "%s\n", block->text);
  }
  g_assert_cmpstr (joined->str, ==, code->str);
}

static void
test_long_paragraph (void)
{
  g_autoptr (GString) source = g_string_new (NULL);
  g_autoptr (GString) joined = g_string_new (NULL);
  g_autoptr (GPtrArray) blocks = NULL;

  while (source->len < 100000)
    g_string_append (source, "Many words make a long sentence, and this is one of them. ");
  g_string_truncate (source, source->len - 1);
  blocks = facet_markdown_parse (source->str, -1);
  for (guint i = 0; i < blocks->len; i++) {
    const FacetBlock *block = g_ptr_array_index (blocks, i);

    g_assert_cmpuint (block->length, <=, 3000);
    g_assert_cmpint (block->continued, ==, i > 0);
    g_string_append_printf (joined, "%s%s", i > 0 ? " " : "", block->text);
  }
  g_assert_cmpstr (joined->str, ==, source->str);
}

/* --- streaming
 * ------------------------------------------------------------------------------------------ */

static const char *const samples[] = {
    "# Title\n\nA paragraph with **bold** and `code`.\nSecond line.\n\n- one\n- two\n  - nested "
    "**deep**\n\n"
    "  paragraph in two\n- three\n\n1. first\n2. second\n   ```python\n   def f():\n\n       "
    "return 1\n   ```\n3. third\n\n"
    "> quote *with* emphasis\n> - list in quote\n>\n>   ```\n>   # code in quote\n>   ```\n\n"
    "| a | b |\n|---|:-:|\n| 1 | 2 |\n| 3 | [l](https://example.org) |\n\n---\n\n```c\nint main "
    "(void)\n{\n\n  return 0;\n}\n```\n"
    "After the code.\n\nTitle\n=====\n\nSee [ref] and [other][ref].\n\n[ref]: "
    "https://example.org/ref\n\nEnd\\\nhard.",
    "Text\n```\nunclosed\n\n# code\n",
    "1. Do:\n```sh\nls -la\n```\n2. Then:\n\n   ~~~~\n   ```\n   ~~~~\n3. Done\n\n10. ten\n\n    "
    "more of ten\n",
    "a\n- b\n- c\n\n\n- d\nlazy\n\n  e\n\n    f\nnot\n",
    "[one]\n\n[two][one]\n\n> [one] in quote\n\n- [one] in list\n\n[one]: "
    "https://example.org/1\n[one]: https://example.org/2\n",
    "\xe2\x82\xac \xf0\x9f\x98\x80 **\xc3\xa9\xc3\xa8** \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d "
    "`\xe4\xbd\xa0\xe5\xa5\xbd`\r\n\r\n\r\nline\rline\r\n",
    "* * *\n- - -\n***\n\n-\n+\n*\n1)\n\n#\n##\n####### seven\n",
    "<div>\n<b>x</b>\n\n<!-- c -->\n&lt; &bogus; &#0;\n",
    "~~~ info `tick`\n~~~~\n``` not `fence`\n\n   ```\n   indented fence\n  ```\n\n\t\ttabbed\n",
};

/* Feeds @source in random pieces with updates between, following the reported changes. */
static void
assert_streams_alike (const char *source, gsize length, GRand *rand)
{
  g_autoptr (FacetMarkdownStream) stream = facet_markdown_stream_new ();
  g_autoptr (GPtrArray) once = facet_markdown_parse (source, (gssize)length);
  g_autoptr (GPtrArray) mirror = g_ptr_array_new_with_free_func ((GDestroyNotify)facet_block_unref);
  g_autofree char *expected = dump_all (once);
  g_autofree char *streamed = NULL;
  gsize            at = 0;

  while (TRUE) {
    FacetMarkdownChange change;
    gsize               size = (gsize)g_rand_int_range (rand, 1, g_rand_int_range (rand, 2, 64));

    size = MIN (size, length - at);
    facet_markdown_stream_append (stream, source + at, (gssize)size);
    at += size;
    if (at == length)
      facet_markdown_stream_finish (stream);
    if ((at == length || g_rand_boolean (rand)) && facet_markdown_stream_update (stream, &change)) {
      g_assert_cmpuint (change.position + change.removed, ==, mirror->len);
      g_ptr_array_set_size (mirror, (int)change.position);
      for (guint i = 0; i < change.added; i++)
        g_ptr_array_add (mirror,
                         facet_block_ref (
                             facet_markdown_stream_get_block (stream, change.position + i)));
      g_assert_cmpuint (mirror->len, ==, facet_markdown_stream_get_n_blocks (stream));
    }
    if (at == length)
      break;
  }
  streamed = dump_all (mirror);
  g_assert_cmpstr (streamed, ==, expected);
  for (guint i = 0; i < mirror->len; i++) {
    g_assert_true (g_ptr_array_index (mirror, i) == facet_markdown_stream_get_block (stream, i));
    g_assert_true (facet_block_equal (g_ptr_array_index (mirror, i), g_ptr_array_index (once, i)));
  }
}

static void
test_random_splits (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed ((guint32)g_test_rand_int ());

  for (guint i = 0; i < G_N_ELEMENTS (samples); i++) {
    for (int round = 0; round < 60; round++)
      assert_streams_alike (samples[i], strlen (samples[i]), rand);
  }
}

/* Texts made of the pieces that Markdown is made of, in any order. */
static void
test_random_texts (void)
{
  static const char *const tokens[] = {
      "\n",
      "\n\n",
      "\n",
      " ",
      "  ",
      "    ",
      "- ",
      "* ",
      "1. ",
      "12) ",
      "> ",
      "# ",
      "```",
      "~~~",
      "```c\n",
      "`",
      "*",
      "**",
      "_",
      "~~",
      "[",
      "]",
      "(",
      ")",
      "[a]",
      "[a]: ",
      "https://example.org/",
      "|",
      "|-|-|\n",
      "| a | b |\n",
      "---",
      "===",
      "\\",
      "<br>",
      "<b>",
      "&amp;",
      "word",
      "a longer run of words ",
      "\t",
      "\r\n",
      "\xc3\xa9",
      "\xe2\x82\xac",
      "\xff",
      "!",
      ":",
      "[ ] ",
      "\n[a]: https://example.org/x\n",
  };
  g_autoptr (GRand) rand = g_rand_new_with_seed ((guint32)g_test_rand_int ());

  for (int round = 0; round < (g_test_slow () ? 4000 : 400); round++) {
    g_autoptr (GString) source = g_string_new (NULL);
    int n = g_rand_int_range (rand, 1, 400);

    while (n-- > 0)
      g_string_append (source, tokens[g_rand_int_range (rand, 0, G_N_ELEMENTS (tokens))]);
    assert_streams_alike (source->str, source->len, rand);
  }
}

/* The pieces give what the whole gives, for texts that are not cut by size. */
static void
test_same_as_whole (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (samples); i++) {
    g_autoptr (GPtrArray) whole =
        g_ptr_array_new_with_free_func ((GDestroyNotify)facet_block_unref);
    g_autofree char *normal = NULL;
    g_autofree char *expected = NULL;
    g_autofree char *dump = dump_source (samples[i]);
    g_auto (GStrv) lines = NULL;
    FacetChunkState state = {0};

    lines = g_regex_split_simple ("\r\n|\r|\n", samples[i], G_REGEX_RAW, 0);
    normal = g_strjoinv ("\n", lines);
    facet_markdown_parse_chunk (normal, strlen (normal), &state, whole);
    g_clear_pointer (&state.table, facet_table_unref);
    expected = dump_all (whole);
    g_assert_cmpstr (dump, ==, expected);
  }
}

/* What an update reads does not grow with the answer. */
static void
test_bounded_work (void)
{
  g_autoptr (FacetMarkdownStream) stream = facet_markdown_stream_new ();
  gsize most = 0, total = 0;

  for (int i = 0; total < 100000; i++) {
    g_autofree char *part = NULL;
    gsize            before = facet_markdown_stream_get_work (stream);

    switch (i / 400 % 4) {
    case 0:
      part = g_strdup_printf ("word%d %s", i, i % 60 == 59 ? "\n\n" : "");
      break;
    case 1:
      part = g_strdup_printf ("%s- item %d\n", i % 400 == 0 ? "\n\n" : "", i);
      break;
    case 2:
      part = g_strdup_printf ("%sx = %d\n", i % 400 == 0 ? "\n\n```py\n" : "", i);
      break;
    default:
      part = g_strdup_printf ("%s| %d | b |\n", i % 400 == 0 ? "```\n\n| a | b |\n|---|---|\n" : "",
                              i);
      break;
    }
    facet_markdown_stream_append (stream, part, -1);
    facet_markdown_stream_update (stream, NULL);
    total += strlen (part);
    most = MAX (most, facet_markdown_stream_get_work (stream) - before);
  }
  g_assert_cmpuint (most, <, 30000);
}

/* An open fence costs what is added to it, however long it is. */
static void
test_code_is_appended (void)
{
  g_autoptr (FacetMarkdownStream) stream = facet_markdown_stream_new ();
  FacetBlock *first;
  gsize       before;

  facet_markdown_stream_append (stream, "```c\nfirst", -1);
  facet_markdown_stream_update (stream, NULL);
  first = facet_markdown_stream_get_block (stream, 0);
  before = facet_markdown_stream_get_work (stream);
  for (int i = 0; i < 500; i++) {
    facet_markdown_stream_append (stream, " more\nand", -1);
    g_assert_true (facet_markdown_stream_update (stream, NULL));
    g_assert_true (facet_markdown_stream_get_block (stream, 0) == first);
  }
  /* The beginning of what may be the closing fence is held back. */
  facet_markdown_stream_append (stream, "\n``", -1);
  g_assert_false (facet_markdown_stream_update (stream, NULL));
  g_assert_true (g_str_has_suffix (first->text, "more\nand"));
  g_assert_cmpuint (facet_markdown_stream_get_work (stream), ==, before);
}

static char *
show_unfinished (const char *source)
{
  g_autoptr (FacetMarkdownStream) stream = facet_markdown_stream_new ();
  GString *out = g_string_new (NULL);

  facet_markdown_stream_append (stream, source, -1);
  facet_markdown_stream_update (stream, NULL);
  for (guint i = 0; i < facet_markdown_stream_get_n_blocks (stream); i++)
    dump_block (out, facet_markdown_stream_get_block (stream, i));
  return g_string_free (out, FALSE);
}

static void
test_mended (void)
{
  static const char *const cases[][2] = {
      {"some **bold te", "P:some <s>bold te</>\n"},
      {"some **bold*", "P:some <s>bold</>\n"},
      {"some **", "P:some \n"},
      {"some *em ", "P:some <e>em</> \n"},
      {"say `co", "P:say <c>co</>\n"},
      {"say `", "P:say \n"},
      {"a [link](https://exam", "P:a link\n"},
      {"a [li", "P:a li\n"},
      {"text\n-", "P:text\n"},
      {"text\n---", "P:text\n"},
      {"text\n\n#", "P:text\n"},
      {"text\n\n``", "P:text\n"},
      {"text\n\n| a | b", "P:text\n"},
      {"text\n\n| a | b |\n|--", "P:text\n"},
      {"| a | b |\n|---|---|", "TH:a\tb\n"},
      {"- one **two", "*P:one <s>two</>\n"},
      {"2 * 3 is 6", "P:2 * 3 is 6\n"},
      {"snake_case_name", "P:snake_case_name\n"},
  };

  g_autoptr (GRegex) spaces = g_regex_new (" +\n", 0, 0, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *dump = show_unfinished (cases[i][0]);
    g_autofree char *trimmed = NULL;
    g_autofree char *expected = NULL;

    /* White space at the end of a paragraph does not count. */
    trimmed = g_regex_replace_literal (spaces, dump, -1, 0, "\n", 0, NULL);
    expected = g_regex_replace_literal (spaces, cases[i][1], -1, 0, "\n", 0, NULL);
    g_assert_cmpstr (trimmed, ==, expected);
  }
}

/* --- hostile text
 * --------------------------------------------------------------------------------------- */

static void
test_hostile (void)
{
  static const char *const patterns[] = {
      "*",
      "[",
      ">",
      "`",
      "_",
      "~",
      "|",
      "- ",
      "> ",
      "1. ",
      "#",
      "![",
      "](",
      "[a](",
      "**a ",
      "<",
      "&",
      "\\",
      "a",
      "\t- ",
      "  - a\n",
      "> a\n",
      "|a|b|\n",
      "[a]: https://example.org/\n",
      "[a]\n\n",
      "a**b",
      "`a",
      "\n",
      " ",
      "```\n",
      "| - |\n|-|\n",
      "\xe2\x80\xae",
      "\xcc\x81",
      "\xf0\x9f\x98\x80",
      "\xff",
      "* a\n\n",
      "www.a.b ",
      "a@b.c ",
      "    x\n",
      "~~~~\n~~~\n",
  };
  gsize size = g_test_slow () ? 1 << 20 : test_brief (1 << 18, 1 << 16, "bytes of each text");

  for (guint i = 0; i < G_N_ELEMENTS (patterns); i++) {
    g_autoptr (GString) source = g_string_sized_new (size);
    g_autoptr (FacetMarkdownStream) stream = facet_markdown_stream_new ();
    double seconds;

    while (source->len < size)
      g_string_append (source, patterns[i]);
    g_test_timer_start ();
    for (gsize at = 0; at < source->len; at += 4000) {
      facet_markdown_stream_append (stream, source->str + at, (gssize)MIN (4000, source->len - at));
      facet_markdown_stream_update (stream, NULL);
    }
    facet_markdown_stream_finish (stream);
    facet_markdown_stream_update (stream, NULL);
    seconds = g_test_timer_elapsed ();
    g_test_message ("%u: %.3f s, %u blocks", i, seconds,
                    facet_markdown_stream_get_n_blocks (stream));
    for (guint j = 0; j < facet_markdown_stream_get_n_blocks (stream); j++) {
      const FacetBlock *block = facet_markdown_stream_get_block (stream, j);

      g_assert_true (g_utf8_validate (block->text, (gssize)block->length, NULL));
      g_assert_cmpuint (block->n_nests, <=, FACET_BLOCK_MAX_NESTS);
    }
  }
}

static void
test_plain (void)
{
  g_autoptr (GPtrArray) blocks = g_ptr_array_new_with_free_func ((GDestroyNotify)facet_block_unref);
  g_autofree char *dump = NULL;

  facet_block_split_plain ("one *two*\n\nthree\n", 17, blocks);
  dump = dump_all (blocks);
  g_assert_cmpstr (dump, ==, "P:one *two*\nP:\nP:three\n");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/markdown/inline", test_inline);
  g_test_add_func ("/markdown/blocks", test_blocks);
  g_test_add_func ("/markdown/lists", test_lists);
  g_test_add_func ("/markdown/tables", test_tables);
  g_test_add_func ("/markdown/links", test_links);
  g_test_add_func ("/markdown/html-is-text", test_html_is_text);
  g_test_add_func ("/markdown/references", test_references);
  g_test_add_func ("/markdown/bytes", test_bytes);
  g_test_add_func ("/markdown/plain", test_plain);
  g_test_add_func ("/markdown/long/list", test_long_list);
  g_test_add_func ("/markdown/long/table", test_long_table);
  g_test_add_func ("/markdown/long/code", test_long_code);
  g_test_add_func ("/markdown/long/paragraph", test_long_paragraph);
  g_test_add_func ("/markdown/stream/random-splits", test_random_splits);
  g_test_add_func ("/markdown/stream/random-texts", test_random_texts);
  g_test_add_func ("/markdown/stream/same-as-whole", test_same_as_whole);
  g_test_add_func ("/markdown/stream/bounded-work", test_bounded_work);
  g_test_add_func ("/markdown/stream/code-is-appended", test_code_is_appended);
  g_test_add_func ("/markdown/stream/mended", test_mended);
  g_test_add_func ("/markdown/hostile", test_hostile);
  return g_test_run ();
}
