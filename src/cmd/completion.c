#include <string.h>

#include "cmd/help.h"

/*
 * The three scripts carry the names as data and decide nothing else; each asks for files where a
 * flag's value or a word is none of ours.
 */

static void add_names(struct buf *out, const char *first)
{
    size_t len = first != NULL ? strlen(first) : 0;
    const char *last = "";
    size_t last_len = 0;

    for (const struct command *c = commands; c->name != NULL; c++) {
        const char *word = c->name + (first != NULL ? len + 1 : 0);
        size_t n;
        if (first != NULL && (strncmp(c->name, first, len) != 0 || c->name[len] != ' '))
            continue;
        n = strcspn(word, " ");
        if (n == last_len && memcmp(word, last, n) == 0)
            continue; /* the next of the same family; families stand together in the table */
        buf_text(out, last_len > 0 ? " " : "");
        buf_add(out, word, n);
        last = word;
        last_len = n;
    }
}

static bool add_flag_name(const struct flag *f, void *with)
{
    buf_print(with, " %s", f->name);
    return true;
}

static void bash_families(struct buf *out)
{
    const char *last = "";

    for (const struct command *c = commands; c->name != NULL; c++) {
        size_t n = strcspn(c->name, " ");
        if (c->name[n] == '\0' || (strncmp(last, c->name, n) == 0 && last[n] == ' '))
            continue;
        last = c->name;
        buf_text(out, "        ");
        buf_add(out, c->name, n);
        buf_text(out, ") echo \"");
        struct buf first = {0};
        buf_add(&first, c->name, n);
        add_names(out, buf_str(&first));
        buf_done(&first);
        buf_text(out, "\" ;;\n");
    }
}

static void bash_flags(struct buf *out)
{
    for (const struct command *c = commands; c->name != NULL; c++) {
        buf_print(out, "        \"%s\") echo \"--help", c->name);
        command_flags(c, add_flag_name, out);
        buf_text(out, "\" ;;\n");
    }
}

struct seen {
    const char *name[64];
    size_t count;
    struct buf *out;
};

static bool bash_choice(const struct flag *f, void *with)
{
    struct seen *seen = with;

    if (f->words == NULL)
        return true;
    for (size_t i = 0; i < seen->count; i++)
        if (strcmp(seen->name[i], f->name) == 0)
            return true;
    if (seen->count < sizeof seen->name / sizeof seen->name[0])
        seen->name[seen->count++] = f->name;
    buf_print(seen->out, "        %s) echo \"", f->name);
    for (const char *at = f->words; *at != '\0'; at++)
        buf_byte(seen->out, *at == '|' ? ' ' : (uint8_t)*at);
    buf_text(seen->out, "\" ;;\n");
    return true;
}

static void bash_choices(struct buf *out)
{
    struct seen seen = {.out = out};

    for (const struct command *c = commands; c->name != NULL; c++)
        command_flags(c, bash_choice, &seen);
}

/* Functions of plain sh that both bash and zsh use. */
static void add_functions(struct buf *out)
{
    buf_text(out, "_parley_second() {\n    case $1 in\n");
    bash_families(out);
    buf_text(out, "        help) echo \"");
    for (const struct topic *t = topics; t->name != NULL; t++)
        buf_print(out, "%s%s", t == topics ? "" : " ", t->name);
    buf_text(out, "\" ;;\n    esac\n}\n_parley_flags() {\n    case $1 in\n");
    bash_flags(out);
    buf_text(out, "    esac\n}\n_parley_choices() {\n    case $1 in\n");
    bash_choices(out);
    buf_text(out, "    esac\n}\n");
}

static void completion_bash(struct buf *out)
{
    buf_text(out, "# bash completion for parley: eval \"$(parley completion bash)\"\n");
    add_functions(out);
    buf_text(out, "_parley() {\n"
                  "    local here=${COMP_WORDS[COMP_CWORD]} words name\n"
                  "    if [ \"$COMP_CWORD\" = 1 ]; then\n        words=\"");
    add_names(out, NULL);
    buf_text(out,
             "\"\n    else\n"
             "        name=${COMP_WORDS[1]}\n"
             "        [ -n \"$(_parley_flags \"$name\")\" ] || name=\"$name ${COMP_WORDS[2]}\"\n"
             "        words=$(_parley_choices \"${COMP_WORDS[COMP_CWORD-1]}\")\n"
             "        [ -n \"$words\" ] || case $here in\n"
             "            -*) words=$(_parley_flags \"$name\") ;;\n"
             "            *) [ \"$COMP_CWORD\" != 2 ] || words=$(_parley_second "
             "\"${COMP_WORDS[1]}\") ;;\n"
             "        esac\n    fi\n"
             "    COMPREPLY=($(compgen -W \"$words\" -- \"$here\"))\n"
             "}\ncomplete -o default -F _parley parley\n");
}

static void completion_zsh(struct buf *out)
{
    buf_text(out, "#compdef parley\n# zsh completion: parley completion zsh "
                  ">\"${fpath[1]}/_parley\"\n");
    add_functions(out);
    buf_text(out, "_parley() {\n    local name=$words[2] list\n"
                  "    if (( CURRENT == 2 )); then\n        list=\"");
    add_names(out, NULL);
    buf_text(out, "\"\n    else\n"
                  "        [[ -n $(_parley_flags $name) ]] || name=\"$name $words[3]\"\n"
                  "        list=$(_parley_choices $words[CURRENT-1])\n"
                  "        if [[ -z $list ]]; then\n"
                  "            if [[ $words[CURRENT] = -* ]]; then list=$(_parley_flags $name)\n"
                  "            elif (( CURRENT == 3 )); then list=$(_parley_second $words[2]); fi\n"
                  "        fi\n    fi\n"
                  "    if [[ -n $list ]]; then compadd -- ${=list}; else _files; fi\n"
                  "}\ncompdef _parley parley\n");
}

/* In fish a text between single quotes has two escapes. */
static void fish_quoted(struct buf *out, const char *text)
{
    buf_byte(out, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            buf_byte(out, '\\');
        buf_byte(out, (uint8_t)*text);
    }
    buf_byte(out, '\'');
}

struct fish {
    struct buf *out;
    const struct command *command;
};

static void fish_condition(const struct command *c, struct buf *out)
{
    size_t n = strcspn(c->name, " ");

    buf_text(out, "complete -c parley -n '__fish_seen_subcommand_from ");
    buf_add(out, c->name, n);
    if (c->name[n] != '\0')
        buf_print(out, "; and __fish_seen_subcommand_from %s", c->name + n + 1);
    buf_byte(out, '\'');
}

static bool fish_flag(const struct flag *f, void *with)
{
    struct fish *fish = with;

    fish_condition(fish->command, fish->out);
    buf_print(fish->out, " -l %s%s", f->name + 2, f->value != NULL ? " -r" : "");
    if (f->words != NULL) {
        buf_text(fish->out, " -f -a '");
        for (const char *at = f->words; *at != '\0'; at++)
            buf_byte(fish->out, *at == '|' ? ' ' : (uint8_t)*at);
        buf_byte(fish->out, '\'');
    }
    buf_text(fish->out, " -d ");
    fish_quoted(fish->out, f->help);
    buf_byte(fish->out, '\n');
    return true;
}

static void fish_command(const struct command *c, struct buf *out)
{
    struct fish fish = {out, c};
    size_t n = strcspn(c->name, " ");

    if (c->name[n] == '\0') {
        buf_print(out, "complete -c parley -n __fish_use_subcommand -a %s -d ", c->name);
    } else {
        buf_text(out, "complete -c parley -n '__fish_seen_subcommand_from ");
        buf_add(out, c->name, n);
        buf_print(out, "' -a %s -d ", c->name + n + 1);
    }
    fish_quoted(out, c->help);
    buf_byte(out, '\n');
    command_flags(c, fish_flag, &fish);
}

static void completion_fish(struct buf *out)
{
    buf_text(out, "# fish completion: parley completion fish "
                  ">~/.config/fish/completions/parley.fish\n"
                  "complete -c parley -n __fish_use_subcommand -f -a '");
    add_names(out, NULL);
    buf_text(out, "'\n");
    for (const struct command *c = commands; c->name != NULL; c++)
        fish_command(c, out);
}

bool help_completion(const char *shell, struct buf *out)
{
    static const struct {
        const char *name;
        void (*make)(struct buf *out);
    } shells[] = {{"bash", completion_bash}, {"zsh", completion_zsh}, {"fish", completion_fish}};

    for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++)
        if (strcmp(shells[i].name, shell) == 0) {
            shells[i].make(out);
            return true;
        }
    return false;
}
