/* Stores by name. */
#include "shared_memory_kv.h"
#include "check.h"

static void impossible(const char *name, int expected)
{
    int fd;
    REFUSES(shared_memory_kv_create_named(name, &fd), fd, expected);
    REFUSES(shared_memory_kv_open_named(name, &fd), fd, expected);
    REFUSES(shared_memory_kv_open_or_create_named(name, &fd), fd, expected);
    FAILS(shared_memory_kv_unlink_named(name), expected);
}

static void possible(void)
{
    const char *name = own_name("names");
    int fd, second;
    REFUSES(shared_memory_kv_open_named(name, &fd), fd, ENOENT);
    SUCCEEDS(shared_memory_kv_unlink_named(name));

    shared_memory_kv_store_t *store = shared_memory_kv_open_or_create_named(name, &fd);
    CHECK(store != NULL);
    REFUSES(shared_memory_kv_create_named(name, &second), second, EEXIST);
    shared_memory_kv_store_t *same = shared_memory_kv_open_or_create_named(name, &second);
    CHECK(same != NULL);
    SUCCEEDS(shared_memory_kv_set(store, "key", "value"));
    CHECK(strcmp(same->kv_table[0].key, "key") == 0);
    shared_memory_kv_destroy(second, same);
    shared_memory_kv_destroy(fd, store);

    SUCCEEDS(shared_memory_kv_unlink_named(name));
    store = shared_memory_kv_create_named(name, &fd);
    CHECK(store != NULL && store->entry_count == 0);
    shared_memory_kv_destroy(fd, store);
    SUCCEEDS(shared_memory_kv_unlink_named(name));
}

/* The general form: what it made is where the caller keeps it. */
static void with_flags(void)
{
    const char *name = own_name("flags");
    shared_memory_kv_store_t *store = (void *)name, *second;
    int fd = 1000;
    FAILS(shared_memory_kv_open_with(name, 0, &store, &fd), ENOENT);
    CHECK(store == NULL && fd == -1);
    FAILS(shared_memory_kv_open_with("no-slash", SHARED_MEMORY_KV_CREATE, &store, &fd), EINVAL);
    FAILS(shared_memory_kv_open_with(name, 1u << 30, &store, &fd), EINVAL);
    SAYS("the flags are 0x40000000");

    SUCCEEDS(shared_memory_kv_open_with(name, SHARED_MEMORY_KV_CREATE_NEW, &store, &fd));
    SUCCEEDS(shared_memory_kv_set(store, "key", "value"));
    FAILS(shared_memory_kv_open_with(name, SHARED_MEMORY_KV_CREATE_NEW, &second, NULL), EEXIST);
    CHECK(second == NULL);
    SUCCEEDS(shared_memory_kv_open_with(name, SHARED_MEMORY_KV_CREATE, &second, NULL));
    CHECK(strcmp(second->kv_table[0].key, "key") == 0);
    shared_memory_kv_destroy(-1, second);
    SUCCEEDS(shared_memory_kv_open_with(name, 0, &second, NULL));
    shared_memory_kv_destroy(-1, second);
    shared_memory_kv_destroy(fd, store);

    SUCCEEDS(shared_memory_kv_unlink_named(name));
    SUCCEEDS(shared_memory_kv_open_with(name, SHARED_MEMORY_KV_CREATE, &store, NULL));
    shared_memory_kv_destroy(-1, store);
    SUCCEEDS(shared_memory_kv_unlink_named(name));
}

int main(void)
{
    impossible("", EINVAL);
    impossible("no-slash", EINVAL);
    impossible("/", EINVAL);
    impossible("/two/slashes", EINVAL);
    SAYS("second slash at byte 4");
    impossible("/..", EINVAL);
    impossible("/\xff", EINVAL);
    char longest[300] = "/";
    memset(longest + 1, 'n', 255);
    impossible(longest, ENAMETOOLONG);
    memset(longest + 1, 'n', 298);
    impossible(longest, ENAMETOOLONG);
    possible();
    with_flags();
    return 0;
}
