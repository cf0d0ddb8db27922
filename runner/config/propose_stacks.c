/* propose_stacks.c - CloudFormation templates, SAM, the Serverless Framework and the CDK, and which output
 * feeds which parameter.
 *
 * A parameter that has no default and is called as an output of exactly one other template is taken for it.
 */
#include "itrun/base/pattern.h"
#include "propose.h"
#include "tree.h"

static struct found_stack *add_stack(struct findings *findings, const char *wanted)
{
    findings->stacks = memory_grow(findings->stacks, findings->stack_count, &findings->stack_capacity,
                                   sizeof *findings->stacks);
    struct found_stack *stack = &findings->stacks[findings->stack_count];
    *stack = (struct found_stack){.name = proposed_name(findings, wanted, strlen(wanted))};
    findings->stack_count++;
    return stack;
}

static const char *no_variable(void *context, const char *name)
{
    (void)context;
    (void)name;
    return "";
}

/* What the tree's reader objects to (tags such as !Ref) is no matter here. JSON is YAML. */
static const struct node *read_tree(struct findings *findings, const char *bytes, size_t length)
{
    struct problems problems = {.arena = findings->arena, .path = "", .source = bytes, .length = length};
    struct expansion none = {.lookup = no_variable};
    const struct node *root = tree_read(&problems, &none);
    problems_clear(&problems);
    return root;
}

/* ---- templates ---- */

static bool is_template(const struct node *root)
{
    const struct node *resources = root != NULL ? node_get(root, "Resources") : NULL;
    for (const struct node *resource = resources != NULL ? resources->first : NULL; resource != NULL;
         resource = resource->next) {
        const struct node *type = resource->kind == NODE_MAPPING ? node_get(resource, "Type") : NULL;
        if (type != NULL && type->kind == NODE_SCALAR && strstr(type->raw, "::") != NULL) {
            return true;
        }
    }
    return false;
}

static void take_outputs(struct findings *findings, const struct node *root, struct found_stack *stack)
{
    const struct node *outputs = node_get(root, "Outputs");
    if (outputs == NULL || outputs->kind != NODE_MAPPING) {
        return;
    }
    const char **keys = arena_alloc(findings->arena, (outputs->count + 1) * sizeof *keys);
    for (const struct node *output = outputs->first; output != NULL; output = output->next) {
        keys[stack->output_count++] = output->key;
    }
    stack->outputs = keys;
}

static void take_parameters(struct findings *findings, const struct node *root, struct found_stack *stack)
{
    const struct node *parameters = node_get(root, "Parameters");
    if (parameters == NULL || parameters->kind != NODE_MAPPING) {
        return;
    }
    stack->parameters = arena_alloc(findings->arena, (parameters->count + 1) * sizeof *stack->parameters);
    for (const struct node *parameter = parameters->first; parameter != NULL; parameter = parameter->next) {
        if (parameter->kind == NODE_MAPPING && node_get(parameter, "Default") == NULL) {
            stack->parameters[stack->parameter_count++] =
                (struct found_parameter){.name = parameter->key, .from = NO_INDEX};
        }
    }
}

/* "template.yaml" says nothing: its folder does. */
static const char *name_of_template(struct findings *findings, const char *path)
{
    const char *base = base_name(path);
    const char *stem = arena_bytes(findings->arena, base, strcspn(base, "."));
    const char *folder = folder_of(findings, path);
    return strcmp(stem, "template") == 0 && folder[0] != '\0' ? base_name(folder) : stem;
}

static void take_template(struct findings *findings, const char *path, const char *bytes, size_t length)
{
    const struct node *root = read_tree(findings, bytes, length);
    if (root == NULL || root->kind != NODE_MAPPING || !is_template(root)) {
        return;
    }
    const struct node *transform = node_get(root, "Transform");
    bool is_sam = transform != NULL && transform->kind == NODE_SCALAR &&
                  strstr(transform->raw, "AWS::Serverless") != NULL;
    struct found_stack *stack = add_stack(findings, name_of_template(findings, path));
    if (!is_sam) {
        stack->template_path = path;
        take_outputs(findings, root, stack);
        take_parameters(findings, root, stack);
        return;
    }
    stack->stack_name = stack->name;
    stack->cwd = folder_of(findings, path);
    stack->inputs = below(findings, stack->cwd, "**");
    stack->deploy =
        arena_format(findings->arena,
                     "sam build --template %s && sam deploy --stack-name %s --resolve-s3 --capabilities "
                     "CAPABILITY_NAMED_IAM --no-confirm-changeset --no-fail-on-empty-changeset",
                     base_name(path), stack->name);
}

static void find_templates(struct findings *findings)
{
    for (size_t i = 0; i < findings->input->path_count; i++) {
        const char *path = findings->input->paths[i];
        size_t length = 0;
        if (!glob_matches("*.{yaml,yml,json,template}", base_name(path)) ||
            strcmp(base_name(path), "package.json") == 0 ||
            strcmp(base_name(path), "package-lock.json") == 0) {
            continue;
        }
        const char *bytes = contents_of(findings, path, &length);
        if (bytes != NULL && strstr(bytes, "Resources") != NULL && strstr(bytes, "::") != NULL) {
            take_template(findings, path, bytes, length);
        }
    }
}

/* ---- tools that deploy by themselves ---- */

static void take_serverless(struct findings *findings, const char *path)
{
    size_t length = 0;
    const char *bytes = contents_of(findings, path, &length);
    const struct node *root = bytes != NULL ? read_tree(findings, bytes, length) : NULL;
    const struct node *service =
        root != NULL && root->kind == NODE_MAPPING ? node_get(root, "service") : NULL;
    if (service == NULL || service->kind != NODE_SCALAR) {
        return;
    }
    struct found_stack *stack = add_stack(findings, service->raw);
    stack->deploy = "npx serverless deploy --stage itrun";
    stack->stack_name = arena_format(findings->arena, "%s-itrun", service->raw);
    stack->cwd = folder_of(findings, path);
    stack->inputs = below(findings, stack->cwd, "**");
}

/* new OrdersStack(app, 'Orders', …): the id is the stack's name unless the app says otherwise. */
static void take_cdk_app(struct findings *findings, const char *folder, const char *path)
{
    size_t length = 0;
    const char *bytes = contents_of(findings, path, &length);
    const char *at = bytes != NULL ? strstr(bytes, "(app,") : NULL;
    for (; at != NULL; at = strstr(at + 1, "(app,")) {
        const char *quote = at + strcspn(at, "'\"\n");
        size_t name_length = *quote == '\'' || *quote == '"' ? strcspn(quote + 1, "'\"\n") : 0;
        if (name_length == 0) {
            continue;
        }
        const char *id = arena_bytes(findings->arena, quote + 1, name_length);
        struct found_stack *stack = add_stack(findings, id);
        stack->deploy =
            arena_format(findings->arena, "npx cdk deploy %s --exclusively --require-approval never", id);
        stack->stack_name = id;
        stack->cwd = folder;
        stack->inputs = below(findings, folder, "**");
    }
}

static void take_cdk(struct findings *findings, const char *path)
{
    const char *folder = folder_of(findings, path);
    const char *apps = below(findings, folder, "bin/*.{ts,js}");
    for (size_t i = 0; i < findings->input->path_count; i++) {
        if (glob_matches(apps, findings->input->paths[i])) {
            take_cdk_app(findings, folder, findings->input->paths[i]);
        }
    }
}

/* ---- which output feeds which parameter ---- */

static bool has_output(const struct found_stack *stack, const char *key)
{
    for (size_t i = 0; i < stack->output_count; i++) {
        if (strcmp(stack->outputs[i], key) == 0) {
            return true;
        }
    }
    return false;
}

static bool depends_on(const struct findings *findings, size_t stack, size_t on, size_t depth)
{
    if (stack == on || depth > findings->stack_count) {
        return true;
    }
    const struct found_stack *found = &findings->stacks[stack];
    for (size_t i = 0; i < found->parameter_count; i++) {
        size_t from = found->parameters[i].from;
        if (from != NO_INDEX && depends_on(findings, from, on, depth + 1)) {
            return true;
        }
    }
    return false;
}

static void feed_parameter(struct findings *findings, size_t stack, struct found_parameter *parameter)
{
    size_t from = NO_INDEX, count = 0;
    for (size_t i = 0; i < findings->stack_count; i++) {
        if (i != stack && has_output(&findings->stacks[i], parameter->name)) {
            from = i;
            count++;
        }
    }
    if (count == 1 && !depends_on(findings, from, stack, 0)) {
        parameter->from = from;
        parameter->output = parameter->name;
        findings->stacks[from].is_needed_by_another = true;
    }
}

void find_stacks(struct findings *findings)
{
    find_templates(findings);
    for (size_t i = 0; i < findings->input->path_count; i++) {
        const char *base = base_name(findings->input->paths[i]);
        if (strcmp(base, "serverless.yml") == 0 || strcmp(base, "serverless.yaml") == 0) {
            take_serverless(findings, findings->input->paths[i]);
        } else if (strcmp(base, "cdk.json") == 0) {
            take_cdk(findings, findings->input->paths[i]);
        }
    }
    for (size_t i = 0; i < findings->stack_count; i++) {
        for (size_t k = 0; k < findings->stacks[i].parameter_count; k++) {
            feed_parameter(findings, i, &findings->stacks[i].parameters[k]);
        }
    }
}
