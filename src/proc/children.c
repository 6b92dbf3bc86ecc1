#include "proc/children.h"

#include <string.h>

int process_main(const char *name)
{
    static const struct {
        enum process process;
        int (*run)(void);
    } children[] = {
        {PROCESS_GATE, gate_main}, {PROCESS_JUDGE, judge_main},   {PROCESS_WATCH, watch_main},
        {PROCESS_DESK, desk_main}, {PROCESS_KEEPER, keeper_main}, {PROCESS_EXCHANGE, exchange_main},
    };

    for (size_t i = 0; i < sizeof children / sizeof children[0]; i++)
        if (strcmp(name, process_name(children[i].process)) == 0)
            return children[i].run();
    return 2;
}
