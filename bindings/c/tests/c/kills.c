/* A writer that is killed, again and again, while its parent has the store open. */
#include "shared_memory_kv.h"
#include "check.h"

static shared_memory_kv_store_t *store;

/* Replaces one value without end, each time by 250 of the next letter. */
static void replace(void)
{
    for (unsigned int round = 0;; round++)
        CHECK(shared_memory_kv_set(store, "key", letters((char)('a' + round % 26), 250)) == 0);
}

/* Schedule: a child is killed once it has made some changes: often with the lock,
   and within one. Allowed: the value before or after.
   Forbidden: a pair that is gone, a value of two letters, a lock that stays. */
static int killed(const char *name, unsigned int changes)
{
    char value[VALUE_SIZE], report[512];
    unsigned int start = store->version;
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        alarm(60);
        replace();
    }
    while (((volatile shared_memory_kv_store_t *)store)->version - start < changes)
        ;
    CHECK(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);

    SUCCEEDS(shared_memory_kv_recover_named(name, report, sizeof report));
    SUCCEEDS(shared_memory_kv_get(store, "key", value));
    CHECK(strlen(value) == 250 && strspn(value, (char[]){value[0], 0}) == 250);
    return report[0] != '\0';
}

int main(void)
{
    int fd, held = 0;
    const char *name = own_name("kills");
    store = shared_memory_kv_create_named(name, &fd);
    CHECK(store != NULL);
    SUCCEEDS(shared_memory_kv_set(store, "key", letters('z', 250)));
    for (unsigned int round = 0; round < 300; round++)
        held += killed(name, 1 + round % 20);
    printf("%d of 300 kills hit the owner of the lock\n", held);
    CHECK(held > 0);
    shared_memory_kv_destroy(fd, store);
    SUCCEEDS(shared_memory_kv_unlink_named(name));
    return 0;
}
