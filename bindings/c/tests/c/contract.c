/* The seven functions, each with every error that it can set. */
#include "shared_memory_kv.h"
#include "check.h"

static shared_memory_kv_store_t *store;

static void creating_and_opening(void)
{
    int fd;
    REFUSES(shared_memory_kv_open(&fd), fd, ENOENT);
    SAYS("there is no segment /gitflow_kv_store");
    SUCCEEDS(shared_memory_kv_unlink());

    errno = EDOM;
    store = shared_memory_kv_create(&fd);
    CHECK(store != NULL && errno == EDOM);
    struct stat object;
    CHECK(fstat(fd, &object) == 0);
    CHECK(object.st_size == 3320 && (object.st_mode & 07777) == 0600);
    CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    CHECK(store->version == 0 && store->entry_count == 0);

    int second;
    REFUSES(shared_memory_kv_create(&second), second, EEXIST);
    SAYS("exists already");

    shared_memory_kv_store_t *same = shared_memory_kv_open(&second);
    CHECK(same != NULL && same != store && second != fd);
    SUCCEEDS(shared_memory_kv_set(same, "from", "the other mapping"));
    CHECK(strcmp(store->kv_table[0].value, "the other mapping") == 0);
    SUCCEEDS(shared_memory_kv_delete(same, "from"));

    errno = EDOM;
    shared_memory_kv_destroy(second, same);
    CHECK(errno == EDOM);
    CHECK(fcntl(second, F_GETFD) == -1 && errno == EBADF);
    CHECK(msync(same, sizeof *same, MS_ASYNC) == -1 && errno == ENOMEM);
    shared_memory_kv_destroy(fd, NULL);
    CHECK(fcntl(fd, F_GETFD) == -1 && errno == EBADF);
}

static void setting(void)
{
    FAILS(shared_memory_kv_set(NULL, "key", "value"), EINVAL);
    SAYS("store is NULL");
    FAILS(shared_memory_kv_set(store, NULL, "value"), EINVAL);
    SAYS("the key is NULL");
    FAILS(shared_memory_kv_set(store, "key", NULL), EINVAL);
    SAYS("the value is NULL");
    FAILS(shared_memory_kv_set(store, "", "value"), EINVAL);
    SAYS("the key is empty");
    FAILS(shared_memory_kv_set(store, letters('k', 64), "value"), ENAMETOOLONG);
    SAYS("the key has 64 bytes or more; at most 63 fit");
    FAILS(shared_memory_kv_set(store, letters('k', 4000), "value"), ENAMETOOLONG);
    FAILS(shared_memory_kv_set(store, "key", letters('v', 256)), ENAMETOOLONG);
    SAYS("the value has 256 bytes or more; at most 255 fit");

    unsigned int version = store->version;
    CHECK(store->entry_count == 0);
    SUCCEEDS(shared_memory_kv_set(store, letters('k', 63), ""));
    SUCCEEDS(shared_memory_kv_set(store, "key", letters('v', 255)));
    CHECK(store->version == version + 2 && store->entry_count == 2);
    CHECK(strlen(store->kv_table[0].key) == 63 && store->kv_table[0].value[0] == '\0');
    CHECK(strlen(store->kv_table[1].value) == 255);
    CHECK(llabs((long long)(time(NULL) - store->kv_table[1].timestamp)) <= 60);

    for (int i = 2; i < MAX_ENTRIES; i++) {
        char key[8];
        snprintf(key, sizeof key, "%d", i);
        SUCCEEDS(shared_memory_kv_set(store, key, key));
    }
    version = store->version;
    FAILS(shared_memory_kv_set(store, "one more", "value"), ENOSPC);
    SAYS("all 10 slots are taken");
    CHECK(store->version == version && store->entry_count == MAX_ENTRIES);
    SUCCEEDS(shared_memory_kv_set(store, "9", "changed in place"));
    CHECK(strcmp(store->kv_table[9].value, "changed in place") == 0);
}

static void getting(void)
{
    char value[VALUE_SIZE] = "as it was";
    FAILS(shared_memory_kv_get(NULL, "key", value), EINVAL);
    FAILS(shared_memory_kv_get(store, NULL, value), EINVAL);
    FAILS(shared_memory_kv_get(store, "key", NULL), EINVAL);
    SAYS("value_out is NULL");
    FAILS(shared_memory_kv_get(store, "", value), EINVAL);
    FAILS(shared_memory_kv_get(store, letters('k', 64), value), ENAMETOOLONG);
    FAILS(shared_memory_kv_get(store, "nobody", value), ENOENT);
    SAYS("key \"nobody\" was not found");
    CHECK(strcmp(value, "as it was") == 0);

    SUCCEEDS(shared_memory_kv_get(store, "key", value));
    CHECK(strcmp(value, letters('v', 255)) == 0);
    SUCCEEDS(shared_memory_kv_get(store, letters('k', 63), value));
    CHECK(value[0] == '\0' && value[1] == 'v'); /* no more than was needed */
}

static void deleting(void)
{
    FAILS(shared_memory_kv_delete(NULL, "key"), EINVAL);
    FAILS(shared_memory_kv_delete(store, NULL), EINVAL);
    FAILS(shared_memory_kv_delete(store, ""), EINVAL);
    FAILS(shared_memory_kv_delete(store, letters('k', 64)), ENAMETOOLONG);
    FAILS(shared_memory_kv_delete(store, "nobody"), ENOENT);

    unsigned int version = store->version;
    SUCCEEDS(shared_memory_kv_delete(store, "3"));
    CHECK(store->version == version + 1 && store->entry_count == MAX_ENTRIES - 1);
    CHECK(store->kv_table[3].key[0] == '\0' && store->kv_table[3].value[0] == '\0');
    CHECK(store->kv_table[3].timestamp == 0);
    FAILS(shared_memory_kv_delete(store, "3"), ENOENT);
    SUCCEEDS(shared_memory_kv_delete(store, "2"));
    SUCCEEDS(shared_memory_kv_set(store, "new", "in the lowest free slot"));
    CHECK(strcmp(store->kv_table[2].key, "new") == 0);
}

/* Texts may lie in the table itself. */
static void arguments_in_the_table(void)
{
    char value[VALUE_SIZE];
    SUCCEEDS(shared_memory_kv_set(store, store->kv_table[9].key, store->kv_table[2].key));
    SUCCEEDS(shared_memory_kv_get(store, "9", value));
    CHECK(strcmp(value, "new") == 0);
    SUCCEEDS(shared_memory_kv_delete(store, store->kv_table[9].key));
}

/* What POSIX says a program may do with the lock, it may. */
static void lock_of_ones_own(void)
{
    CHECK(sem_wait(&store->sem) == 0);
    unsigned int occupied = 0;
    for (int i = 0; i < MAX_ENTRIES; i++)
        occupied += store->kv_table[i].key[0] != '\0';
    CHECK(occupied == store->entry_count);
    CHECK(sem_post(&store->sem) == 0);
    SUCCEEDS(shared_memory_kv_set(store, "after", "the lock"));
}

int main(void)
{
    creating_and_opening();
    setting();
    getting();
    deleting();
    arguments_in_the_table();
    lock_of_ones_own();

    SUCCEEDS(shared_memory_kv_unlink());
    SUCCEEDS(shared_memory_kv_unlink());
    SUCCEEDS(shared_memory_kv_set(store, "still", "mapped"));
    shared_memory_kv_destroy(-1, store);
    shared_memory_kv_destroy(-1, NULL);
    return 0;
}
