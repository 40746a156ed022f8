/* Writes numbers 1 to N into one key, under the semaphore, and wakes nobody:
 * writer NAME KEY N. Knows the layout as C programs of this kind declare it. */

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct pair {
    char key[64];
    char value[256];
    time_t timestamp;
};

struct store {
    struct pair table[10];
    sem_t sem;
    unsigned version;
    unsigned entry_count;
};

static void set(struct store *store, const char *key, int number)
{
    struct pair *pair = NULL;
    while (sem_wait(&store->sem) == -1 && errno == EINTR) {
    }
    for (int i = 9; i >= 0; i--) {
        if (strcmp(store->table[i].key, key) == 0) {
            pair = &store->table[i];
            break;
        }
        if (store->table[i].key[0] == '\0')
            pair = &store->table[i];
    }
    if (pair->key[0] == '\0') {
        store->entry_count++;
        strcpy(pair->key, key);
    }
    snprintf(pair->value, sizeof pair->value, "%d", number);
    pair->timestamp = time(NULL);
    store->version++;
    sem_post(&store->sem);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    alarm(60);
    int fd = shm_open(argv[1], O_RDWR, 0);
    struct store *store =
        fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *store, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (store == MAP_FAILED) {
        perror(argv[1]);
        return 1;
    }
    puts("writing");
    fflush(stdout);
    int count = atoi(argv[3]);
    for (int number = 1; number <= count; number++) {
        set(store, argv[2], number);
        usleep(10000);
    }
    puts("done");
    fflush(stdout);
    /* The segment stays mapped until the input ends. */
    getchar();
    return 0;
}
