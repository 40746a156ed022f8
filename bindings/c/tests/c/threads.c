/* Several threads on one mapping, each with its own errno and sentence. */
#include "shared_memory_kv.h"
#include "check.h"

#include <pthread.h>

#define THREADS 4
#define ROUNDS 500

static shared_memory_kv_store_t *store;
static const char *name;

/* Works on a key of its own, fails in a way of its own, and opens and closes
   mappings of its own meanwhile. */
static void *work(void *argument)
{
    int number = *(int *)argument;
    char key[16], missing[16], text[16], value[VALUE_SIZE];
    snprintf(key, sizeof key, "key %d", number);
    snprintf(missing, sizeof missing, "missing %d", number);
    for (int i = 0; i < ROUNDS; i++) {
        snprintf(text, sizeof text, "%d", i);
        SUCCEEDS(shared_memory_kv_set(store, key, text));
        FAILS(shared_memory_kv_get(store, missing, value), ENOENT);
        SAYS(missing);
        SUCCEEDS(shared_memory_kv_get(store, key, value));
        CHECK(atoi(value) == i);

        int fd;
        shared_memory_kv_store_t *same = shared_memory_kv_open_named(name, &fd);
        CHECK(same != NULL);
        SUCCEEDS(shared_memory_kv_lock_timeout(same, 60000 + (unsigned int)number));
        SUCCEEDS(shared_memory_kv_get(same, key, value));
        shared_memory_kv_destroy(fd, same);
    }
    return NULL;
}

int main(void)
{
    int fd, numbers[THREADS];
    pthread_t threads[THREADS];
    name = own_name("threads");
    store = shared_memory_kv_create_named(name, &fd);
    CHECK(store != NULL);
    SUCCEEDS(shared_memory_kv_lock_timeout(store, 60000));
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        CHECK(pthread_create(&threads[i], NULL, work, &numbers[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(store->version == THREADS * ROUNDS && store->entry_count == THREADS);
    shared_memory_kv_destroy(fd, store);
    SUCCEEDS(shared_memory_kv_unlink_named(name));
    return 0;
}
