/* identity.c - the caller's own identity: environment, then profiles. Order: botocore's credential chain. */
#include "itrun/aws.h"
#include "ini.h"
#include "itrun/base/memory.h"
#include "itrun/base/text.h"
#include <stdio.h>
#include <string.h>

struct search {
    aws_lookup *lookup;
    void *context;
    const char *profile;
    char config_path[512], credentials_path[512];
    struct ini *config, *credentials;
    struct aws_identity *found;
    struct error *error;
};

static const char *from_environment(const struct search *search, const char *name)
{
    const char *value = search->lookup(search->context, name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool copy(const struct search *search, char *ret, size_t size, const char *value, const char *name)
{
    int length = snprintf(ret, size, "%s", value != NULL ? value : "");
    if (length >= 0 && (size_t)length < size)
        return true;
    ret[0] = '\0';
    return error_set(search->error, ERROR_CONFIG, "%s is longer than %zu bytes", name, size - 1);
}

static bool copy_keys(const struct search *search, const char *access_key, const char *secret_key,
                      const char *token)
{
    struct aws_credentials *to = &search->found->credentials;
    return copy(search, to->access_key, sizeof to->access_key, access_key, "the access key") &&
           copy(search, to->secret_key, sizeof to->secret_key, secret_key, "the secret key") &&
           copy(search, to->token, sizeof to->token, token, "the session token");
}

/* ---- files ---- */

static bool find_path(const struct search *search, const char *variable, const char *file, char ret_path[512])
{
    const char *home = from_environment(search, "HOME");
    const char *path = from_environment(search, variable);
    int length = 0;
    if (path != NULL && string_starts_with(path, "~/") && home != NULL)
        length = snprintf(ret_path, 512, "%s%s", home, path + 1);
    else if (path != NULL)
        length = snprintf(ret_path, 512, "%s", path);
    else if (home != NULL)
        length = snprintf(ret_path, 512, "%s/.aws/%s", home, file);
    else
        ret_path[0] = '\0';
    return length < 512 || error_set(search->error, ERROR_CONFIG, "the path in %s is too long", variable);
}

/* An absent file is an empty one. */
static bool load(const struct search *search, const char *path, struct ini **ret_ini)
{
    char *bytes;
    size_t length;
    struct error why = {0};
    if (path[0] == '\0')
        return true;
    if (!file_read(path, 1024 * 1024, &bytes, &length, &why)) {
        if (why.kind == ERROR_GONE)
            return true;
        if (search->error != NULL)
            *search->error = why;
        return error_prefix(search->error, "AWS configuration");
    }
    *ret_ini = ini_parse(bytes, length, path, search->error);
    explicit_bzero(bytes, length);
    memory_free(bytes);
    return *ret_ini != NULL;
}

/* ---- profiles: "[ci]" in the credentials file and "[profile ci]" in the config file are one ---- */

static const char *config_section(const char *profile, char ret_section[160])
{
    snprintf(ret_section, 160, strcmp(profile, "default") == 0 ? "%s" : "profile %s", profile);
    return ret_section;
}

static const char *profile_get(const struct search *search, const char *profile, const char *name)
{
    char section[160];
    const char *value = ini_get(search->credentials, profile, name);
    if (value == NULL)
        value = ini_get(search->config, config_section(profile, section), name);
    if (value == NULL && strcmp(profile, "default") == 0)
        value = ini_get(search->config, "profile default", name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool profile_exists(const struct search *search, const char *profile)
{
    char section[160];
    return ini_has(search->credentials, profile) || ini_has(search->config, config_section(profile, section));
}

static bool no_such_profile(const struct search *search, const char *profile)
{
    size_t count = 0, capacity = 0;
    const char **names = NULL;
    const struct ini *files[] = {search->credentials, search->config};
    for (size_t f = 0; f < 2; f++) {
        for (size_t i = 0; i < ini_section_count(files[f]); i++) {
            const char *name = ini_section(files[f], i);
            if (string_starts_with(name, "sso-session ") || string_starts_with(name, "services "))
                continue;
            names = memory_grow(names, count, &capacity, sizeof *names);
            names[count++] = string_starts_with(name, "profile ") ? name + strlen("profile ") : name;
        }
    }
    const char *nearest = nearest_name(profile, names, count);
    error_set(search->error, ERROR_CONFIG, "there is no AWS profile \"%s\" in %s or %s", profile,
              search->credentials_path, search->config_path);
    if (nearest != NULL)
        error_hint(search->error, "did you mean \"%s\"?", nearest);
    memory_free(names);
    return false;
}

static bool static_keys(const struct search *search, const char *profile)
{
    const char *access_key = profile_get(search, profile, "aws_access_key_id");
    const char *secret_key = profile_get(search, profile, "aws_secret_access_key");
    bool is_in_credentials = ini_get(search->credentials, profile, "aws_access_key_id") != NULL;
    const char *path = is_in_credentials ? search->credentials_path : search->config_path;
    if (secret_key == NULL) {
        error_set(search->error, ERROR_DENIED,
                  "profile \"%s\" in %s has an access key but no aws_secret_access_key", profile, path);
        return false;
    }
    snprintf(search->found->source, sizeof search->found->source, "profile %.60s in %.180s", profile, path);
    return copy_keys(search, access_key, secret_key, profile_get(search, profile, "aws_session_token"));
}

/* What the chains of the SDKs know and this one does not (yet): said, with the bridge, instead of a wrong
 * account. */
static bool explain_unsupported(const struct search *search, const char *profile)
{
    static const char *const kinds[][2] = {
        {"sso_session", "IAM Identity Center (sso)"},
        {"sso_start_url", "IAM Identity Center (sso)"},
        {"login_session", "aws login"},
        {"credential_process", "credential_process"},
        {"web_identity_token_file", "a web identity token"},
        {"credential_source", "credential_source"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (profile_get(search, profile, kinds[i][0]) == NULL)
            continue;
        error_set(search->error, ERROR_DENIED,
                  "profile \"%s\" gets its credentials by %s, which is not supported", profile, kinds[i][1]);
        error_hint(search->error,
                   "run: eval \"$(aws configure export-credentials --profile %s --format env)\"", profile);
        return true;
    }
    return false;
}

static bool no_keys(const struct search *search, const char *profile)
{
    if (explain_unsupported(search, profile))
        return false;
    error_set(search->error, ERROR_DENIED, "no AWS credentials: profile \"%s\" has no keys", profile);
    error_hint(search->error, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE");
    return false;
}

static bool assumed_role(const struct search *search, const char *profile, const char *role_arn)
{
    struct aws_identity *found = search->found;
    const char *source = profile_get(search, profile, "source_profile");
    const char *session = profile_get(search, profile, "role_session_name");
    if (source == NULL)
        return no_keys(search, profile);
    if (profile_get(search, profile, "mfa_serial") != NULL) {
        error_set(search->error, ERROR_DENIED,
                  "profile \"%s\" asks for an MFA code, which a test run cannot give", profile);
        return error_hint(search->error,
                          "run: eval \"$(aws configure export-credentials --profile %s --format env)\"",
                          profile);
    }
    if (!profile_exists(search, source)) {
        no_such_profile(search, source);
        return error_prefix(search->error, "source_profile of profile \"%s\"", profile);
    }
    bool is_chained = strcmp(source, profile) != 0 && profile_get(search, source, "role_arn") != NULL;
    if (is_chained)
        return error_set(
            search->error, ERROR_CONFIG,
            "profile \"%s\": its source_profile \"%s\" assumes a role itself; one level is supported",
            profile, source);
    if (profile_get(search, source, "aws_access_key_id") == NULL)
        return no_keys(search, source);
    return copy(search, found->role_arn, sizeof found->role_arn, role_arn, "role_arn") &&
           copy(search, found->external_id, sizeof found->external_id,
                profile_get(search, profile, "external_id"), "external_id") &&
           copy(search, found->session_name, sizeof found->session_name, session != NULL ? session : "itrun",
                "role_session_name") &&
           static_keys(search, source);
}

static bool find_in_profiles(const struct search *search, bool is_named)
{
    const char *profile = search->profile;
    if (is_named && !profile_exists(search, profile))
        return no_such_profile(search, profile);
    const char *role_arn = profile_get(search, profile, "role_arn");
    if (role_arn != NULL)
        return assumed_role(search, profile, role_arn);
    if (from_environment(search, "AWS_WEB_IDENTITY_TOKEN_FILE") != NULL) {
        error_set(search->error, ERROR_DENIED, "AWS_WEB_IDENTITY_TOKEN_FILE is set, which is not supported");
        return error_hint(search->error, "run: eval \"$(aws configure export-credentials --format env)\"");
    }
    if (profile_get(search, profile, "aws_access_key_id") == NULL)
        return no_keys(search, profile);
    return static_keys(search, profile);
}

static bool find_in_environment(const struct search *search, const char *access_key)
{
    const char *secret_key = from_environment(search, "AWS_SECRET_ACCESS_KEY");
    if (secret_key == NULL) {
        error_set(search->error, ERROR_DENIED, "AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not");
        return error_hint(search->error, "set both, or neither and AWS_PROFILE");
    }
    snprintf(search->found->source, sizeof search->found->source, "environment");
    return copy_keys(search, access_key, secret_key, from_environment(search, "AWS_SESSION_TOKEN"));
}

static bool find_region(const struct search *search)
{
    const char *region = from_environment(search, "AWS_REGION");
    if (region == NULL)
        region = from_environment(search, "AWS_DEFAULT_REGION");
    if (region == NULL)
        region = profile_get(search, search->profile, "region");
    return copy(search, search->found->region, sizeof search->found->region, region, "the region");
}

static bool find(struct search *search)
{
    const char *access_key = from_environment(search, "AWS_ACCESS_KEY_ID");
    const char *named = from_environment(search, "AWS_DEFAULT_PROFILE");
    if (named == NULL)
        named = from_environment(search, "AWS_PROFILE");
    search->profile = named != NULL ? named : "default";
    if (!find_path(search, "AWS_CONFIG_FILE", "config", search->config_path) ||
        !find_path(search, "AWS_SHARED_CREDENTIALS_FILE", "credentials", search->credentials_path) ||
        !load(search, search->config_path, &search->config) ||
        !load(search, search->credentials_path, &search->credentials) || !find_region(search))
        return false;
    if (access_key != NULL)
        return find_in_environment(search, access_key);
    return find_in_profiles(search, named != NULL);
}

bool aws_identity_find(aws_lookup *lookup, void *context, struct aws_identity *ret_identity,
                       struct error *error)
{
    struct aws_identity *found = memory_new(sizeof *found);
    struct search search = {.lookup = lookup, .context = context, .found = found, .error = error};
    bool is_found = find(&search);
    if (is_found)
        *ret_identity = *found;
    ini_free(search.config);
    ini_free(search.credentials);
    explicit_bzero(found, sizeof *found);
    memory_free(found);
    return is_found;
}
