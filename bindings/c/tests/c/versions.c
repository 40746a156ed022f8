/* Versions: compare-and-set, waiting for a change, and whole tables. */
#include "shared_memory_kv.h"
#include "check.h"

#define PROCESSES 4
#define ADDITIONS 250
#define LONG 60000

static shared_memory_kv_store_t *store;

static void compare_and_set(void)
{
    unsigned int version = 0;
    SUCCEEDS(shared_memory_kv_compare_and_set(store, "key", "first", &version));
    CHECK(version == 1);
    version = 0;
    FAILS(shared_memory_kv_compare_and_set(store, "key", "second", &version), EAGAIN);
    SAYS("version 0 was expected, and the table is at 1");
    CHECK(version == 1 && strcmp(store->kv_table[0].value, "first") == 0);
    SUCCEEDS(shared_memory_kv_compare_and_set(store, "key", "second", &version));
    CHECK(version == 2 && strcmp(store->kv_table[0].value, "second") == 0);

    FAILS(shared_memory_kv_compare_and_set(store, "", "value", &version), EINVAL);
    FAILS(shared_memory_kv_compare_and_set(store, letters('k', 64), "value", &version),
          ENAMETOOLONG);
    FAILS(shared_memory_kv_compare_and_set(store, "key", letters('v', 256), &version),
          ENAMETOOLONG);
    for (int i = 1; i < MAX_ENTRIES; i++)
        SUCCEEDS(shared_memory_kv_compare_and_set(store, letters('k', i), "value", &version));
    FAILS(shared_memory_kv_compare_and_set(store, "one more", "value", &version), ENOSPC);
    CHECK(version == MAX_ENTRIES + 1);
}

static void snapshot_and_clear(void)
{
    shared_memory_kv_snapshot_t snapshot;
    memset(&snapshot, 'x', sizeof snapshot);
    SUCCEEDS(shared_memory_kv_delete(store, "k"));
    SUCCEEDS(shared_memory_kv_snapshot(store, &snapshot));
    CHECK(snapshot.version == store->version && snapshot.entry_count == MAX_ENTRIES - 1);
    CHECK(strcmp(snapshot.kv_table[0].key, "key") == 0);
    CHECK(strcmp(snapshot.kv_table[0].value, "second") == 0);
    CHECK(snapshot.kv_table[0].timestamp == store->kv_table[0].timestamp);
    static const kv_pair_t nothing;
    CHECK(memcmp(&snapshot.kv_table[1], &nothing, sizeof nothing) == 0);
    CHECK(strcmp(snapshot.kv_table[9].key, letters('k', 9)) == 0);

    unsigned int version = store->version;
    SUCCEEDS(shared_memory_kv_clear(store));
    CHECK(store->entry_count == 0 && store->version == version + 1);
    SUCCEEDS(shared_memory_kv_snapshot(store, &snapshot));
    CHECK(snapshot.entry_count == 0 && snapshot.kv_table[9].key[0] == '\0');
}

/* Adds one to the number in "sum", however often others come first. */
static void add_one(void)
{
    shared_memory_kv_snapshot_t snapshot;
    do {
        CHECK(shared_memory_kv_snapshot(store, &snapshot) == 0);
        char sum[16];
        snprintf(sum, sizeof sum, "%d", atoi(snapshot.kv_table[0].value) + 1);
        if (shared_memory_kv_compare_and_set(store, "sum", sum, &snapshot.version) == 0)
            return;
    } while (errno == EAGAIN);
    CHECK(!"any other error");
}

/* Schedule: four processes add one 250 times each. Allowed: 1000. */
static void nothing_is_lost(void)
{
    pid_t children[PROCESSES];
    SUCCEEDS(shared_memory_kv_set(store, "sum", "0"));
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        CHECK(children[i] >= 0);
        if (children[i] == 0) {
            for (int j = 0; j < ADDITIONS; j++)
                add_one();
            _exit(0);
        }
    }
    for (int i = 0; i < PROCESSES; i++)
        check_child(children[i]);
    CHECK(atoi(store->kv_table[0].value) == PROCESSES * ADDITIONS);
}

/* Schedule: two processes change the store in turns, each waiting for the
   other's change. Forbidden: a wait that runs to its end. */
static void changes_wake(void)
{
    unsigned int start;
    SUCCEEDS(shared_memory_kv_version(store, &start));
    pid_t child = fork();
    CHECK(child >= 0);
    for (unsigned int i = child == 0; i < 200; i += 2) {
        unsigned int version = start + i - 1;
        if (i > 0)
            CHECK(shared_memory_kv_wait_for_change(store, &version, LONG) == 0);
        CHECK(version == start + i || i == 0);
        CHECK(shared_memory_kv_set(store, "turn", child == 0 ? "child" : "parent") == 0);
    }
    if (child == 0)
        _exit(0);
    check_child(child);
}

static void waiting_in_vain(void)
{
    unsigned int version = store->version, seen = version;
    FAILS(shared_memory_kv_wait_for_change(store, &version, 1), ETIMEDOUT);
    SAYS("after 1 ms");
    FAILS(shared_memory_kv_wait_for_change(store, &version, 0), ETIMEDOUT);
    CHECK(version == seen);
    /* Behind the table, those who wait tell those who change it. */
    CHECK(*(unsigned int *)(store + 1) == seen);
    version = seen + 7; /* "another", not "later": versions wrap */
    SUCCEEDS(shared_memory_kv_wait_for_change(store, &version, LONG));
    CHECK(version == seen);
}

int main(void)
{
    int fd;
    const char *name = own_name("versions");
    store = shared_memory_kv_create_named(name, &fd);
    CHECK(store != NULL);
    compare_and_set();
    snapshot_and_clear();
    nothing_is_lost();
    changes_wake();
    waiting_in_vain();
    shared_memory_kv_destroy(fd, store);
    SUCCEEDS(shared_memory_kv_unlink_named(name));
    return 0;
}
