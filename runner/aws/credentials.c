/* credentials.c - the keys: those found, those of the base role, those of each account; one AssumeRole at a
 * time each. */
#include "client.h"
#include "sts.h"
#include "itrun/base/memory.h"
#include <stdio.h>
#include <string.h>

enum { MARGIN_US = 60 * 1000000, UNLIMITED_LIFETIME_MS = 12 * 3600 * 1000 };

struct waiter {
    struct waiter *next;
    holder_done *done;
    void *context;
};

struct holder {
    struct aws *aws;
    size_t account; /* NO_INDEX: the base role */
    struct aws_credentials credentials;
    bool has_credentials, is_assuming;
    int64_t renew_at_us; /* half-life */
    char session_name[65];
    struct waiter *first, *last;
};

/* NULL: no role of its own, so the keys as found. */
static struct holder *holder_of(struct aws *aws, enum signer signer, size_t account)
{
    bool is_own = signer == SIGNER_ACCOUNT && aws->accounts[account].role_arn != NULL &&
                  aws->accounts[account].role_arn[0] != '\0';
    if (is_own)
        return &aws->holders[account];
    return signer != SIGNER_SOURCE && aws->identity->role_arn[0] != '\0' ? aws->base : NULL;
}

void holders_new(struct aws *aws)
{
    aws->base = memory_new(sizeof *aws->base);
    aws->holders = memory_new(aws->account_count * sizeof *aws->holders);
    for (size_t i = 0; i < aws->account_count; i++) {
        aws->holders[i].aws = aws;
        aws->holders[i].account = i;
        snprintf(aws->holders[i].session_name, sizeof aws->holders[i].session_name, "itrun");
    }
    aws->base->aws = aws;
    aws->base->account = NO_INDEX;
    const char *session = aws->identity->session_name;
    snprintf(aws->base->session_name, sizeof aws->base->session_name, "%s",
             session[0] != '\0' ? session : "itrun");
}

void holders_free(struct aws *aws)
{
    for (size_t i = 0; i < aws->account_count; i++)
        explicit_bzero(&aws->holders[i].credentials, sizeof aws->holders[i].credentials);
    explicit_bzero(&aws->base->credentials, sizeof aws->base->credentials);
    memory_free(aws->holders);
    memory_free(aws->base);
}

/* ---- assuming ---- */

static void wake(struct holder *holder, const struct error *error)
{
    struct waiter *waiter = holder->first;
    holder->first = holder->last = NULL;
    while (waiter != NULL) {
        struct waiter *next = waiter->next;
        waiter->done(waiter->context, error);
        memory_free(waiter);
        waiter = next;
    }
}

static void assumed(void *context, const struct error *error, const char *body, size_t length)
{
    struct holder *holder = context;
    struct error why = {0};
    struct aws_credentials credentials;
    holder->is_assuming = false;
    if (error == NULL && !sts_read_credentials(body, length, &credentials, &why)) {
        const char *alias = aws_account_alias(holder->aws, holder->account);
        error_where(&why, "%s", alias != NULL ? alias : holder->aws->identity->source);
        error = &why;
    }
    if (error == NULL) {
        int64_t now_us = aws_wall_us(holder->aws);
        holder->credentials = credentials;
        holder->has_credentials = true;
        holder->renew_at_us = now_us + (credentials.expires_at_us - now_us) / 2;
        explicit_bzero(&credentials, sizeof credentials);
    }
    wake(holder, error);
}

static void assume(struct holder *holder)
{
    const struct aws *aws = holder->aws;
    bool is_base = holder->account == NO_INDEX;
    const char *role_arn = is_base ? aws->identity->role_arn : aws->accounts[holder->account].role_arn;
    struct text form = {0};
    sts_form_assume_role(&form, role_arn, holder->session_name, is_base ? aws->identity->external_id : NULL);
    struct request_plan plan = {.service = SERVICE_STS,
                                .operation = AWS_ASSUME_ROLE,
                                .action = "AssumeRole",
                                .account = holder->account,
                                .signer = is_base ? SIGNER_SOURCE : SIGNER_BASE,
                                .started_at_ms = clock_monotonic_ms(),
                                .body = &form};
    holder->is_assuming = true;
    request_begin(holder->aws, &plan, assumed, holder);
}

static void join(struct holder *holder, holder_done *done, void *context)
{
    struct waiter *waiter = memory_new(sizeof *waiter);
    waiter->done = done;
    waiter->context = context;
    if (holder->last != NULL)
        holder->last->next = waiter;
    else
        holder->first = waiter;
    holder->last = waiter;
    if (!holder->is_assuming)
        assume(holder);
}

/* ---- asking ---- */

static bool is_fit(const struct holder *holder)
{
    return holder->has_credentials &&
           aws_wall_us(holder->aws) + MARGIN_US < holder->credentials.expires_at_us;
}

const struct aws_credentials *holder_get(struct aws *aws, enum signer signer, size_t account)
{
    struct holder *holder = holder_of(aws, signer, account);
    if (holder == NULL)
        return &aws->identity->credentials;
    if (!is_fit(holder))
        return NULL;
    if (holder == aws->base && !holder->is_assuming && aws_wall_us(aws) >= holder->renew_at_us) {
        holder->renew_at_us = aws_wall_us(aws) + MARGIN_US; /* should it fail: not at once again */
        assume(holder);
    }
    return &holder->credentials;
}

void holder_wait(struct aws *aws, enum signer signer, size_t account, holder_done *done, void *context)
{
    struct holder *holder = holder_of(aws, signer, account);
    MUST(holder != NULL);
    join(holder, done, context);
}

void holder_drop(struct aws *aws, enum signer signer, size_t account, const char *access_key)
{
    struct holder *holder = holder_of(aws, signer, account);
    if (holder != NULL && strcmp(holder->credentials.access_key, access_key) == 0)
        holder->has_credentials = false;
}

struct present {
    holder_done *done;
    void *context;
    struct aws *aws;
};

static void keys_are_present(void *context)
{
    struct present *present = context;
    struct error stopped = {0};
    if (present->aws->is_closing)
        error_set(&stopped, ERROR_CANCELLED, "AssumeRole: stopped");
    present->done(present->context, present->aws->is_closing ? &stopped : NULL);
    memory_free(present);
}

void holder_renew(struct aws *aws, size_t account, const char *session_name, holder_done *done, void *context)
{
    struct holder *holder = holder_of(aws, account != NO_INDEX ? SIGNER_ACCOUNT : SIGNER_BASE, account);
    if (holder != NULL && !aws->is_closing) {
        if (holder != aws->base && session_name != NULL && session_name[0] != '\0')
            snprintf(holder->session_name, sizeof holder->session_name, "%s", session_name);
        join(holder, done, context);
        return;
    }
    struct present *present = memory_new(sizeof *present);
    *present = (struct present){done, context, aws};
    aws_defer(aws, keys_are_present, present);
}

int64_t holder_lifetime_ms(struct aws *aws, size_t account)
{
    const struct holder *holder = holder_of(aws, account != NO_INDEX ? SIGNER_ACCOUNT : SIGNER_BASE, account);
    const struct aws_credentials *credentials =
        holder != NULL ? &holder->credentials : &aws->identity->credentials;
    if (credentials->expires_at_us == 0)
        return UNLIMITED_LIFETIME_MS;
    int64_t left_us = credentials->expires_at_us - aws_wall_us(aws);
    return left_us > 0 ? left_us / 1000 : 0;
}

const struct aws_credentials *aws_account_credentials(const struct aws *aws, size_t account)
{
    MUST(account < aws->account_count);
    /* Only reads; holder_of is shared with those that write. */
    const struct holder *holder = holder_of((struct aws *)aws, SIGNER_ACCOUNT, account);
    if (holder == NULL)
        return &aws->identity->credentials;
    return holder->has_credentials ? &holder->credentials : NULL;
}
