#include "process/orphans_linux.h"
#include "process/proc_tree_linux.h"
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

size_t orphans_kill(bool (*is_guard)(void *context, pid_t pid), void *context)
{
    struct pid_list children = {0};
    proc_tree_children(&children);
    pid_t own_session = getsid(0);
    size_t left = 0;
    for (size_t i = 0; i < children.count; i++) {
        pid_t pid = children.pids[i];
        if (is_guard(context, pid) || getsid(pid) == own_session) {
            continue;
        }
        kill(pid, SIGKILL);
        /* Counted even when reaped at once: its own children have just become ours. */
        waitpid(pid, NULL, WNOHANG);
        left++;
    }
    pid_list_clear(&children);
    return left;
}
