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

/* Waits for the lock, which is held, until its time is over. */
static void *wait_for_lock(void *started)
{
    char value[VALUE_SIZE];
    CHECK(sem_post(started) == 0);
    FAILS(shared_memory_kv_get(store, "key 0", value), ETIMEDOUT);
    SAYS("not free within 300 ms");
    pthread_testcancel();
    CHECK(!"a cancelled thread went on");
    return NULL;
}

/* Schedule: a thread is cancelled while it waits for the lock, or before.
   Forbidden: that it ends within the library, or ends the process. */
static void cancelled_while_it_waits(void)
{
    sem_t started;
    pthread_t thread;
    void *result;
    CHECK(sem_init(&started, 0, 0) == 0);
    SUCCEEDS(shared_memory_kv_lock_timeout(store, 300));
    SUCCEEDS(shared_memory_kv_lock(store, 0));
    CHECK(pthread_create(&thread, NULL, wait_for_lock, &started) == 0);
    CHECK(sem_wait(&started) == 0);
    CHECK(pthread_cancel(thread) == 0);
    CHECK(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
    SUCCEEDS(shared_memory_kv_unlock(store));
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
    cancelled_while_it_waits();
    CHECK(store->version == THREADS * ROUNDS && store->entry_count == THREADS);
    shared_memory_kv_destroy(fd, store);
    SUCCEEDS(shared_memory_kv_unlink_named(name));
    return 0;
}
