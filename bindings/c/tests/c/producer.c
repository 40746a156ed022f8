/*
 * A producer as programs of this kind have always been written: it creates the
 * object, sets eight pairs, waits for Ctrl+C, and unlinks.
 */
#include "shared_memory_kv.h"

static volatile sig_atomic_t running = 1;

static void stop(int signal)
{
    (void)signal;
    running = 0;
}

static const char *const pairs[][2] = {
    {"username", "john_doe"}, {"email", "john@example.com"}, {"age", "25"},
    {"city", "New York"},     {"status", "active"},          {"score", "100"},
    {"level", "5"},           {"role", "admin"},
};

int main(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = stop;
    sigaction(SIGINT, &action, NULL);

    int shm_fd;
    shared_memory_kv_store_t *store = shared_memory_kv_create(&shm_fd);
    if (store == NULL) {
        perror("producer: cannot create the store");
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (shared_memory_kv_set(store, pairs[i][0], pairs[i][1]) == -1) {
            perror("producer: cannot set");
        }
    }
    printf("version: %u, entries: %u\n", store->version, store->entry_count);
    printf("waiting for Ctrl+C\n");
    fflush(stdout);
    while (running) {
        struct timespec pause = {0, 10 * 1000 * 1000};
        nanosleep(&pause, NULL);
    }

    shared_memory_kv_destroy(shm_fd, store);
    if (shared_memory_kv_unlink() == -1) {
        perror("producer: cannot unlink");
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
