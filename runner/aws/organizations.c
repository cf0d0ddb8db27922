/* organizations.c - the member accounts of an organizational unit: find it from the roots down, then walk
 * below it.
 *
 * One request at a time: the walk is small, and Organizations throttles early. A name may stand for several
 * units in different places: then nothing is listed, since the wrong accounts would be worse than none. */
#include "client.h"
#include "itrun/base/json.h"
#include "itrun/base/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum phase { LISTING_ROOTS, FINDING, LISTING_ACCOUNTS, LISTING_UNITS };

struct unit {
    const char *id, *name;
};
struct units {
    struct unit *list;
    size_t count, capacity, done_count;
};
struct listing {
    struct aws *aws;
    struct arena *arena;
    const char *wanted;
    bool is_by_id;
    enum phase phase;
    int64_t started_at_ms;
    struct units seen;  /* while finding: roots and units, in order of discovery */
    struct units below; /* while listing: the unit and those below it */
    const char *next_token;
    const char **ids;
    size_t id_count, id_capacity;
    struct error refusal;
    aws_accounts_done *done;
    void *context;
};

static void finish(struct listing *listing, const struct error *error)
{
    bool is_listed = error == NULL;
    listing->done(listing->context, is_listed ? listing->ids : NULL, is_listed ? listing->id_count : 0,
                  error);
    memory_free(listing->seen.list);
    memory_free(listing->below.list);
    memory_free(listing->ids);
    arena_free(listing->arena);
    memory_free(listing);
}

static void add_unit(struct listing *listing, struct units *units, const char *id, const char *name)
{
    units->list = memory_grow(units->list, units->count, &units->capacity, sizeof *units->list);
    units->list[units->count++] =
        (struct unit){arena_string(listing->arena, id), arena_string(listing->arena, name)};
}

/* ---- what a page says ---- */

static void read_units(struct listing *listing, const struct json *root, const char *key, struct units *units)
{
    for (const struct json *it = json_first(json_get(root, key)); it != NULL; it = json_next(it))
        add_unit(listing, units, json_get_string(it, "Id", ""), json_get_string(it, "Name", ""));
}

/* State replaces Status in newer answers; suspended and closing accounts are no place to test in. */
static void read_accounts(struct listing *listing, const struct json *root)
{
    for (const struct json *it = json_first(json_get(root, "Accounts")); it != NULL; it = json_next(it)) {
        const char *state = json_get_string(it, "State", json_get_string(it, "Status", ""));
        const char *id = json_get_string(it, "Id", "");
        if (strcmp(state, "ACTIVE") != 0 || id[0] == '\0')
            continue;
        listing->ids =
            memory_grow(listing->ids, listing->id_count, &listing->id_capacity, sizeof *listing->ids);
        listing->ids[listing->id_count++] = arena_string(listing->arena, id);
    }
}

static int by_id(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* ---- found, or not ---- */

static void finish_unknown(struct listing *listing)
{
    struct error error = {0};
    const char **names = memory_new((listing->seen.count + 1) * sizeof *names);
    for (size_t i = 0; i < listing->seen.count; i++)
        names[i] = listing->seen.list[i].name;
    const char *nearest = nearest_name(listing->wanted, names, listing->seen.count);
    error_set(&error, ERROR_CONFIG, "there is no organizational unit \"%s\"", listing->wanted);
    if (nearest != NULL)
        error_hint(&error, "did you mean \"%s\"?", nearest);
    else
        error_hint(&error, "aws organizations list-organizational-units-for-parent shows what there is");
    memory_free(names);
    finish(listing, &error);
}

static bool choose(struct listing *listing)
{
    const struct unit *found = NULL;
    for (size_t i = 0; i < listing->seen.count; i++) {
        const struct unit *unit = &listing->seen.list[i];
        if (strcmp(unit->name, listing->wanted) != 0)
            continue;
        if (found != NULL) {
            struct error error = {0};
            error_set(&error, ERROR_CONFIG, "two organizational units are named \"%s\": %s and %s",
                      listing->wanted, found->id, unit->id);
            error_hint(&error, "name it by its id");
            finish(listing, &error);
            return false;
        }
        found = unit;
    }
    if (found == NULL) {
        finish_unknown(listing);
        return false;
    }
    add_unit(listing, &listing->below, found->id, found->name);
    return true;
}

/* ---- the walk ---- */

static void ask(struct listing *listing);

/* After the last page of a question: which is next. False: finished. */
static bool advance(struct listing *listing)
{
    switch (listing->phase) {
    case LISTING_ROOTS:
        listing->phase = FINDING;
        if (listing->seen.count > 0)
            return true;
        finish_unknown(listing);
        return false;
    case FINDING:
        if (++listing->seen.done_count < listing->seen.count)
            return true;
        listing->phase = LISTING_ACCOUNTS;
        return choose(listing);
    case LISTING_ACCOUNTS: listing->phase = LISTING_UNITS; return true;
    case LISTING_UNITS: break;
    }
    listing->phase = LISTING_ACCOUNTS;
    if (++listing->below.done_count < listing->below.count)
        return true;
    if (listing->id_count > 0)
        qsort(listing->ids, listing->id_count, sizeof *listing->ids, by_id);
    finish(listing, NULL);
    return false;
}

static void refused(struct listing *listing, const struct error *error)
{
    struct error why = *error;
    bool is_unknown = strcmp(why.code, "ParentNotFoundException") == 0 ||
                      strcmp(why.code, "OrganizationalUnitNotFoundException") == 0 ||
                      (listing->is_by_id && why.kind == ERROR_INVALID);
    if (is_unknown && listing->is_by_id) {
        finish_unknown(listing);
        return;
    }
    if (why.kind == ERROR_DENIED && why.hint[0] == '\0')
        error_hint(&why,
                   "run with the organization's management account or a delegated administrator, or use "
                   "`provider: list`");
    finish(listing, &why);
}

static void page_came(void *context, const struct error *error, const char *body, size_t length)
{
    struct listing *listing = context;
    struct error why = {0};
    if (error != NULL) {
        refused(listing, error);
        return;
    }
    struct json *root = json_parse(body, length, NULL);
    if (!json_is_object(root)) {
        json_free(root);
        error_set(&why, ERROR_TRANSIENT, "Organizations: the answer is not the JSON that AWS sends");
        finish(listing, &why);
        return;
    }
    if (listing->phase == LISTING_ACCOUNTS)
        read_accounts(listing, root);
    else if (listing->phase == LISTING_UNITS)
        read_units(listing, root, "OrganizationalUnits", &listing->below);
    else
        read_units(listing, root, listing->phase == FINDING ? "OrganizationalUnits" : "Roots",
                   &listing->seen);
    const char *token = json_get_string(root, "NextToken", "");
    listing->next_token = token[0] != '\0' ? arena_string(listing->arena, token) : NULL;
    json_free(root);
    if (listing->next_token != NULL || advance(listing))
        ask(listing);
}

static void ask(struct listing *listing)
{
    static const char *const actions[] = {[LISTING_ROOTS] = "ListRoots",
                                          [FINDING] = "ListOrganizationalUnitsForParent",
                                          [LISTING_ACCOUNTS] = "ListAccountsForParent",
                                          [LISTING_UNITS] = "ListOrganizationalUnitsForParent"};
    struct text body = {0};
    struct json_writer writer;
    json_write_begin(&writer, &body, 0);
    json_write_object(&writer, NULL);
    if (listing->phase == FINDING && listing->seen.done_count < listing->seen.count)
        json_write_string(&writer, "ParentId", listing->seen.list[listing->seen.done_count].id);
    if (listing->phase == LISTING_ACCOUNTS || listing->phase == LISTING_UNITS)
        json_write_string(&writer, "ParentId", listing->below.list[listing->below.done_count].id);
    if (listing->next_token != NULL)
        json_write_string(&writer, "NextToken", listing->next_token);
    json_write_end(&writer, '}');
    struct request_plan plan = {.service = SERVICE_ORGANIZATIONS,
                                .operation = OPERATION_LISTING,
                                .action = actions[listing->phase],
                                .account = NO_INDEX,
                                .signer = SIGNER_BASE,
                                .started_at_ms = listing->started_at_ms,
                                .body = &body};
    request_begin(listing->aws, &plan, page_came, listing);
}

static void refused_here(void *context)
{
    struct listing *listing = context;
    struct error refusal = listing->refusal;
    finish(listing, &refusal);
}

void aws_list_accounts(struct aws *aws, const char *organizational_unit, aws_accounts_done *done,
                       void *context)
{
    struct listing *listing = memory_new(sizeof *listing);
    listing->aws = aws;
    listing->arena = arena_new();
    listing->wanted = arena_string(listing->arena, organizational_unit);
    listing->started_at_ms = clock_monotonic_ms();
    listing->done = done;
    listing->context = context;
    if (aws->is_closing) {
        error_set(&listing->refusal, ERROR_CANCELLED, "Organizations: stopped");
        aws_defer(aws, refused_here, listing);
        return;
    }
    listing->is_by_id =
        string_starts_with(organizational_unit, "ou-") || string_starts_with(organizational_unit, "r-");
    if (listing->is_by_id) {
        listing->phase = LISTING_ACCOUNTS;
        add_unit(listing, &listing->below, listing->wanted, listing->wanted);
    }
    ask(listing);
}
