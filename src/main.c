#include "cmd/run.h"
#include "proc/children.h"

int main(int argc, char **argv)
{
    if (argc > 1 && argv[1][0] == '@')
        return process_main(argv[1] + 1);
    return run_main(argc, argv);
}
