#include <stdlib.h>

#include "base/memory.h"
#include "desk/state.h"
#include "keeper/order.h"

/*
 * Role keys, ours and the partner's: the genesis, and the KEYS entries of each log
 * (docs/PROTOCOL.ledger section 11). What a log holds of them is read again from log and store
 * whenever that may have changed; nothing of it is kept anywhere else.
 */

static const char lacking_alarm[] = "role keys are missing";

static bool is_keys(struct bytes entry)
{
    static const char line[] = "\nkind KEYS\n";

    return memmem(entry.data, entry.len, line, sizeof line - 1) != NULL;
}

static struct desk_said *room_for(struct desk_keys *k)
{
    if (k->said_count == FRAME_KEYS)
        return NULL;
    k->said[k->said_count] = memory_zeroed(1, sizeof *k->said[0]);
    return k->said[k->said_count++];
}

/* What stands at this index or behind it is forgotten. */
static void cut(struct desk_keys *k, uint64_t index)
{
    while (k->said_count != 0 && k->said[k->said_count - 1]->index >= index) {
        struct desk_said *last = k->said[--k->said_count];

        buf_done(&last->entry);
        buf_done(&last->document);
        free(last);
    }
    tenure_cut(&k->tenure, index);
}

static struct fault add(struct desk_pact *p, struct desk_keys *k, const char *party, uint64_t index,
                        struct bytes entry, struct bytes document)
{
    struct desk_said *said;
    struct fault f = tenure_change(&k->tenure, p->now, party, index, entry, document);

    if (fault_is(f))
        return f;
    said = room_for(k);
    said->index = index;
    buf_bytes(&said->entry, entry);
    buf_bytes(&said->document, document);
    return f;
}

void keys_done(struct desk_keys *k)
{
    cut(k, 0);
    tenure_done(&k->tenure);
}

/* --- from log and store --------------------------------------------------------------------- */

struct found {
    uint64_t index;
    struct buf entry, document;
};

static int by_index(const void *a, const void *b)
{
    uint64_t one = ((const struct found *)a)->index, two = ((const struct found *)b)->index;

    return one < two ? -1 : one > two;
}

/* The KEYS statements of this party that lie in the log, ascending. */
static struct fault find(struct desk_pact *p, const char *party, const struct ledger *log,
                         struct found *found, size_t *count)
{
    struct rows r =
        store_ask(p->desk->store, QUERY_STATEMENT_KIND,
                  STORE_WITH(value_text(p->now->id), value_text(party), value_text("KEYS")));

    while (rows_next(&r)) {
        struct digest leaf;
        uint64_t index;

        memcpy(leaf.byte, row_bytes(&r, 2).data, sizeof leaf.byte);
        if (*count == FRAME_KEYS || !ledger_find(log, &leaf, &index))
            continue; /* refused, or not appended yet */
        found[*count].index = index;
        buf_bytes(&found[*count].entry, row_bytes(&r, 10));
        buf_bytes(&found[*count].document, row_bytes(&r, 11));
        ++*count;
    }
    qsort(found, *count, sizeof *found, by_index);
    return rows_done(&r);
}

static struct fault load(struct desk_pact *p, struct desk_keys *k, const char *party,
                         const struct ledger *log)
{
    struct found *found = memory_zeroed(FRAME_KEYS, sizeof *found);
    size_t count = 0;
    struct fault f = find(p, party, log, found, &count);

    cut(k, 1);
    for (size_t i = 0; i < count && !fault_is(f); i++)
        f = add(p, k, party, found[i].index, buf_view(&found[i].entry),
                buf_view(&found[i].document));
    for (size_t i = 0; i < count; i++) {
        buf_done(&found[i].entry);
        buf_done(&found[i].document);
    }
    free(found);
    return f;
}

struct fault keys_load(struct desk_pact *p)
{
    return load(p, &p->own_keys, p->own->id, p->log);
}

struct fault keys_load_peer(struct desk_pact *p)
{
    return load(p, &p->peer_keys, p->peer->id, p->mirror.log);
}

bool keys_are_among(const struct bytes *entries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_keys(entries[i]))
            return true;
    return false;
}

/* --- the partner's, on their way in --------------------------------------------------------- */

static struct fault expect(struct desk_pact *p, struct desk_keys *k, const char *party,
                           uint64_t held, const struct frame_push *push)
{
    struct fault f = fault_none();

    cut(k, held == 0 ? 1 : held);
    for (uint32_t i = 0; i < push->count && !fault_is(f); i++)
        if (push->first + i >= held && is_keys(push->item[i].entry))
            f = add(p, k, party, push->first + i, push->item[i].entry, push->item[i].document);
    return f;
}

/* Do the keys still stand by the partner's newest cosignature? Its old ones do up to the KEYS
 * entry's `seen`, and whoever says it cosigned before that or beside the new ones: so this fails
 * for a `seen` that is smaller than what was cosigned. */
static struct fault stands(struct desk_pact *p)
{
    struct bytes note = head_binding_note(&p->head);
    struct note n;

    if (note.len == 0 || (!fault_is(note_parse(note, &n)) &&
                          !fault_is(note_verify(&n, &p->peer_keys.tenure.cosigner, NULL))))
        return fault_none();
    return fault_make(FAULT_REFUSED, 0,
                      "PROTOCOL.ledger section 11: KEYS that disown what their party cosigned");
}

struct fault keys_expect(struct desk_pact *p, const struct frame_push *push)
{
    static const char alarm[] = "cosignatures disowned";
    uint64_t held = ledger_size(p->mirror.log);
    size_t before;
    struct fault f;

    cut(&p->peer_keys, held == 0 ? 1 : held);
    before = p->peer_keys.said_count;
    f = expect(p, &p->peer_keys, p->peer->id, held, push);
    if (fault_is(f) || p->peer_keys.said_count == before)
        return f;
    f = stands(p);
    if (!fault_is(f)) {
        alarm_clear(p, alarm);
        return f;
    }
    cut(&p->peer_keys, held == 0 ? 1 : held);
    alarm_raise(p, alarm,
                "the partner's new keys do not stand by all that its old ones cosigned of our log: "
                "nothing of its is held before it cosigned that again, or says so");
    return f;
}

struct fault keys_expect_own(struct desk_pact *p, const struct frame_push *mirror)
{
    return expect(p, &p->own_keys, p->own->id, ledger_size(p->log), mirror);
}

struct fault keys_greeted(const struct desk_pact *p, const struct frame_hello *hello)
{
    const struct tenure *t = &p->peer_keys.tenure;
    size_t known = 0;

    for (uint32_t i = 0; i < hello->key_count; i++) {
        struct digest leaf = tree_leaf(hello->keys[i].entry);

        known += tenure_has(t, hello->keys[i].index, &leaf);
    }
    /* A partner restored from a backup does not know its newest keys either, and is to be refilled;
     * but whoever stole the keys before them must not pass for him. */
    return known < t->count && t->keys[known]->hello_revoked
               ? fault_make(FAULT_REFUSED, 0,
                            "PROTOCOL.ledger section 11: HELLO by a key that was revoked")
               : fault_none();
}

void keys_order(const struct desk_pact *p, struct order_cosign *order)
{
    const struct desk_keys *k = &p->peer_keys;

    for (size_t i = 0; i < k->said_count && order->key_count < ORDER_KEYS; i++)
        if (k->said[i]->index >= order->first && k->said[i]->index - order->first < order->count)
            order->keys[order->key_count++] = (struct order_keys){
                k->said[i]->index, buf_view(&k->said[i]->entry), buf_view(&k->said[i]->document)};
}

/* --- ours that this node lost: it was restored from before a change of them ------------------ */

void keys_shown(struct desk_pact *p, const struct frame_hello *hello)
{
    uint64_t size = ledger_size(p->log);
    struct checkpoint c;
    struct fault f = fault_none();

    cut(&p->own_keys, size);
    for (uint32_t i = 0; i < hello->shown_count && !fault_is(f); i++)
        if (hello->shown[i].index >= size)
            f = add(p, &p->own_keys, p->own->id, hello->shown[i].index, hello->shown[i].entry,
                    hello->shown[i].document);
    if (!fault_is(f))
        f = note_verify_checkpoint(hello->head, bytes_text(p->origin), &p->own_keys.tenure.author,
                                   &c, NULL);
    if (fault_is(f))
        cut(&p->own_keys, size); /* his word alone */
}

bool keys_are_behind(const struct desk_pact *p)
{
    const struct tenure *t = &p->own_keys.tenure;

    return p->lacking.len != 0 ||
           (refill_is_due(p) && t->count > 1 && t->keys[t->count - 1]->index >= p->kept_own);
}

void keys_lacking(struct desk_pact *p, struct bytes lines)
{
    struct buf detail = {0};

    if (lines.len == 0) {
        alarm_clear(p, lacking_alarm);
        return;
    }
    buf_text(&detail, "this node was restored from before a change of its role keys and has not:");
    for (size_t i = 0, start = 0; i < lines.len; i++)
        if (lines.data[i] == '\n') {
            buf_text(&detail, start == 0 ? " " : ", ");
            buf_add(&detail, lines.data + start, i - start);
            start = i + 1;
        }
    buf_text(&detail, ". Nothing is signed before they are in keys/next/, as they were after the "
                      "change; then start the node anew");
    alarm_raise(p, lacking_alarm, buf_str(&detail));
    buf_done(&detail);
}

/* --- what a HELLO says of both -------------------------------------------------------------- */

static uint32_t list_keys(const struct desk_keys *k, size_t count, uint64_t below,
                          struct frame_keys *out)
{
    uint32_t listed = 0;

    for (; listed < count && k->said[listed]->index < below; listed++)
        out[listed] = (struct frame_keys){k->said[listed]->index, buf_view(&k->said[listed]->entry),
                                          buf_view(&k->said[listed]->document)};
    return listed;
}

void keys_greet(const struct desk_pact *p, struct frame_hello *hello)
{
    const struct desk_keys *ours = &p->own_keys, *theirs = &p->peer_keys;
    size_t named = ours->said_count < p->unnamed ? 0 : ours->said_count - p->unnamed;

    hello->key_count =
        list_keys(ours, named, p->talk.target > p->head.stored ? p->talk.target : p->head.stored,
                  hello->keys);
    hello->shown_count = list_keys(theirs, theirs->said_count, p->talk.mirror, hello->shown);
}

/* --- ours, on their way out ----------------------------------------------------------------- */

/* Keeper reads keys/next/ at its start alone; a new version of the agreement begins it anew too. */
json_t *keys_reload(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    struct desk *d = p->desk;

    (void)ask;
    (void)say;
    (void)client;
    for (size_t i = 0; i < d->pact_count; i++) {
        d->pact[i].keeper_is_old = true;
        d->pact[i].told = d->tick;
    }
    d->host.reload(d->host.context);
    return answer_good();
}

/* Would keeper take it? What it says again then is said here in words. */
static json_t *check(struct desk_pact *p, const struct disclosed *d)
{
    struct roles *roles = memory_zeroed(1, sizeof *roles);
    struct roles_change change;
    json_t *answer = NULL;
    struct fault f = roles_from_plan(p->now, p->own->id, d, true, roles, &change);

    if (!fault_is(f))
        f = tenure_would_follow(&p->own_keys.tenure, roles, &change);
    free(roles);
    if (fault_is(f))
        answer = answer_fault(f, "the keys cannot be changed so",
                              f.kind == FAULT_ORDER ? "parley key show; plan the change anew"
                                                    : "sign the plan with the party's root key");
    else if ((answer = pact_silence(p)) == NULL && (p->signing || p->cosigning))
        answer = answer_error("busy", 7, "the node is signing something else",
                              "PROTOCOL.ledger section 11: KEYS says how far we cosigned",
                              "ask again at once");
    return answer;
}

json_t *keys_change(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    struct bytes document = bytes_text(ask_text(ask, "document"));
    struct disclosed *d = NULL;
    struct digest leaf;
    json_t *answer;
    struct fault f = disclosed_parse(document, &d);

    if (fault_is(f))
        return answer_fault(f, "this is no KEYS document", "parley key rotate --help");
    answer = check(p, d);
    if (answer == NULL && json_is_true(json_object_get(ask, "dry")))
        answer = answer_good();
    if (answer == NULL)
        answer = say_by_root(p, KIND_KEYS, document, "the keys were not changed", &leaf);
    if (answer != NULL) {
        disclosed_free(d);
        return answer;
    }
    wait_for(p->desk, &leaf,
             json_pack("{s:i, s:b, s:o, s:O, s:s}", "v", 1, "ok", 1, "leaf", json_digest(&leaf),
                       "serial", disclosed_value(d, "serial"), "state", disclosed_text(d, "state")),
             say, client);
    disclosed_free(d);
    commit_go(p);
    return NULL;
}

/* --- shown ---------------------------------------------------------------------------------- */

static json_t *one_key(enum role role, const struct role_key *key)
{
    char fingerprint[FINGERPRINT_TEXT];

    json_t *object;
    struct buf text = {0};

    fingerprint_write(suite_key_id(key->suite, bytes_of(key->key, key->len)), fingerprint);
    buf_base64(&text, key->key, key->len);
    object = json_pack("{s:s, s:s, s:s, s:s}", "role", role_name(role), "suite",
                       suite_name(key->suite), "key", buf_str(&text), "fingerprint", fingerprint);
    buf_done(&text);
    return object;
}

/* `binding`: the size that both sides hold. */
static json_t *one_time(const struct tenure_keys *k, uint64_t binding)
{
    json_t *keys = json_array();
    const char *state = k->change.serial == 0 ? "genesis"
                        : k->change.revokes   ? "revoked"
                                              : "rotated";

    for (enum role role = ROLE_LOG; role < ROLE_COUNT; role++)
        for (size_t i = 0; i < k->roles.suites; i++)
            json_array_append_new(keys, one_key(role, &k->roles.key[role][i]));
    return json_pack("{s:I, s:I, s:s, s:b, s:b, s:o}", "serial", (json_int_t)k->change.serial,
                     "index", (json_int_t)k->index, "state", state, "binding", k->index < binding,
                     "stolen", k->author.revoked || k->cosigner.revoked || k->hello_revoked, "keys",
                     keys);
}

static json_t *times(const struct tenure *t, uint64_t binding)
{
    json_t *list = json_array();

    for (size_t i = 0; i < t->count; i++)
        json_array_append_new(list, one_time(t->keys[i], binding));
    return list;
}

static void show(const struct desk_pact *p, json_t *out)
{
    json_object_set_new(out, "agreement", json_string(p->now->id));
    json_object_set_new(out, "party", json_string(p->own->id));
    json_object_set_new(out, "partner", json_string(p->peer->id));
    json_object_set_new(out, "ours", times(&p->own_keys.tenure, p->head.binding));
    json_object_set_new(out, "theirs", times(&p->peer_keys.tenure, p->talk.mirror));
}

json_t *keys_show(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    json_t *answer = answer_good();

    (void)ask;
    (void)say;
    (void)client;
    show(p, answer);
    return answer;
}

json_t *keys_all(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    json_t *answer = answer_good(), *list = json_array();

    (void)ask;
    (void)say;
    (void)client;
    for (size_t i = 0; i < p->desk->pact_count; i++) {
        json_t *one = json_object();

        show(&p->desk->pact[i], one);
        json_array_append_new(list, one);
    }
    json_object_set_new(answer, "agreements", list);
    return answer;
}
