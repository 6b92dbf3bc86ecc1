/* maxminddb DATABASE ADDRESSES: look-ups of libmaxminddb; ADDRESSES are IPv4, 4 bytes each. */
#include <maxminddb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

enum { RUNS = 5, MOST = 1 << 20 };

static double cpu(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void ask(MMDB_s *db, const in_addr_t *asked, size_t count, bool code)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    double best = 1e9;
    size_t found = 0;

    for (int run = 0; run < RUNS; run++) {
        double began = cpu();

        found = 0;
        for (size_t i = 0; i < count; i++) {
            MMDB_lookup_result_s r;
            MMDB_entry_data_s data;
            int error = 0;

            a.sin_addr.s_addr = asked[i];
            r = MMDB_lookup_sockaddr(db, (const struct sockaddr *)&a, &error);
            if (r.found_entry && code)
                found += MMDB_get_value(&r.entry, &data, "country", "iso_code", NULL) == 0;
            else
                found += r.found_entry;
        }
        began = cpu() - began;
        best = began < best ? began : best;
    }
    printf("%s %.6f\n%s_found %zu\n", code ? "code" : "entry", best, code ? "code" : "entry",
           found);
}

int main(int argc, char **argv)
{
    static in_addr_t asked[MOST];
    size_t count;
    MMDB_s db;
    FILE *in;

    if (argc != 3 || MMDB_open(argv[1], MMDB_MODE_MMAP, &db) != MMDB_SUCCESS)
        return 2;
    in = fopen(argv[2], "rb");
    if (in == NULL)
        return 2;
    count = fread(asked, sizeof asked[0], MOST, in);
    fclose(in);
    printf("lookups %zu\n", count);
    ask(&db, asked, count, false);
    ask(&db, asked, count, true);
    MMDB_close(&db);
    return 0;
}
