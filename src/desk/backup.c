#include <unistd.h>

#include "desk/state.h"

/*
 * The store is ours alone (STORE_SOLE), so that nobody else can copy it while we work. Who asked
 * takes the copy away. Desk does nothing else meanwhile.
 */
json_t *backup_make(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    struct fault f;

    (void)ask;
    (void)say;
    (void)client;
    unlink(DESK_BACKUP); /* of one that nobody took away */
    f = store_backup(p->desk->store, DESK_BACKUP);
    if (fault_is(f)) {
        unlink(DESK_BACKUP);
        return answer_fault(f, "the store could not be copied", "parley doctor");
    }
    return json_pack("{s:i, s:b, s:s}", "v", 1, "ok", 1, "file", DESK_BACKUP);
}
