/* Preloaded into aegis and each git that it runs: counts what they change on disk below a
   directory, and at the n-th such effect kills, or makes the call fail. tests/faults.py has the
   other side of the page that they share. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { KILL = 1, LEADER, GIT, FULL, DENIED, ONCE };

struct page {
    long leader; /* the aegis that is watched; 0: nobody */
    long mode;
    long at;
    long count;
    char root[1024];
    char what[1024];
};

static struct page *page;

__attribute__((constructor)) static void attach(void) {
    const char *name = getenv("AEGIS_FAULT");
    int fd = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *at = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at != MAP_FAILED) page = at;
    close(fd);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* Where a path leads, symbolic links left alone. */
static int below(int dir, const char *path, char *out) {
    char base[1024] = "", link[64];
    if (path == NULL || path[0] != '/') {
        if (dir == AT_FDCWD) strcpy(link, "/proc/self/cwd");
        else snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
        ssize_t n = readlink(link, base, sizeof base - 1);
        if (n < 0) return 0;
        base[n] = 0;
    }
    if (path == NULL) snprintf(out, 1024, "%s", base);
    else if (path[0] == '/') snprintf(out, 1024, "%s", path);
    else snprintf(out, 1024, "%.500s/%.500s", base, path);
    size_t n = strlen(page->root);
    return strncmp(out, page->root, n) == 0 && (out[n] == '/' || out[n] == 0);
}

/* Whether the effect has to fail (with errno set); it may not return at all. */
static int effect(const char *name, int dir, const char *path, int takes_space,
                  ssize_t (*torn)(int, const void *, size_t), int fd, const void *data, size_t n) {
    char where[1024];
    int before = errno;
    if (!page || !page->leader || !below(dir, path, where)) return errno = before, 0;
    long now = __atomic_add_fetch(&page->count, 1, __ATOMIC_SEQ_CST);
    errno = before;
    if (now < page->at || !page->at) return 0;
    if (now == page->at) snprintf(page->what, sizeof page->what, "%s %.900s", name, where);
    switch (page->mode) {
    case FULL: if (takes_space) { errno = ENOSPC; return 1; } return 0;
    case DENIED: errno = EACCES; return 1;
    case ONCE: if (now == page->at) { errno = EIO; return 1; } return 0;
    }
    if (now != page->at) return 0;
    pid_t leader = page->leader, self = getpid();
    if (page->mode == LEADER && self != leader) { kill(leader, SIGKILL); return 0; }
    if (torn && n > 1) torn(fd, data, n / 2);
    if (page->mode != GIT) kill(leader, SIGKILL);
    kill(self, SIGKILL);
    for (;;) pause();
}

#define PLAIN(name, dir, path, space) effect(name, dir, path, space, NULL, 0, NULL, 0)

#define OPENS(name, dirparam, dirvalue, ...)                                                  \
    int name(dirparam const char *path, int flags, ...) {                                     \
        mode_t mode = 0;                                                                      \
        if (flags & (O_CREAT | O_TMPFILE)) {                                                  \
            va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest);   \
        }                                                                                     \
        if ((flags & (O_CREAT | O_TRUNC)) && PLAIN("open", dirvalue, path, 1)) return -1;     \
        return REAL(name)(__VA_ARGS__ path, flags, mode);                                     \
    }
OPENS(open, , AT_FDCWD, )
OPENS(open64, , AT_FDCWD, )
#define COMMA ,
OPENS(openat, int dir COMMA, dir, dir COMMA)
OPENS(openat64, int dir COMMA, dir, dir COMMA)

ssize_t write(int fd, const void *data, size_t n) {
    ssize_t (*real)(int, const void *, size_t) = REAL(write);
    if (fd > 2 && effect("write", fd, NULL, 1, real, fd, data, n)) return -1;
    return real(fd, data, n);
}
ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at) {
    if (PLAIN("write", fd, NULL, 1)) return -1;
    return REAL(pwrite64)(fd, data, n, at);
}
int rename(const char *from, const char *to) {
    if (PLAIN("rename", AT_FDCWD, to, 0)) return -1;
    return REAL(rename)(from, to);
}
int renameat(int fromdir, const char *from, int todir, const char *to) {
    if (PLAIN("rename", todir, to, 0)) return -1;
    return REAL(renameat)(fromdir, from, todir, to);
}
int link(const char *from, const char *to) {
    if (PLAIN("link", AT_FDCWD, to, 0)) return -1;
    return REAL(link)(from, to);
}
int linkat(int fromdir, const char *from, int todir, const char *to, int flags) {
    if (PLAIN("link", todir, to, 0)) return -1;
    return REAL(linkat)(fromdir, from, todir, to, flags);
}
int symlink(const char *target, const char *path) {
    if (PLAIN("symlink", AT_FDCWD, path, 1)) return -1;
    return REAL(symlink)(target, path);
}
int unlink(const char *path) {
    if (PLAIN("unlink", AT_FDCWD, path, 0)) return -1;
    return REAL(unlink)(path);
}
int unlinkat(int dir, const char *path, int flags) {
    if (PLAIN("unlink", dir, path, 0)) return -1;
    return REAL(unlinkat)(dir, path, flags);
}
int rmdir(const char *path) {
    if (PLAIN("rmdir", AT_FDCWD, path, 0)) return -1;
    return REAL(rmdir)(path);
}
int mkdir(const char *path, mode_t mode) {
    if (PLAIN("mkdir", AT_FDCWD, path, 1)) return -1;
    return REAL(mkdir)(path, mode);
}
int ftruncate64(int fd, off64_t size) {
    if (PLAIN("truncate", fd, NULL, 0)) return -1;
    return REAL(ftruncate64)(fd, size);
}
int chmod(const char *path, mode_t mode) {
    if (PLAIN("chmod", AT_FDCWD, path, 0)) return -1;
    return REAL(chmod)(path, mode);
}
int fchmod(int fd, mode_t mode) {
    if (PLAIN("chmod", fd, NULL, 0)) return -1;
    return REAL(fchmod)(fd, mode);
}
