/* Opening what is no store: NULL and errno, never a SIGBUS. */
#include "shared_memory_kv.h"
#include "check.h"

#include <sys/resource.h>

static const char *name;

/* Makes an object of so many zeroes; returns its descriptor. */
static int object(off_t size)
{
    int fd = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600);
    CHECK(fd >= 0 && ftruncate(fd, size) == 0);
    return fd;
}

static void refused(int made, int expected)
{
    int fd;
    REFUSES(shared_memory_kv_open_named(name, &fd), fd, expected);
    REFUSES(shared_memory_kv_open_or_create_named(name, &fd), fd, expected);
    CHECK(close(made) == 0 && shm_unlink(name) == 0);
}

static void wrong_sizes(void)
{
    refused(object(0), EAGAIN); /* its creator has yet to size it */
    refused(object(1), EBADMSG);
    refused(object(3319), EBADMSG);
    SAYS("holds 3319 bytes; 3320 are needed");
    refused(object(4097), EBADMSG);
    refused(object(1 << 20), EBADMSG);
    SAYS("another program's");
}

static void never_initialised(void)
{
    refused(object(3320), EAGAIN);
    SAYS("its semaphore was never initialised");
}

static void another_programs_bytes(void)
{
    int fd = object(3320);
    CHECK(pwrite(fd, letters('x', 3320), 3320, 0) == 3320);
    refused(fd, EBADMSG);
}

static void not_permitted(void)
{
    int made = object(3320), fd;
    uid_t user = geteuid();
    CHECK(fchmod(made, 0) == 0);
    /* Nothing is refused to root, and not every root can be another user. */
    if (user != 0 || seteuid(65534) == 0) {
        REFUSES(shared_memory_kv_open_named(name, &fd), fd, EACCES);
        REFUSES(shared_memory_kv_open_or_create_named(name, &fd), fd, EACCES);
        CHECK(seteuid(user) == 0);
    }
    CHECK(close(made) == 0 && shm_unlink(name) == 0);
}

static void no_object_at_all(void)
{
    char path[160];
    snprintf(path, sizeof path, "/dev/shm%s", name);
    int fd;
    CHECK(mkdir(path, 0700) == 0);
    REFUSES(shared_memory_kv_open_named(name, &fd), fd, EBADMSG);
    CHECK(rmdir(path) == 0);
    CHECK(symlink("/etc/passwd", path) == 0);
    REFUSES(shared_memory_kv_open_named(name, &fd), fd, EBADMSG);
    CHECK(unlink(path) == 0);
    CHECK(mkfifo(path, 0600) == 0);
    REFUSES(shared_memory_kv_open_named(name, &fd), fd, EBADMSG);
    CHECK(unlink(path) == 0);
}

/* Neither descriptors nor bytes are to be had: nothing is made. */
static void no_room(void)
{
    int fd, next = dup(0);
    CHECK(next >= 0 && close(next) == 0);
    struct rlimit before, none = {0, 0};
    CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
    none.rlim_cur = (rlim_t)next;
    none.rlim_max = before.rlim_max;
    CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
    REFUSES(shared_memory_kv_create_named(name, &fd), fd, EMFILE);
    REFUSES(shared_memory_kv_open_named(name, &fd), fd, EMFILE);
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);

    CHECK(getrlimit(RLIMIT_FSIZE, &before) == 0);
    none.rlim_cur = 3319;
    none.rlim_max = before.rlim_max;
    CHECK(setrlimit(RLIMIT_FSIZE, &none) == 0);
    REFUSES(shared_memory_kv_create_named(name, &fd), fd, EFBIG);
    SAYS("there is no room for 3320 bytes");
    CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
    REFUSES(shared_memory_kv_open_named(name, &fd), fd, ENOENT);
}

/* A store made by a program of its own, as it always was. */
static void made_by_hand(void)
{
    int made = object(sizeof(shared_memory_kv_store_t));
    shared_memory_kv_store_t *own = mmap(NULL, sizeof *own, PROT_READ | PROT_WRITE, MAP_SHARED,
                                         made, 0);
    CHECK(own != MAP_FAILED && sem_init(&own->sem, 1, 1) == 0);
    strcpy(own->kv_table[4].key, "by");
    strcpy(own->kv_table[4].value, "hand");
    own->entry_count = 1;

    int fd;
    char value[VALUE_SIZE];
    shared_memory_kv_store_t *store = shared_memory_kv_open_named(name, &fd);
    CHECK(store != NULL);
    SUCCEEDS(shared_memory_kv_get(store, "by", value));
    CHECK(strcmp(value, "hand") == 0);
    SUCCEEDS(shared_memory_kv_set(store, "with", "the library"));
    CHECK(strcmp(own->kv_table[0].key, "with") == 0 && own->entry_count == 2);
    shared_memory_kv_destroy(fd, store);
    CHECK(munmap(own, sizeof *own) == 0 && close(made) == 0);
    SUCCEEDS(shared_memory_kv_unlink_named(name));
}

/* A store that others can use is opened only where its owner is allowed. */
static void open_to_others(void)
{
    int fd;
    char path[256];
    shared_memory_kv_store_t *store = shared_memory_kv_create_named(name, &fd);
    CHECK(store != NULL && fchmod(fd, 0666) == 0);
    shared_memory_kv_destroy(fd, store);

    REFUSES(shared_memory_kv_open_named(name, &fd), fd, EACCES);
    SAYS("has mode 0666, and should have 0600");
    REFUSES(shared_memory_kv_open_or_create_named(name, &fd), fd, EACCES);
    FAILS(shared_memory_kv_open_of_owner(name, 0, geteuid() + 1, &store, &fd), EACCES);
    CHECK(store == NULL && fd == -1);
    FAILS(shared_memory_kv_recover_named(name, NULL, 0), EACCES);
    SUCCEEDS(shared_memory_kv_recover_of_owner(name, geteuid(), NULL, 0));
    SUCCEEDS(shared_memory_kv_open_of_owner(name, 0, geteuid(), &store, &fd));
    SUCCEEDS(shared_memory_kv_set(store, "key", "value"));
    shared_memory_kv_destroy(fd, store);
    snprintf(path, sizeof path, "/dev/shm%s", name);
    CHECK(chmod(path, 0600) == 0);
    store = shared_memory_kv_open_named(name, &fd);
    CHECK(store != NULL);
    shared_memory_kv_destroy(fd, store);
    SUCCEEDS(shared_memory_kv_unlink_named(name));
}

/* A table that no whole operations leave. */
static void corrupt(void)
{
    int fd;
    char value[VALUE_SIZE];
    shared_memory_kv_snapshot_t snapshot;
    shared_memory_kv_store_t *store = shared_memory_kv_create_named(name, &fd);
    CHECK(store != NULL);
    SUCCEEDS(shared_memory_kv_set(store, "key", "value"));
    memset(store->kv_table[0].value, 'v', VALUE_SIZE);
    FAILS(shared_memory_kv_get(store, "key", value), EBADMSG);
    FAILS(shared_memory_kv_snapshot(store, &snapshot), EBADMSG);
    SAYS("the value in slot 0 is not ended by a NUL");
    store->entry_count = 7;
    FAILS(shared_memory_kv_set(store, "other", "value"), EBADMSG);
    SAYS("entry_count is 7, and 1 slots are occupied; shared_memory_kv_recover() sets it right");
    SUCCEEDS(shared_memory_kv_clear(store));
    SUCCEEDS(shared_memory_kv_set(store, "other", "value"));
    shared_memory_kv_destroy(fd, store);
    SUCCEEDS(shared_memory_kv_unlink_named(name));
}

int main(void)
{
    name = own_name("refusals");
    wrong_sizes();
    never_initialised();
    another_programs_bytes();
    not_permitted();
    no_object_at_all();
    no_room();
    made_by_hand();
    open_to_others();
    corrupt();
    return 0;
}
