#include "cmd/run.h"
#include "proc/children.h"

/* "@gate" and so on: the parent starts this program again as one of its processes. */
int main(int argc, char **argv)
{
    if (argc > 1 && argv[1][0] == '@')
        return process_main(argv[1] + 1);
    return run_main(argc, argv);
}
