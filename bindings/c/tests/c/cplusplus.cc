// The header is one for C++, too.
#include <cstdio>
#include <cstring>

#include "shared_memory_kv.h"

static_assert(sizeof(shared_memory_kv_store_t) == 3320, "as in C");

int main()
{
    char name[64];
    std::snprintf(name, sizeof name, "/shmkv-test-cc-%ld", static_cast<long>(getpid()));
    int fd;
    shared_memory_kv_store_t *store = shared_memory_kv_create_named(name, &fd);
    if (store == nullptr || shared_memory_kv_set(store, "key", "value") != 0)
        return 1;
    char value[VALUE_SIZE];
    bool same = shared_memory_kv_get(store, "key", value) == 0 && std::strcmp(value, "value") == 0;
    shared_memory_kv_destroy(fd, store);
    return shared_memory_kv_unlink_named(name) == 0 && same ? 0 : 1;
}
