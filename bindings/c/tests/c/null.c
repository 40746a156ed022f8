/* NULL for every pointer of every function: EINVAL, or nothing at all. */
#include "shared_memory_kv.h"
#include "check.h"

static void objects(void)
{
    const char *name = own_name("null");
    int fd;
    REFUSES(shared_memory_kv_create_named(NULL, &fd), fd, EINVAL);
    REFUSES(shared_memory_kv_open_named(NULL, &fd), fd, EINVAL);
    REFUSES(shared_memory_kv_open_or_create_named(NULL, &fd), fd, EINVAL);
    SAYS("the name is NULL");
    shared_memory_kv_store_t *none = (void *)name;
    FAILS(shared_memory_kv_open_with(NULL, 0, &none, NULL), EINVAL);
    CHECK(none == NULL);
    fd = 1000;
    FAILS(shared_memory_kv_open_with(name, SHARED_MEMORY_KV_CREATE, NULL, &fd), EINVAL);
    SAYS("store_out is NULL");
    CHECK(fd == -1);
    FAILS(shared_memory_kv_unlink_named(NULL), EINVAL);
    errno = EDOM;
    CHECK(shared_memory_kv_create_named(NULL, NULL) == NULL && errno == EINVAL);
    CHECK(shared_memory_kv_open_named(name, NULL) == NULL && errno == ENOENT);

    /* Without a place for the descriptor none is kept. */
    int before = dup(0);
    CHECK(close(before) == 0);
    shared_memory_kv_store_t *store = shared_memory_kv_create_named(name, NULL);
    CHECK(store != NULL);
    int after = dup(0);
    CHECK(after == before && close(after) == 0);
    SUCCEEDS(shared_memory_kv_set(store, "key", "value"));
    shared_memory_kv_destroy(-1, store);
    SUCCEEDS(shared_memory_kv_unlink_named(name));
    shared_memory_kv_destroy(-1, NULL);
}

static void pairs(shared_memory_kv_store_t *store)
{
    char value[VALUE_SIZE];
    unsigned int version = 0;
    shared_memory_kv_snapshot_t snapshot;
    FAILS(shared_memory_kv_set(NULL, NULL, NULL), EINVAL);
    FAILS(shared_memory_kv_get(NULL, NULL, NULL), EINVAL);
    FAILS(shared_memory_kv_get(NULL, "key", value), EINVAL);
    FAILS(shared_memory_kv_delete(NULL, NULL), EINVAL);
    FAILS(shared_memory_kv_clear(NULL), EINVAL);
    FAILS(shared_memory_kv_snapshot(NULL, &snapshot), EINVAL);
    FAILS(shared_memory_kv_snapshot(store, NULL), EINVAL);
    FAILS(shared_memory_kv_version(NULL, &version), EINVAL);
    FAILS(shared_memory_kv_version(store, NULL), EINVAL);
    FAILS(shared_memory_kv_compare_and_set(NULL, "key", "value", &version), EINVAL);
    FAILS(shared_memory_kv_compare_and_set(store, NULL, "value", &version), EINVAL);
    FAILS(shared_memory_kv_compare_and_set(store, "key", NULL, &version), EINVAL);
    FAILS(shared_memory_kv_compare_and_set(store, "key", "value", NULL), EINVAL);
    FAILS(shared_memory_kv_wait_for_change(NULL, &version, 0), EINVAL);
    FAILS(shared_memory_kv_wait_for_change(store, NULL, 0), EINVAL);
    FAILS(shared_memory_kv_lock(NULL, 0), EINVAL);
    FAILS(shared_memory_kv_unlock(NULL), EINVAL);
    FAILS(shared_memory_kv_lock_timeout(NULL, 0), EINVAL);
    CHECK(store->version == 0 && version == 0);
}

/* A pointer that is no multiple of 8 is no store. */
static void not_aligned(shared_memory_kv_store_t *store)
{
    shared_memory_kv_store_t *odd = (void *)((char *)store + 4);
    FAILS(shared_memory_kv_set(odd, "key", "value"), EINVAL);
    SAYS("no multiple of 8");
}

int main(void)
{
    CHECK(strcmp(shared_memory_kv_last_error(), "") == 0);
    objects();
    int fd;
    const char *name = own_name("null-pairs");
    shared_memory_kv_store_t *store = shared_memory_kv_create_named(name, &fd);
    CHECK(store != NULL);
    pairs(store);
    not_aligned(store);
    shared_memory_kv_destroy(fd, store);
    SUCCEEDS(shared_memory_kv_unlink_named(name));
    return 0;
}
