/* A disk that fails: loaded before the C library, it makes one call on the files below a folder go wrong.
 *
 * FAULTY_BELOW  the folder (its real path)
 * FAULTY_CALL   write, sync, open, truncate or rename
 * FAULTY_AT     which one of these calls, from 1; 0: none
 * FAULTY_HOW    an error number, or "short": half of what was to be written
 * FAULTY_LASTS  1: all that follow, too
 * FAULTY_COUNT  a file to which an octet is added for each such call */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

enum fate { WELL, SHORT, FAILS };

static int calls;

/* The map of SQLite's log is memory that happens to have a name. */
static int is_meant(const char *path)
{
    const char *below = getenv("FAULTY_BELOW");
    size_t len = strlen(path);
    if (len >= 4 && strcmp(path + len - 4, "-shm") == 0)
        return 0;
    return below && strncmp(path, below, strlen(below)) == 0;
}

static enum fate fate_of(const char *call, const char *path)
{
    const char *meant = getenv("FAULTY_CALL"), *at = getenv("FAULTY_AT"), *how = getenv("FAULTY_HOW");
    const char *lasts = getenv("FAULTY_LASTS"), *count = getenv("FAULTY_COUNT");
    if (!meant || strcmp(meant, call) != 0 || !is_meant(path))
        return WELL;
    int number = __sync_add_and_fetch(&calls, 1);
    if (count) {
        int fd = syscall(SYS_openat, AT_FDCWD, count, O_WRONLY | O_CREAT | O_APPEND, 0600);
        syscall(SYS_write, fd, "x", 1);
        syscall(SYS_close, fd);
    }
    int from = at ? atoi(at) : 0;
    if (from == 0 || number < from || (number > from && !lasts))
        return WELL;
    if (how && strcmp(how, "short") == 0)
        return SHORT;
    errno = how ? atoi(how) : EIO;
    return FAILS;
}

static enum fate fate_of_fd(const char *call, int fd)
{
    char link[64], path[PATH_MAX + 1];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, PATH_MAX);
    if (len < 0)
        return WELL;
    path[len] = 0;
    return fate_of(call, path);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define HALF(len) ((len) > 1 ? (len) / 2 : (len))

ssize_t write(int fd, const void *octets, size_t len)
{
    enum fate fate = fate_of_fd("write", fd);
    return fate == FAILS ? -1 : REAL(write)(fd, octets, fate == SHORT ? HALF(len) : len);
}

ssize_t pwrite(int fd, const void *octets, size_t len, off_t at)
{
    enum fate fate = fate_of_fd("write", fd);
    return fate == FAILS ? -1 : REAL(pwrite)(fd, octets, fate == SHORT ? HALF(len) : len, at);
}

ssize_t pwrite64(int fd, const void *octets, size_t len, off64_t at)
{
    enum fate fate = fate_of_fd("write", fd);
    return fate == FAILS ? -1 : REAL(pwrite64)(fd, octets, fate == SHORT ? HALF(len) : len, at);
}

int fsync(int fd) { return fate_of_fd("sync", fd) == FAILS ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return fate_of_fd("sync", fd) == FAILS ? -1 : REAL(fdatasync)(fd); }
int ftruncate(int fd, off_t len) { return fate_of_fd("truncate", fd) == FAILS ? -1 : REAL(ftruncate)(fd, len); }
int ftruncate64(int fd, off64_t len) { return fate_of_fd("truncate", fd) == FAILS ? -1 : REAL(ftruncate64)(fd, len); }

int rename(const char *from, const char *to) { return fate_of("rename", to) == FAILS ? -1 : REAL(rename)(from, to); }

#define OPEN(name)                                                        \
    int name(const char *path, int flags, ...)                            \
    {                                                                     \
        va_list rest;                                                     \
        va_start(rest, flags);                                            \
        mode_t mode = va_arg(rest, mode_t);                               \
        va_end(rest);                                                     \
        return fate_of("open", path) == FAILS ? -1 : REAL(name)(path, flags, mode); \
    }

OPEN(open)
OPEN(open64)
