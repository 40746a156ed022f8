/* The lock: taken for a bounded time, whatever became of its owner. */
#include "shared_memory_kv.h"
#include "check.h"

static shared_memory_kv_store_t *store;

static long milliseconds(void)
{
    struct timespec now;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Schedule: a child takes the lock and is killed, while its parent has the store
   open. */
static void owner_that_dies(const char *name)
{
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        CHECK(shared_memory_kv_lock(store, 60000) == 0);
        raise(SIGKILL);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status));

    char value[VALUE_SIZE];
    unsigned int version = store->version;
    shared_memory_kv_snapshot_t snapshot;
    SUCCEEDS(shared_memory_kv_lock_timeout(store, 20));
    FAILS(shared_memory_kv_set(store, "key", "value"), ETIMEDOUT);
    SAYS("the lock was not free within ");
    char died[160];
    snprintf(died, sizeof died,
             "process %d (lock) died while it held it; recover the store with "
             "shared_memory_kv_recover()",
             (int)child);
    SAYS(died);
    FAILS(shared_memory_kv_get(store, "key", value), ETIMEDOUT);
    FAILS(shared_memory_kv_delete(store, "key"), ETIMEDOUT);
    FAILS(shared_memory_kv_clear(store), ETIMEDOUT);
    FAILS(shared_memory_kv_snapshot(store, &snapshot), ETIMEDOUT);
    FAILS(shared_memory_kv_compare_and_set(store, "key", "value", &version), ETIMEDOUT);
    FAILS(shared_memory_kv_lock(store, 20), ETIMEDOUT);
    SUCCEEDS(shared_memory_kv_version(store, &version));

    char report[256];
    SUCCEEDS(shared_memory_kv_recover_named(name, report, sizeof report));
    snprintf(died, sizeof died, "process %d (lock) died while it held the lock", (int)child);
    CHECK(strncmp(report, died, strlen(died)) == 0);
    SUCCEEDS(shared_memory_kv_recover_named(name, report, sizeof report));
    CHECK(report[0] == '\0');
    SUCCEEDS(shared_memory_kv_recover_named(name, NULL, 0));
    SUCCEEDS(shared_memory_kv_set(store, "key", "value"));
}

static void taken_and_given(const char *name)
{
    char report[5] = "xxxx";
    SUCCEEDS(shared_memory_kv_lock(store, 0));
    FAILS(shared_memory_kv_recover_named(name, report, sizeof report), EBUSY);
    SAYS("by this very process");
    CHECK(strcmp(report, "xxxx") == 0);
    CHECK(store->entry_count == 1);
    FAILS(shared_memory_kv_lock(store, 0), ETIMEDOUT);
    SUCCEEDS(shared_memory_kv_unlock(store));
    FAILS(shared_memory_kv_unlock(store), EPERM);
    int value;
    CHECK(sem_getvalue(&store->sem, &value) == 0 && value == 1);
}

static volatile sig_atomic_t interrupts;

static void interrupted(int signal)
{
    (void)signal;
    interrupts++;
}

/* Schedule: an alarm every 2 ms, while the lock is waited for in vain for 40 ms.
   Forbidden: EINTR, and a wait that starts again each time. */
static void signals_do_not_end_a_wait(void)
{
    struct sigaction action = {0};
    action.sa_handler = interrupted;
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    timer_t timer;
    struct sigevent event = {0};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGALRM;
    struct itimerspec often = {{0, 2000000}, {0, 2000000}};
    CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);

    SUCCEEDS(shared_memory_kv_lock(store, 0));
    SUCCEEDS(shared_memory_kv_lock_timeout(store, 40));
    CHECK(timer_settime(timer, 0, &often, NULL) == 0);
    long start = milliseconds();
    FAILS(shared_memory_kv_set(store, "key", "value"), ETIMEDOUT);
    CHECK(milliseconds() - start >= 40);
    unsigned int version = store->version;
    start = milliseconds();
    FAILS(shared_memory_kv_wait_for_change(store, &version, 40), ETIMEDOUT);
    CHECK(milliseconds() - start >= 40);
    CHECK(timer_delete(timer) == 0 && interrupts > 0);
    SUCCEEDS(shared_memory_kv_unlock(store));
}

/* A mapping's timeout is its own, and ends with it. */
static void timeout_is_the_mappings(const char *name)
{
    int fd;
    shared_memory_kv_store_t *same = shared_memory_kv_open_named(name, &fd);
    CHECK(same != NULL);
    SUCCEEDS(shared_memory_kv_lock_timeout(same, 1));
    SUCCEEDS(shared_memory_kv_lock(store, 0));
    FAILS(shared_memory_kv_set(same, "key", "value"), ETIMEDOUT);
    SAYS("within 1 ms");
    SUCCEEDS(shared_memory_kv_unlock(store));
    shared_memory_kv_destroy(fd, same);
}

int main(void)
{
    int fd;
    const char *name = own_name("lock");
    store = shared_memory_kv_create_named(name, &fd);
    CHECK(store != NULL);
    owner_that_dies(name);
    taken_and_given(name);
    signals_do_not_end_a_wait();
    timeout_is_the_mappings(name);
    shared_memory_kv_destroy(fd, store);
    SUCCEEDS(shared_memory_kv_unlink_named(name));
    return 0;
}
