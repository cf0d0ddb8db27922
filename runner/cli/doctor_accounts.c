/* doctor_accounts.c - who we are, whether AWS's clock is ours, which accounts there are, whether each lets us
 * in, who has them, and how full they are.
 *
 * Every account is asked at the same time, and twice: who am I there (which assumes its role), which stacks
 * has it. */
#include "doctor.h"
#include "itrun/base/memory.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CLOCK_TOLERATED_MS 60000
#define STACK_QUOTA        2000 /* CloudFormation's default, for each region of an account */
#define ACCOUNTS_NAMED     3

struct asked { /* one account, or the caller's own identity */
    size_t account;
    struct error error;  /* of the newest call */
    const char *trouble; /* the same, without the account's own name */
    char caller[13];
    size_t stack_count;
    size_t *open; /* calls in flight, of all */
};

/* ---- asking ---- */

static void answered(void *context, const struct aws_answer *answer)
{
    struct asked *asked = context;
    asked->error = answer->error;
    if (answer->error.kind == ERROR_NONE && answer->account_id != NULL) {
        memcpy(asked->caller, answer->account_id, strnlen(answer->account_id, 12));
    }
    asked->stack_count = answer->stack_count;
    --*asked->open;
}

static void ask_all(const struct workspace *workspace, struct asked *list, size_t count,
                    enum aws_operation operation)
{
    struct workspace *turning = (struct workspace *)workspace;
    size_t open = 0;
    for (size_t i = 0; i < count; i++) {
        if (list[i].error.kind != ERROR_NONE) {
            continue;
        }
        const struct aws_call call = {.operation = operation, .account = list[i].account};
        list[i].open = &open;
        open++;
        aws_perform(workspace->aws, &call, answered, &list[i]);
    }
    while (open > 0) {
        uv_run(&turning->loop, UV_RUN_ONCE);
    }
}

/* ---- findings ---- */

static bool check_identity(struct doctor *doctor)
{
    const struct workspace *workspace = doctor->workspace;
    struct asked own = {.account = NO_INDEX};
    ask_all(workspace, &own, 1, AWS_CALLER_IDENTITY);
    if (own.error.kind != ERROR_NONE) {
        struct finding *finding = doctor_say_error(doctor, "identity", &own.error);
        finding->is_infrastructure = true;
        if (finding->mend == NULL) {
            finding->mend = "aws sts get-caller-identity   # the same call by the AWS CLI";
        }
        return false;
    }
    doctor_say(doctor, HEALTH_FINE, "identity", "account %s, by %s", own.caller, workspace->identity.source);
    return true;
}

static void check_clock(struct doctor *doctor)
{
    int64_t offset_ms = 0;
    if (!aws_clock_offset_ms(doctor->workspace->aws, &offset_ms)) {
        return;
    }
    if (llabs(offset_ms) > CLOCK_TOLERATED_MS) {
        struct text text = {0};
        text_append_duration(&text, llabs(offset_ms));
        struct finding *finding =
            doctor_say(doctor, HEALTH_DOUBTFUL, "clock",
                       "this machine's clock is %s %s AWS's: itrun corrects for it, your tests may not",
                       text_string(&text), offset_ms > 0 ? "behind" : "ahead of");
        text_clear(&text);
        finding->mend = "timedatectl set-ntp true";
        finding->is_infrastructure = true;
    } else {
        doctor_say(doctor, HEALTH_FINE, "clock", "agrees with AWS's");
    }
}

static void check_pool(struct doctor *doctor)
{
    const struct inventory *inventory = doctor->workspace->inventory;
    const struct config_accounts *configured = &doctor->workspace->config->accounts;
    bool is_organization = configured->provider == ACCOUNTS_ORGANIZATIONS;
    const char *where = is_organization ? configured->organizational_unit : "the list";
    if (inventory->account_count == 0) {
        struct finding *finding = doctor_say(doctor, HEALTH_BAD, "pool", "there is no account in %s", where);
        finding->mend = "aws organizations create-account --account-name itrun-001 --email ADDRESS   # then "
                        "move it there";
        finding->is_infrastructure = true;
        return;
    }
    const char *region = inventory->accounts[0].region;
    doctor_say(doctor, HEALTH_FINE, "pool", "%zu account%s in %s, region %s%s%s", inventory->account_count,
               inventory->account_count == 1 ? "" : "s", where, region,
               inventory->endpoint != NULL ? ", at " : "",
               inventory->endpoint != NULL ? inventory->endpoint : "");
}

/* "account-001, account-002, account-003 and 4 more" of those with this error. */
static const char *names_of(struct doctor *doctor, const struct asked *list, size_t count, const char *what)
{
    const struct account *accounts = doctor->workspace->inventory->accounts;
    struct text text = {0};
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        if (list[i].trouble == NULL || strcmp(list[i].trouble, what) != 0) {
            continue;
        }
        if (found++ < ACCOUNTS_NAMED) {
            text_append_format(&text, "%s%s", found > 1 ? ", " : "", accounts[list[i].account].alias);
        }
    }
    if (found > ACCOUNTS_NAMED) {
        text_append_format(&text, " and %zu more", found - ACCOUNTS_NAMED);
    }
    const char *names = arena_string(doctor->arena, text_string(&text));
    text_clear(&text);
    return names;
}

/* Two hundred accounts with one trouble are told once. NULL: none. */
static const char *trouble_of(struct doctor *doctor, const struct asked *asked)
{
    if (asked->error.kind == ERROR_NONE) {
        return NULL;
    }
    const char *alias = doctor->workspace->inventory->accounts[asked->account].alias;
    struct text text = {0};
    const char *rest = asked->error.what;
    for (const char *found = strstr(rest, alias); found != NULL; found = strstr(rest, alias)) {
        text_append_bytes(&text, rest, (size_t)(found - rest));
        text_append(&text, "account");
        rest = found + strlen(alias);
    }
    text_append(&text, rest);
    const char *trouble = arena_string(doctor->arena, text_string(&text));
    text_clear(&text);
    return trouble;
}

static bool is_first_with(const struct asked *list, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (list[i].trouble != NULL && strcmp(list[i].trouble, list[index].trouble) == 0) {
            return false;
        }
    }
    return true;
}

/* Accounts with one and the same trouble are one finding. */
static size_t say_troubles(struct doctor *doctor, struct asked *list, size_t count, const char *name,
                           const char *mend_format)
{
    const struct account *accounts = doctor->workspace->inventory->accounts;
    size_t bad = 0;
    for (size_t i = 0; i < count; i++) {
        list[i].trouble = trouble_of(doctor, &list[i]);
    }
    for (size_t i = 0; i < count; i++) {
        const char *trouble = list[i].trouble;
        if (trouble == NULL) {
            continue;
        }
        bad++;
        if (is_first_with(list, i)) {
            const char *role = accounts[list[i].account].role_arn;
            struct finding *finding = doctor_say(doctor, HEALTH_BAD, name, "%s: %s",
                                                 names_of(doctor, list, count, trouble), trouble);
            finding->is_infrastructure = true;
            struct text mend = {0};
            text_append_format(&mend, mend_format, role != NULL ? role : "ROLE");
            finding->mend = arena_string(doctor->arena, text_string(&mend));
            text_clear(&mend);
        }
    }
    return bad;
}

static void check_roles(struct doctor *doctor, struct asked *list, size_t count)
{
    ask_all(doctor->workspace, list, count, AWS_CALLER_IDENTITY);
    const struct account *accounts = doctor->workspace->inventory->accounts;
    for (size_t i = 0; i < count; i++) {
        if (list[i].error.kind == ERROR_NONE && strcmp(list[i].caller, accounts[list[i].account].id) != 0) {
            error_set(&list[i].error, ERROR_DENIED, "its role leads into another account");
        }
    }
    size_t bad = say_troubles(doctor, list, count, "roles",
                              "aws sts assume-role --role-arn %s --role-session-name doctor");
    if (bad == 0) {
        doctor_say(doctor, HEALTH_FINE, "roles", "all %zu accounts let us in", count);
    }
}

static void check_quotas(struct doctor *doctor, struct asked *list, size_t count)
{
    ask_all(doctor->workspace, list, count, AWS_DESCRIBE_STACKS);
    size_t most = 0, fullest = 0, denied = 0;
    for (size_t i = 0; i < count; i++) {
        denied += list[i].error.kind != ERROR_NONE;
        if (list[i].error.kind == ERROR_NONE && list[i].stack_count > most) {
            most = list[i].stack_count;
            fullest = i;
        }
    }
    const struct inventory *inventory = doctor->workspace->inventory;
    if (denied == count) {
        return;
    }
    if (most + inventory->stack_count > STACK_QUOTA) {
        struct finding *finding = doctor_say(doctor, HEALTH_DOUBTFUL, "quotas",
                                             "%s holds %zu stacks and is to get %zu; the default quota is %d",
                                             inventory->accounts[list[fullest].account].alias, most,
                                             inventory->stack_count, STACK_QUOTA);
        finding->is_infrastructure = true;
        finding->mend =
            "aws service-quotas get-service-quota --service-code cloudformation --quota-code L-0485CB21";
        return;
    }
    doctor_say(doctor, HEALTH_FINE, "quotas",
               "at most %zu stacks in an account, %zu to be deployed, %d allowed", most,
               inventory->stack_count, STACK_QUOTA);
}

static void check_denied_stacks(struct doctor *doctor, struct asked *list, size_t count)
{
    struct asked *denied = arena_alloc(doctor->arena, (count + 1) * sizeof *denied);
    size_t denied_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (list[i].caller[0] != '\0' && list[i].error.kind != ERROR_NONE) {
            denied[denied_count++] = list[i];
        }
    }
    say_troubles(doctor, denied, denied_count, "stacks",
                 "aws iam simulate-principal-policy --policy-source-arn %s --action-names "
                 "cloudformation:DescribeStacks");
}

static void check_leases(struct doctor *doctor)
{
    struct lease_row *rows = NULL;
    size_t count = 0, used = 0, ill = 0;
    struct error error = {0};
    if (!lease_store_list(doctor->workspace->lease_store, doctor->arena, &rows, &count, &error)) {
        doctor_say_error(doctor, "leases", &error);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        used += rows[i].owner != NULL && rows[i].expires_in_ms > 0;
        ill += rows[i].state == ACCOUNT_DIRTY || rows[i].state == ACCOUNT_QUARANTINED;
    }
    size_t total = doctor->workspace->inventory->account_count;
    struct finding *finding =
        doctor_say(doctor, ill > 0 || used == total ? HEALTH_DOUBTFUL : HEALTH_FINE, "leases",
                   "%zu of %zu accounts are in use or held, %zu dirty or quarantined", used, total, ill);
    finding->is_infrastructure = true;
    finding->mend = finding->health == HEALTH_FINE ? NULL : "itrun accounts list";
}

void doctor_check_accounts(struct doctor *doctor)
{
    check_pool(doctor);
    size_t count = doctor->workspace->inventory->account_count;
    if (!check_identity(doctor) || count == 0) {
        return;
    }
    check_clock(doctor);
    struct asked *list = arena_alloc(doctor->arena, count * sizeof *list);
    for (size_t i = 0; i < count; i++) {
        list[i].account = i;
    }
    check_roles(doctor, list, count);
    for (size_t i = 0; i < count; i++) {
        if (list[i].error.kind != ERROR_NONE) {
            list[i].caller[0] = '\0'; /* told already */
        }
    }
    check_quotas(doctor, list, count);
    check_denied_stacks(doctor, list, count);
    check_leases(doctor);
}
