#include <criterion/criterion.h>
#include "ini.h"
#include "itrun/aws.h"
#include "itrun/base/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A home of its own for each test, and an environment that is a list. */
static char home[64];
static struct pair environment[16];
static size_t environment_count;

static void make_home(void)
{
    strcpy(home, "/tmp/itrun-identity-XXXXXX");
    cr_assert_not_null(mkdtemp(home));
    char path[128];
    snprintf(path, sizeof path, "%s/.aws", home);
    cr_assert(file_make_folders(path, NULL));
    environment_count = 0;
    environment[environment_count++] = (struct pair){"HOME", home};
}

static void remove_home(void)
{
    file_remove_tree(home, NULL);
}

static void write_file(const char *name, const char *content)
{
    char path[128];
    snprintf(path, sizeof path, "%s/.aws/%s", home, name);
    cr_assert(file_replace(path, content, strlen(content), NULL));
}

static void set(const char *name, const char *value)
{
    environment[environment_count++] = (struct pair){name, value};
}

static const char *lookup(void *context, const char *name)
{
    (void)context;
    for (size_t i = 0; i < environment_count; i++) {
        if (strcmp(environment[i].name, name) == 0)
            return environment[i].value;
    }
    return NULL;
}

static struct aws_identity find(void)
{
    struct aws_identity identity = {0};
    struct error error = {0};
    cr_assert(aws_identity_find(lookup, NULL, &identity, &error), "%s", error.what);
    return identity;
}

static struct error find_error(void)
{
    struct aws_identity identity;
    struct error error = {0};
    cr_assert_not(aws_identity_find(lookup, NULL, &identity, &error));
    return error;
}

TestSuite(identity, .init = make_home, .fini = remove_home);

Test(identity, keys_of_the_environment_come_first_even_with_a_profile)
{
    write_file("credentials", "[default]\naws_access_key_id=FILE\naws_secret_access_key=s\n");
    set("AWS_ACCESS_KEY_ID", "ENV");
    set("AWS_SECRET_ACCESS_KEY", "secret");
    set("AWS_SESSION_TOKEN", "token");
    set("AWS_PROFILE", "absent");
    struct aws_identity identity = find();
    cr_assert_str_eq(identity.credentials.access_key, "ENV");
    cr_assert_str_eq(identity.credentials.token, "token");
    cr_assert_str_eq(identity.source, "environment");
}

Test(identity, half_a_pair_of_keys_is_an_error)
{
    set("AWS_ACCESS_KEY_ID", "ENV");
    cr_assert(strstr(find_error().what, "AWS_SECRET_ACCESS_KEY") != NULL);
}

Test(identity, the_default_profile_is_taken_when_none_is_named)
{
    write_file("credentials", "[default]\naws_access_key_id = AKIA\naws_secret_access_key = se=cret/+ \n");
    struct aws_identity identity = find();
    cr_assert_str_eq(identity.credentials.access_key, "AKIA");
    cr_assert_str_eq(identity.credentials.secret_key, "se=cret/+");
    char source[200];
    snprintf(source, sizeof source, "profile default in %s/.aws/credentials", home);
    cr_assert_str_eq(identity.source, source);
    cr_assert_str_eq(identity.role_arn, "");
}

Test(identity, keys_of_the_credentials_file_win_over_the_config_file)
{
    write_file("config", "[profile ci]\naws_access_key_id = CONFIG\naws_secret_access_key = c\n");
    set("AWS_PROFILE", "ci");
    cr_assert_str_eq(find().credentials.access_key, "CONFIG");
    write_file("credentials", "[ci]\naws_access_key_id = CREDENTIALS\naws_secret_access_key = c\n");
    cr_assert_str_eq(find().credentials.access_key, "CREDENTIALS");
}

Test(identity, default_profile_variable_comes_before_profile)
{
    write_file("credentials", "[a]\naws_access_key_id=A\naws_secret_access_key=s\n"
                              "[b]\naws_access_key_id=B\naws_secret_access_key=s\n");
    set("AWS_PROFILE", "a");
    set("AWS_DEFAULT_PROFILE", "b");
    cr_assert_str_eq(find().credentials.access_key, "B");
}

Test(identity, files_may_be_elsewhere)
{
    char path[128];
    write_file("other", "[default]\naws_access_key_id=OTHER\naws_secret_access_key=s\n");
    snprintf(path, sizeof path, "%s/.aws/other", home);
    set("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/other");
    cr_assert_str_eq(find().credentials.access_key, "OTHER");
    environment_count--;
    set("AWS_SHARED_CREDENTIALS_FILE", path);
    cr_assert_str_eq(find().credentials.access_key, "OTHER");
}

Test(identity, a_role_is_assumed_with_the_keys_of_its_source_profile)
{
    write_file("config", "[profile ci]\nrole_arn = arn:aws:iam::111122223333:role/ci\nsource_profile = base\n"
                         "external_id = x:1\nrole_session_name = nightly\nregion = eu-west-3\n");
    write_file("credentials", "[base]\naws_access_key_id=BASE\naws_secret_access_key=s\n");
    set("AWS_PROFILE", "ci");
    struct aws_identity identity = find();
    cr_assert_str_eq(identity.role_arn, "arn:aws:iam::111122223333:role/ci");
    cr_assert_str_eq(identity.external_id, "x:1");
    cr_assert_str_eq(identity.session_name, "nightly");
    cr_assert_str_eq(identity.region, "eu-west-3");
    cr_assert_str_eq(identity.credentials.access_key, "BASE");
    cr_assert(strstr(identity.source, "profile base in ") != NULL);
}

Test(identity, the_region_comes_from_environment_before_profile)
{
    write_file("config", "[default]\nregion = eu-west-3\naws_access_key_id=A\naws_secret_access_key=s\n");
    cr_assert_str_eq(find().region, "eu-west-3");
    set("AWS_DEFAULT_REGION", "eu-west-2");
    cr_assert_str_eq(find().region, "eu-west-2");
    set("AWS_REGION", "eu-west-1");
    cr_assert_str_eq(find().region, "eu-west-1");
}

Test(identity, nothing_found_says_what_to_set)
{
    struct error error = find_error();
    cr_assert_eq(error.kind, ERROR_DENIED);
    cr_assert(strstr(error.hint, "AWS_PROFILE") != NULL);
}

Test(identity, an_unknown_profile_suggests_the_nearest)
{
    write_file("config", "[profile nightly]\nregion=x\n[sso-session nightlies]\n");
    set("AWS_PROFILE", "nightli");
    struct error error = find_error();
    cr_assert_eq(error.kind, ERROR_CONFIG);
    cr_assert(strstr(error.hint, "\"nightly\"") != NULL);
}

Test(identity, what_is_not_supported_is_named_with_a_bridge)
{
    static const char *const settings[] = {"sso_session = corp", "credential_process = /bin/x",
                                           "role_arn = arn:x\ncredential_source = Environment",
                                           "role_arn = arn:x\nweb_identity_token_file = /t",
                                           "login_session = l"};
    set("AWS_PROFILE", "ci");
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        char content[256];
        snprintf(content, sizeof content, "[profile ci]\n%s\n", settings[i]);
        write_file("config", content);
        struct error error = find_error();
        cr_expect(strstr(error.what, "not supported") != NULL, "%s: %s", settings[i], error.what);
        cr_expect(strstr(error.hint, "export-credentials --profile ci") != NULL, "%s", settings[i]);
    }
}

Test(identity, a_chain_of_roles_and_an_absent_source_are_refused)
{
    set("AWS_PROFILE", "ci");
    write_file("config", "[profile ci]\nrole_arn=arn:x\nsource_profile=mid\n[profile mid]\nrole_arn=arn:y\n"
                         "source_profile=low\n[profile low]\naws_access_key_id=A\naws_secret_access_key=s\n");
    cr_assert(strstr(find_error().what, "one level") != NULL);
    write_file("config", "[profile ci]\nrole_arn=arn:x\nsource_profile=mid\n");
    cr_assert(strstr(find_error().what, "source_profile of profile \"ci\"") != NULL);
}

Test(identity, a_broken_file_is_named_with_its_line)
{
    write_file("config", "# fine\n[default]\nregion = x\nnonsense\n");
    struct error error = find_error();
    cr_assert_eq(error.kind, ERROR_CONFIG);
    cr_assert(strstr(error.where, "/.aws/config:4") != NULL);
}

Test(identity, keys_too_long_are_refused_not_cut)
{
    char content[2048] = "[default]\naws_secret_access_key = s\naws_access_key_id = ";
    memset(content + strlen(content), 'A', 500);
    write_file("credentials", content);
    cr_assert_eq(find_error().kind, ERROR_CONFIG);
}

Test(ini, settings_are_read_with_comments_nesting_and_crlf)
{
    static const char bytes[] =
        "\xEF\xBB\xBF# c\r\n; c\r\n[ profile   ci ]  # c\r\nRegion = eu-west-1 ; c\r\n"
        "url = http://h/#frag;x\r\ns3 =\r\n  max = 3\r\nempty =\r\n[profile ci]\r\nregion=x\r\n"
        "[default]\r\na=b";
    struct ini *ini = ini_parse(bytes, strlen(bytes), "f", NULL);
    cr_assert_not_null(ini);
    cr_assert_str_eq(ini_get(ini, "profile ci", "region"), "x");
    cr_assert_str_eq(ini_get(ini, "profile ci", "url"), "http://h/#frag;x");
    cr_assert_str_eq(ini_get(ini, "profile ci", "empty"), "");
    cr_assert_null(ini_get(ini, "profile ci", "max"));
    cr_assert_str_eq(ini_get(ini, "default", "a"), "b");
    cr_assert_null(ini_get(ini, "absent", "a"));
    cr_assert_eq(ini_section_count(ini), 2);
    ini_free(ini);
}

Test(ini, lines_that_are_neither_are_refused_with_their_number)
{
    static const char *const bad[] = {"a = b\n", "[x\n", "[x]\n= v\n", "[x]\nword\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct error error = {0};
        cr_expect_null(ini_parse(bad[i], strlen(bad[i]), "f", &error), "%s", bad[i]);
        cr_expect(strncmp(error.where, "f:", 2) == 0, "%s", bad[i]);
    }
}
