#include <criterion/criterion.h>
#include "cloudformation.h"
#include "form.h"
#include <string.h>

Test(form, only_unreserved_characters_stay_as_they_are)
{
    struct text form = {0};
    form_add(&form, "A", "aZ09-_.~ +/=&%\n\xc3\xbc");
    cr_assert_str_eq(text_string(&form), "&A=aZ09-_.~%20%2B%2F%3D%26%25%0A%C3%BC");
    text_clear(&form);
}

Test(form, absent_values_are_left_out_but_empty_members_stay)
{
    struct text form = {0};
    form_add(&form, "A", NULL);
    form_add(&form, "B", "");
    form_add_member(&form, "Parameters", 1, "ParameterValue", "");
    cr_assert_str_eq(text_string(&form), "&Parameters.member.2.ParameterValue=");
    text_clear(&form);
}

Test(form, a_create_carries_template_capabilities_parameters_tags_and_token)
{
    struct pair parameters[] = {{"Stage", "it"}, {"Empty", ""}};
    struct pair tags[] = {{"itrun:fingerprint", "f0"}};
    struct aws_call call = {.operation = AWS_CREATE_STACK,
                            .stack_name = "app",
                            .template_body = "{}",
                            .parameters = parameters,
                            .parameter_count = 2,
                            .tags = tags,
                            .tag_count = 1,
                            .request_token = "itrun-1"};
    struct text form = {0};
    cloudformation_form(&form, &call, NULL);
    cr_assert_str_eq(
        text_string(&form),
        "Action=CreateStack&Version=2010-05-15&StackName=app&TemplateBody=%7B%7D"
        "&Capabilities.member.1=CAPABILITY_IAM&Capabilities.member.2=CAPABILITY_NAMED_IAM"
        "&Capabilities.member.3=CAPABILITY_AUTO_EXPAND"
        "&Parameters.member.1.ParameterKey=Stage&Parameters.member.1.ParameterValue=it"
        "&Parameters.member.2.ParameterKey=Empty&Parameters.member.2.ParameterValue="
        "&Tags.member.1.Key=itrun%3Afingerprint&Tags.member.1.Value=f0&ClientRequestToken=itrun-1");
    text_clear(&form);
}

Test(form, every_write_carries_its_request_token_and_no_read_does)
{
    for (int operation = AWS_DESCRIBE_STACKS; operation < AWS_OPERATION_COUNT; operation++) {
        struct aws_call call = {.operation = operation, .stack_name = "app", .request_token = "t1"};
        struct text form = {0};
        cloudformation_form(&form, &call, NULL);
        bool is_write = operation != AWS_DESCRIBE_STACKS && operation != AWS_STACK_EVENTS;
        cr_expect_eq(strstr(text_string(&form), "ClientRequestToken=t1") != NULL, is_write, "%s",
                     aws_operation_name(operation));
        text_clear(&form);
    }
}

Test(form, an_update_without_tags_keeps_those_that_are_there)
{
    struct aws_call call = {.operation = AWS_UPDATE_STACK, .stack_name = "app"};
    struct text form = {0};
    cloudformation_form(&form, &call, NULL);
    cr_assert(strstr(text_string(&form), "Tags") == NULL);
    text_clear(&form);
}
