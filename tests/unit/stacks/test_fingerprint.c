#include "itrun/stacks.h"
#include <criterion/criterion.h>
#include <string.h>

static struct fingerprint_part parts[] = {{"template", "11"}, {"parameter Stage", "22"}};
static struct stack_parameter parameters[] = {{"Table", NULL, 0, "TableName"},
                                              {"Topic", NULL, 0, "TopicArn"}};

static const char *lookup(void *context, size_t from, const char *key)
{
    const struct pair *outputs = context;
    return from == 0 ? pair_value(outputs, 2, key) : NULL;
}

/* Stack 0 is data; stack 1 uses its outputs. */
static bool compute(struct stack *used, const struct pair *outputs, struct arena *arena,
                    struct fingerprint *ret, struct error *error)
{
    struct stack stacks[2] = {{.name = "data"}, *used};
    struct inventory inventory = {.stacks = stacks, .stack_count = 2};
    static struct pair dotted[2];
    dotted[0] = (struct pair){"data.TableName", outputs[0].value};
    dotted[1] = (struct pair){"data.TopicArn", outputs[1].value};
    return fingerprint_compute(&inventory, 1, lookup, (void *)outputs, dotted, 2, arena, ret, error);
}

Test(fingerprint, covers_the_resolved_outputs_and_names_them)
{
    struct arena *arena = arena_new();
    struct stack stack = {
        .name = "s", .parts = parts, .part_count = 2, .parameters = parameters, .parameter_count = 2};
    struct pair outputs[] = {{"TableName", "t1"}, {"TopicArn", "a1"}};
    struct fingerprint first, second;
    cr_assert(compute(&stack, outputs, arena, &first, NULL));
    cr_assert_eq(first.part_count, 4);
    cr_assert_str_eq(first.parts[0].name, "output data.TableName");
    cr_assert_str_eq(first.parts[3].name, "template");
    cr_assert_eq(strlen(first.hex), 64);
    outputs[0].value = "t2";
    cr_assert(compute(&stack, outputs, arena, &second, NULL));
    cr_assert_str_neq(first.hex, second.hex);
    cr_assert_str_neq(first.parts[0].digest, second.parts[0].digest);
    cr_assert_str_eq(first.parts[1].digest, second.parts[1].digest);
    arena_free(arena);
}

Test(fingerprint, does_not_depend_on_the_order_of_parts_and_parameters)
{
    struct arena *arena = arena_new();
    struct fingerprint_part turned[] = {parts[1], parts[0]};
    struct stack_parameter turned_parameters[] = {parameters[1], parameters[0]};
    struct stack stack = {
        .name = "s", .parts = parts, .part_count = 2, .parameters = parameters, .parameter_count = 2};
    struct stack other = stack;
    other.parts = turned;
    other.parameters = turned_parameters;
    struct pair outputs[] = {{"TableName", "t1"}, {"TopicArn", "a1"}};
    struct fingerprint first, second;
    cr_assert(compute(&stack, outputs, arena, &first, NULL));
    cr_assert(compute(&other, outputs, arena, &second, NULL));
    cr_assert_str_eq(first.hex, second.hex);
    arena_free(arena);
}

Test(fingerprint, changes_when_two_parameters_swap_their_outputs)
{
    struct arena *arena = arena_new();
    struct stack_parameter swapped[] = {{"Table", NULL, 0, "TopicArn"}, {"Topic", NULL, 0, "TableName"}};
    struct stack stack = {
        .name = "s", .parts = parts, .part_count = 2, .parameters = parameters, .parameter_count = 2};
    struct stack other = stack;
    other.parameters = swapped;
    struct pair outputs[] = {{"TableName", "t1"}, {"TopicArn", "a1"}};
    struct fingerprint first, second;
    cr_assert(compute(&stack, outputs, arena, &first, NULL));
    cr_assert(compute(&other, outputs, arena, &second, NULL));
    cr_assert_str_neq(first.hex, second.hex);
    arena_free(arena);
}

Test(fingerprint, of_a_command_covers_all_outputs_below_it)
{
    struct arena *arena = arena_new();
    struct stack stack = {.name = "s", .kind = STACK_COMMAND, .parts = parts, .part_count = 2};
    struct pair outputs[] = {{"TableName", "t1"}, {"TopicArn", "a1"}};
    struct fingerprint first, second, plain;
    cr_assert(compute(&stack, outputs, arena, &first, NULL));
    cr_assert_eq(first.part_count, 4);
    outputs[1].value = "a2";
    cr_assert(compute(&stack, outputs, arena, &second, NULL));
    cr_assert_str_neq(first.hex, second.hex);
    stack.kind = STACK_TEMPLATE; /* reads none of them */
    cr_assert(compute(&stack, outputs, arena, &plain, NULL));
    cr_assert_eq(plain.part_count, 2);
    arena_free(arena);
}

Test(fingerprint, a_missing_output_is_named)
{
    struct arena *arena = arena_new();
    struct stack stack = {.name = "orders", .parameters = parameters, .parameter_count = 1};
    struct pair outputs[] = {{"Other", "t1"}, {"TopicArn", "a1"}};
    struct fingerprint fingerprint = {.hex = "untouched"};
    struct error error;
    cr_assert(!compute(&stack, outputs, arena, &fingerprint, &error));
    cr_assert_eq(error.kind, ERROR_CONFIG);
    cr_assert(strstr(error.what, "data.TableName") != NULL && strstr(error.what, "orders") != NULL, "%s",
              error.what);
    cr_assert_str_eq(fingerprint.hex, "untouched");
    arena_free(arena);
}

static void join(void *context, const char *part, const char *how)
{
    text_append_format(context, "%s %s;", part, how);
}

Test(fingerprint, compare_finds_what_changed_was_added_and_removed)
{
    struct fingerprint_part old_parts[] = {{"a", "1"}, {"b", "1"}, {"c", "1"}};
    struct fingerprint_part new_parts[] = {{"a", "1"}, {"b", "2"}, {"d", "1"}};
    struct text found = {0};
    fingerprint_compare(old_parts, 3, new_parts, 3, join, &found);
    cr_assert_str_eq(text_string(&found), "b changed;d added;c removed;");
    text_clear(&found);
}
