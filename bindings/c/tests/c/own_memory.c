/* A table in memory that the program itself has mapped. */
#include "shared_memory_kv.h"
#include "check.h"

/* What the program keeps behind the table is its own. */
struct shared {
    shared_memory_kv_store_t store;
    unsigned int behind;
};

int main(void)
{
    struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED);
    shared_memory_kv_store_t *store = &shared->store;
    CHECK(sem_init(&store->sem, 1, 1) == 0);
    shared->behind = 12345;

    char value[VALUE_SIZE];
    SUCCEEDS(shared_memory_kv_set(store, "key", "value"));
    SUCCEEDS(shared_memory_kv_get(store, "key", value));
    CHECK(strcmp(value, "value") == 0);
    FAILS(shared_memory_kv_lock_timeout(store, 10), EINVAL);
    SAYS("did not map the store");

    unsigned int version = store->version;
    FAILS(shared_memory_kv_wait_for_change(store, &version, 1), ETIMEDOUT);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0)
        _exit(shared_memory_kv_set(store, "key", "changed") == 0 ? 0 : 1);
    SUCCEEDS(shared_memory_kv_wait_for_change(store, &version, 60000));
    check_child(child);
    CHECK(shared->behind == 12345);

    shared_memory_kv_destroy(-1, store);
    return 0;
}
