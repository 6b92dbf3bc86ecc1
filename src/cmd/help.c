#include "cmd/help.h"

#include <string.h>

static const char *const about = "statements between two parties, signed and provable";

static void add_padded(struct buf *out, const char *head, size_t width)
{
    buf_text(out, head);
    for (size_t i = strlen(head); i < width; i++)
        buf_byte(out, ' ');
}

static void add_group(enum group g, struct buf *out)
{
    buf_print(out, "\n%s\n", group_title(g));
    for (const struct command *c = commands; c->name != NULL; c++) {
        if (c->group != g)
            continue;
        buf_text(out, "  ");
        add_padded(out, c->name, 21);
        buf_print(out, "%s\n", c->help);
    }
}

static void add_topics(struct buf *out)
{
    buf_text(out, "\nTOPICS (parley help TOPIC)\n");
    for (const struct topic *t = topics; t->name != NULL; t++) {
        buf_text(out, "  ");
        add_padded(out, t->name, 21);
        buf_print(out, "%s\n", t->help);
    }
}

void help_overview(struct buf *out)
{
    buf_print(out, "parley - %s\n\nUsage: parley COMMAND [WORDS] [FLAGS]\n", about);
    for (unsigned g = 0; g < GROUP_COUNT; g++)
        add_group((enum group)g, out);
    add_topics(out);
    buf_text(out, "\nparley COMMAND --help shows its flags and an example.\n");
}

static bool is_of_family(const struct command *c, const char *first)
{
    size_t len = strlen(first);

    return strncmp(c->name, first, len) == 0 && c->name[len] == ' ';
}

void help_family(const char *first, struct buf *out)
{
    buf_print(out, "Usage: parley %s COMMAND [WORDS] [FLAGS]\n\n", first);
    for (const struct command *c = commands; c->name != NULL; c++) {
        if (!is_of_family(c, first))
            continue;
        buf_text(out, "  ");
        add_padded(out, c->name, 21);
        buf_print(out, "%s\n", c->help);
    }
    buf_print(out, "\nparley %s COMMAND --help shows its flags and an example.\n", first);
}

static bool add_flag(const struct flag *f, void *with)
{
    struct buf *out = with, head = {0};

    buf_print(&head, "%s%s%s", f->name, f->value != NULL ? " " : "",
              f->value != NULL ? f->value : "");
    buf_text(out, "  ");
    add_padded(out, buf_str(&head), 25);
    buf_print(out, " %s", f->help);
    if (f->words != NULL)
        buf_print(out, " (%s)", f->words);
    buf_print(out, "%s\n", f->many ? "; may be repeated" : "");
    buf_done(&head);
    return true;
}

static void add_usage(const struct command *c, struct buf *out)
{
    buf_print(out, "parley %s%s%s [FLAGS]", c->name, c->usage[0] != '\0' ? " " : "", c->usage);
}

/* The lines of a text, each behind `head`, or behind as many spaces where it goes on with the
 * command of the line before. */
static void add_lines(struct buf *out, const char *head, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        if (*text == ' ')
            buf_print(out, "%*s", (int)strlen(head), "");
        else
            buf_text(out, head);
        buf_add(out, text, len);
        buf_byte(out, '\n');
        text += len + (text[len] == '\n');
    }
}

void help_command(const struct command *c, struct buf *out)
{
    buf_print(out, "parley %s - %s\n\nUsage: ", c->name, c->help);
    add_usage(c, out);
    buf_text(out, "\n");
    if (c->more != NULL)
        buf_print(out, "\n%s\n", c->more);
    buf_text(out, "\nFLAGS\n");
    command_flags(c, add_flag, out);
    buf_text(out, "\nEXAMPLE\n");
    add_lines(out, "  ", c->example);
}

static void add_exit_codes(struct buf *out)
{
    for (const struct exit_row *row = exit_rows; row->text != NULL; row++)
        buf_print(out, "%3d  %s\n", (int)row->code, row->text);
    buf_text(out, "\nTake any other status as a failure.\n");
}

static void add_topic(const struct topic *t, struct buf *out)
{
    if (t->text == NULL)
        add_exit_codes(out);
    else
        buf_text(out, t->text);
}

bool help_topic(const char *topic, struct buf *out)
{
    for (const struct topic *t = topics; t->name != NULL; t++)
        if (strcmp(t->name, topic) == 0) {
            add_topic(t, out);
            return true;
        }
    return false;
}

void help_first_steps(struct buf *out)
{
    buf_text(out, "No node here yet. Either:\n"
                  "  ./demo                                 see it work with two pretend parties\n"
                  "  parley key new root.pem                make this party's root key, then\n"
                  "  parley agreement check FILE            read what was agreed, then\n"
                  "  parley init FILE --as PARTY ...        set up this party for real\n"
                  "parley --help shows all commands.\n");
}

/* ---- docs/cli.md ---- */

/* The documents show a command's own flags, name the shared ones, and explain those once. */
static struct command own_only(const struct command *c)
{
    struct command own = *c;

    own.with = 0;
    return own;
}

static const struct command every_shared = {.name = "", .with = ~0U};

static bool add_flag_name(const struct flag *f, void *with)
{
    buf_print(with, " %s", f->name);
    return true;
}

static void add_shared_names(const struct command *c, struct buf *out)
{
    struct command shared = {.name = c->name, .with = c->with};

    command_flags(&shared, add_flag_name, out);
}

static void markdown_command(const struct command *c, struct buf *out)
{
    struct command own = own_only(c);

    buf_print(out, "\n### parley %s\n\n%s.\n\n```\n", c->name, c->help);
    add_usage(c, out);
    buf_text(out, "\n```\n");
    if (c->more != NULL)
        buf_print(out, "\n%s\n", c->more);
    if (own.flags[0].name != NULL) {
        buf_text(out, "\n```\n");
        command_flags(&own, add_flag, out);
        buf_text(out, "```\n");
    }
    if (c->with != 0) {
        buf_text(out, "\nAlso:");
        add_shared_names(c, out);
        buf_text(out, ".\n");
    }
    buf_text(out, "\nExample:\n\n```\n");
    add_lines(out, "$ ", c->example);
    buf_text(out, "```\n");
}

void help_markdown(struct buf *out)
{
    buf_print(out,
              "# The command line\n\nMade by `parley help --as markdown` from the table in "
              "src/cmd/table.c; a test compares.\n\nparley: %s.\n",
              about);
    for (unsigned g = 0; g < GROUP_COUNT; g++) {
        buf_print(out, "\n## %s\n", group_title((enum group)g));
        for (const struct command *c = commands; c->name != NULL; c++)
            if (c->group == g)
                markdown_command(c, out);
    }
    buf_text(out, "\n## FLAGS OF MANY COMMANDS\n\n```\n");
    command_flags(&every_shared, add_flag, out);
    buf_text(out, "```\n\n## TOPICS\n");
    for (const struct topic *t = topics; t->name != NULL; t++) {
        buf_print(out, "\n### %s\n\n%s.\n\n```\n", t->name, t->help);
        add_topic(t, out);
        buf_text(out, "```\n");
    }
}

/* ---- man/parley.1 ---- */

/* A text in roff: no character of it is an instruction. */
static void man_text(struct buf *out, const char *text)
{
    bool begin = true;

    for (const char *at = text; *at != '\0'; at++) {
        if (begin && (*at == '.' || *at == '\''))
            buf_text(out, "\\&");
        if (*at == '\\')
            buf_text(out, "\\e");
        else if (*at == '-')
            buf_text(out, "\\-");
        else
            buf_byte(out, (uint8_t)*at);
        begin = *at == '\n';
    }
}

static bool man_flag(const struct flag *f, void *with)
{
    struct buf *out = with;

    buf_text(out, ".It Fl "); /* which writes the first of the two dashes itself */
    man_text(out, f->name + 1);
    if (f->value != NULL) {
        buf_text(out, " Ar ");
        man_text(out, f->value);
    }
    buf_text(out, "\n");
    man_text(out, f->help);
    if (f->words != NULL) {
        buf_text(out, " (");
        man_text(out, f->words);
        buf_text(out, ")");
    }
    buf_print(out, "%s\n", f->many ? "; may be repeated" : "");
    return true;
}

static void man_literal(struct buf *out, const char *head, const char *text)
{
    struct buf lines = {0};

    add_lines(&lines, head, text);
    buf_text(out, ".Bd -literal -offset indent\n");
    man_text(out, buf_str(&lines));
    buf_text(out, ".Ed\n");
    buf_done(&lines);
}

static void man_flags(const struct command *c, struct buf *out)
{
    buf_text(out, ".Bl -tag -width Ds\n");
    command_flags(c, man_flag, out);
    buf_text(out, ".El\n");
}

static void man_command(const struct command *c, struct buf *out)
{
    struct command own = own_only(c);
    struct buf usage = {0}, names = {0};

    buf_text(out, ".Ss ");
    man_text(out, c->name);
    buf_text(out, "\n");
    man_text(out, c->help);
    buf_text(out, ".\n");
    add_usage(c, &usage);
    man_literal(out, "", buf_str(&usage));
    if (c->more != NULL) {
        man_text(out, c->more);
        buf_text(out, "\n");
    }
    if (own.flags[0].name != NULL)
        man_flags(&own, out);
    if (c->with != 0) {
        add_shared_names(c, &names);
        buf_text(out, ".Pp\nAlso:");
        man_text(out, buf_str(&names));
        buf_text(out, ".\n");
    }
    buf_text(out, ".Pp\nExample:\n");
    man_literal(out, "$ ", c->example);
    buf_done(&usage);
    buf_done(&names);
}

static void man_topic(const struct topic *t, struct buf *out)
{
    struct buf text = {0};

    add_topic(t, &text);
    buf_text(out, ".Ss ");
    man_text(out, t->name);
    buf_text(out, "\n");
    man_literal(out, "", buf_str(&text));
    buf_done(&text);
}

void help_man(struct buf *out)
{
    buf_print(out,
              ".\\\" Made by `parley help --as man` from src/cmd/table.c; a test compares.\n"
              ".Dd November 25, 2026\n.Dt PARLEY 1\n.Os\n.Sh NAME\n.Nm parley\n.Nd %s\n"
              ".Sh SYNOPSIS\n.Nm parley\n.Ar command\n.Op Ar words\n.Op Ar flags\n"
              ".Sh DESCRIPTION\nA node of an agreement between two parties: it notices what "
              "touches the\nagreement, says so to the other side in a form that neither can deny, "
              "and\ndrives the answer within the agreed time.\n.Sh COMMANDS\n",
              about);
    for (const struct command *c = commands; c->name != NULL; c++)
        man_command(c, out);
    buf_text(out, ".Sh FLAGS OF MANY COMMANDS\n");
    man_flags(&every_shared, out);
    buf_text(out, ".Sh TOPICS\n");
    for (const struct topic *t = topics; t->name != NULL; t++)
        man_topic(t, out);
    buf_text(out, ".Sh EXIT STATUS\nSee exit\\-codes above; take any other status as a failure.\n");
}
