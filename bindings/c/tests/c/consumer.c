/*
 * A consumer as programs of this kind have always been written: it opens the
 * object, and prints eight keys each time that the version has changed.
 */
#include "shared_memory_kv.h"

static volatile sig_atomic_t running = 1;

static void stop(int signal)
{
    (void)signal;
    running = 0;
}

static const char *const keys[] = {"username", "email", "age",   "city",
                                   "status",   "score", "level", "role"};

static void print_all(shared_memory_kv_store_t *store)
{
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char value[VALUE_SIZE];
        if (shared_memory_kv_get(store, keys[i], value) == 0) {
            printf("%s=%s\n", keys[i], value);
        } else if (errno == ENOENT) {
            printf("%s: not found\n", keys[i]);
        } else {
            perror("consumer: cannot get");
        }
    }
    printf("end of version %u, %u entries\n", store->version, store->entry_count);
    fflush(stdout);
}

int main(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = stop;
    sigaction(SIGINT, &action, NULL);

    int shm_fd;
    shared_memory_kv_store_t *store = shared_memory_kv_open(&shm_fd);
    if (store == NULL) {
        fprintf(stderr, "consumer: cannot open the store (is the producer running?): %s\n",
                strerror(errno));
        return EXIT_FAILURE;
    }
    unsigned int last_version = store->version - 1;
    while (running) {
        if (store->version != last_version) {
            last_version = store->version;
            print_all(store);
        }
        struct timespec pause = {0, 10 * 1000 * 1000};
        nanosleep(&pause, NULL);
    }
    shared_memory_kv_destroy(shm_fd, store);
    return EXIT_SUCCESS;
}
