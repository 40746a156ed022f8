/*
 * A C program on the classic table, for tests: store_peer NAME TASK [ARGUMENT...]
 *
 * Idea: the layout and the plain way of using it that any C program of this
 * kind has: strings copied under the semaphore, nobody woken. It knows nothing
 * of the Rust library.
 * Limits: it trusts the object that it opens; a minute is the longest it lives.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MAX_ENTRIES = 10, KEY_SIZE = 64, VALUE_SIZE = 256 };

typedef struct {
    char key[KEY_SIZE];
    char value[VALUE_SIZE];
    time_t timestamp;
} pair_t;

typedef struct {
    pair_t kv_table[MAX_ENTRIES];
    sem_t sem;
    unsigned int version;
    unsigned int entry_count;
} store_t;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static store_t *map(const char *name, int flags) {
    int fd = shm_open(name, O_RDWR | flags, 0600);
    if (fd < 0) fail("shm_open");
    if (flags && ftruncate(fd, sizeof(store_t)) != 0) fail("ftruncate");
    store_t *store = mmap(NULL, sizeof *store, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (store == MAP_FAILED) fail("mmap");
    close(fd);
    if (flags && sem_init(&store->sem, 1, 1) != 0) fail("sem_init");
    return store;
}

static void lock(store_t *store) {
    while (sem_wait(&store->sem) != 0)
        if (errno != EINTR) fail("sem_wait");
}

static void unlock(store_t *store) {
    if (sem_post(&store->sem) != 0) fail("sem_post");
}

/* The pair with this key; with "", the lowest free one. */
static pair_t *find(store_t *store, const char *key) {
    for (int i = 0; i < MAX_ENTRIES; i++)
        if (strcmp(store->kv_table[i].key, key) == 0) return &store->kv_table[i];
    return NULL;
}

/* Leaves what was behind the end of a longer string: strcpy, not strncpy. */
static int set(store_t *store, const char *key, const char *value) {
    pair_t *pair = find(store, key);
    if (!pair) {
        pair = find(store, "");
        if (!pair) return -1;
        strcpy(pair->key, key);
        store->entry_count++;
    }
    strcpy(pair->value, value);
    pair->timestamp = time(NULL);
    store->version++;
    return 0;
}

static int delete(store_t *store, const char *key) {
    pair_t *pair = find(store, key);
    if (!pair) return -1;
    pair->key[0] = '\0';
    pair->value[0] = '\0';
    pair->timestamp = 0;
    store->version++;
    store->entry_count--;
    return 0;
}

static void list(store_t *store) {
    for (int i = 0; i < MAX_ENTRIES; i++) {
        pair_t *pair = &store->kv_table[i];
        if (pair->key[0])
            printf("%d %s=%s %s\n", i, pair->key, pair->value,
                   labs(time(NULL) - pair->timestamp) < 3600 ? "now" : "at another time");
    }
    printf("version %u, count %u\n", store->version, store->entry_count);
}

static void layout(void) {
    printf("size %zu, align %zu\n", sizeof(store_t), _Alignof(store_t));
    printf("pair %zu: %zu %zu %zu\n", sizeof(pair_t), offsetof(pair_t, key),
           offsetof(pair_t, value), offsetof(pair_t, timestamp));
    printf("store: %zu %zu %zu %zu\n", offsetof(store_t, kv_table), offsetof(store_t, sem),
           offsetof(store_t, version), offsetof(store_t, entry_count));
}

/* Read, add one, write: one change under one hold of the lock. */
static void increment(store_t *store, const char *key, int times) {
    char number[VALUE_SIZE];
    for (int i = 0; i < times; i++) {
        lock(store);
        pair_t *pair = find(store, key);
        if (!pair) fail("the number is gone");
        snprintf(number, sizeof number, "%d", atoi(pair->value) + 1);
        set(store, key, number);
        unlock(store);
    }
}

/* Prints a line, and waits for input or its end. */
static void say_and_wait(const char *line) {
    puts(line);
    fflush(stdout);
    getchar();
}

int main(int argc, char **argv) {
    alarm(60);
    if (argc < 3) return 2;
    const char *task = argv[2];
    if (strcmp(task, "layout") == 0) return layout(), 0;

    store_t *store = map(argv[1], strcmp(task, "create") == 0 ? O_CREAT | O_EXCL : 0);
    int result = 0;
    lock(store);
    if (strcmp(task, "set") == 0 && argc == 5) result = set(store, argv[3], argv[4]);
    if (strcmp(task, "delete") == 0 && argc == 4) result = delete(store, argv[3]);
    if (strcmp(task, "list") == 0) list(store);
    if (strcmp(task, "miscount") == 0) store->entry_count++;
    if (strcmp(task, "hold") == 0) say_and_wait("held");
    unlock(store);
    if (strcmp(task, "increment") == 0 && argc == 5) {
        say_and_wait("ready");
        increment(store, argv[3], atoi(argv[4]));
    }
    return result == 0 ? 0 : 1;
}
