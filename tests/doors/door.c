/*
 * The C door into a store: `door follow NAME` prints each pair that is set,
 * `door set NAME KEY VALUE` sets one.
 */
#include "shared_memory_kv.h"

static int fail(const char *what)
{
    fprintf(stderr, "door: %s: %s\n", what, shared_memory_kv_last_error());
    return EXIT_FAILURE;
}

/* Prints the slots that are not as they were. */
static void print_new(const shared_memory_kv_snapshot_t *before,
                      const shared_memory_kv_snapshot_t *now)
{
    for (int i = 0; i < MAX_ENTRIES; i++) {
        const kv_pair_t *pair = &now->kv_table[i];
        if (pair->key[0] != '\0' && memcmp(pair, &before->kv_table[i], sizeof *pair) != 0)
            printf("%s = %s\n", pair->key, pair->value);
    }
    fflush(stdout);
}

/* Runs until it is interrupted. */
static int follow(shared_memory_kv_store_t *store)
{
    static shared_memory_kv_snapshot_t before, now;
    for (;;) {
        if (shared_memory_kv_snapshot(store, &now) == -1)
            return fail("snapshot");
        print_new(&before, &now);
        before = now;
        while (shared_memory_kv_wait_for_change(store, &now.version, 1000) == -1) {
            if (errno != ETIMEDOUT)
                return fail("wait");
        }
    }
}

int main(int argc, char **argv)
{
    int is_follow = argc == 3 && strcmp(argv[1], "follow") == 0;
    int is_set = argc == 5 && strcmp(argv[1], "set") == 0;
    if (!is_follow && !is_set) {
        fprintf(stderr, "usage: door follow NAME | door set NAME KEY VALUE\n");
        return 2;
    }
    shared_memory_kv_store_t *store = shared_memory_kv_open_named(argv[2], NULL);
    if (store == NULL)
        return fail(argv[2]);
    if (is_follow)
        return follow(store);
    if (shared_memory_kv_set(store, argv[3], argv[4]) == -1)
        return fail(argv[3]);
    shared_memory_kv_destroy(-1, store);
    return EXIT_SUCCESS;
}
