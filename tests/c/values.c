/* What needs no server: versions, names of codes, and reading of replies. */
#include "check.h"

/* {COS_OK, "COS_OK"}, and so on for every code of the header, is in this generated file. */
static const struct {
    int code;
    const char *name;
} codes[] = {
#include "every_code.h"
};

static void versions(void)
{
    char text[64];
    snprintf(text, sizeof text, "%d.%d.%d", COS_VERSION_MAJOR, COS_VERSION_MINOR,
             COS_VERSION_PATCH);
    CHECK(strcmp(cos_version(), text) == 0);
    CHECK(cos_abi_version() == COS_ABI_VERSION);
}

static void names(void)
{
    size_t i;
    for (i = 0; i < sizeof codes / sizeof *codes; i++)
        CHECK(strcmp(cos_code_name(codes[i].code), codes[i].name) == 0);
    CHECK(strcmp(cos_code_name(-123456), "COS_ERR_SERVER") == 0);
    CHECK(strcmp(cos_code_name(12345), "COS_ERR_SERVER") == 0);
    CHECK(strcmp(cos_code_name(-2147483647 - 1), "COS_ERR_SERVER") == 0);
}

/* The text that a pointer leads to; `wanted` NULL: nowhere. */
static void check_text(const char *json, const char *pointer, const char *wanted)
{
    char *text = cos_json_string(json, pointer);
    if (wanted ? !text || strcmp(text, wanted) != 0 : text != NULL)
        fail(__FILE__, __LINE__, pointer);
    cos_string_free(text);
}

static void strings(void)
{
    const char *json = " {\"s\": \"a\\n\\u00e9\\ud83d\\ude00\\\"\", \"n\": -1.50, \"z\": null,"
                       "\"a\": [true, [1, 2]], \"~/\": \"tilde\", \"\": \"none\","
                       "\"nul\": \"a\\u0000b\"} ";
    check_text(json, "/s", "a\n\xc3\xa9\xf0\x9f\x98\x80\"");
    check_text(json, "/n", "-1.50");
    check_text(json, "/z", "null");
    check_text(json, "/a/0", "true");
    check_text(json, "/a/1", "[1, 2]");
    check_text(json, "/a/1/1", "2");
    check_text(json, "/~0~1", "tilde");
    check_text(json, "/", "none");
    check_text("\"whole\"", "", "whole");
    check_text(json, "/a/2", NULL);
    check_text(json, "/a/-1", NULL);
    check_text(json, "/a/00", NULL);
    check_text(json, "/s/0", NULL);
    check_text(json, "s", NULL);
    check_text(json, "/nul", NULL);
    check_text("{\"b\": [, \"a\": 1}", "/a", NULL);
    check_text("{\"a\": 1", "", NULL);
    check_text("{\"a\": tru}", "/a", NULL);
    check_text("", "", NULL);
}

static void check_quoted(const char *text, const char *wanted)
{
    char *quoted = cos_json_quote(text), *back = quoted ? cos_json_string(quoted, "") : NULL;
    if (!quoted || strcmp(quoted, wanted) != 0 || !back || strcmp(back, text) != 0)
        fail(__FILE__, __LINE__, quoted ? quoted : text);
    cos_string_free(back);
    cos_string_free(quoted);
}

static void quotes(void)
{
    check_quoted("", "\"\"");
    check_quoted("plain", "\"plain\"");
    check_quoted("a \"b\" \\ c", "\"a \\\"b\\\" \\\\ c\"");
    check_quoted("\n\x01\x1f", "\"\\n\\u0001\\u001f\"");
    check_quoted("中文 \xf0\x9f\x98\x80", "\"中文 \xf0\x9f\x98\x80\"");
}

static void check_int(const char *json, int code, int64_t wanted)
{
    int64_t value = 4711;
    if (cos_json_int(json, "/n", &value) != code || value != (code == 0 ? wanted : 4711))
        fail(__FILE__, __LINE__, json);
}

static void integers(void)
{
    check_int("{\"n\": 0}", 0, 0);
    check_int("{\"n\": -12}", 0, -12);
    check_int("{\"n\": 9223372036854775807}", 0, INT64_MAX);
    check_int("{\"n\": -9223372036854775808}", 0, INT64_MIN);
    check_int("{\"n\": 9223372036854775808}", -1, 0);
    check_int("{\"n\": 1.5}", -1, 0);
    check_int("{\"n\": 1e3}", 0, 1000);
    check_int("{\"n\": 5.0}", 0, 5);
    check_int("{\"n\": \"7\"}", 0, 7);
    check_int("{\"n\": \"seven\"}", -1, 0);
    check_int("{\"n\": \"\"}", -1, 0);
    check_int("{\"n\": true}", -1, 0);
    check_int("{\"n\": null}", -1, 0);
    check_int("{\"m\": 1}", -1, 0);
    check_int("no JSON", -1, 0);
}

static void lengths(void)
{
    const char *json = "{\"a\": [1, [2, 3]], \"o\": {}, \"s\": \"text\"}";
    CHECK(cos_json_length(json, "") == 3);
    CHECK(cos_json_length(json, "/a") == 2);
    CHECK(cos_json_length(json, "/a/1") == 2);
    CHECK(cos_json_length(json, "/o") == 0);
    CHECK(cos_json_length(json, "/s") == -1);
    CHECK(cos_json_length(json, "/none") == -1);
    CHECK(cos_json_length("[", "") == -1);
}

/* Writes down what it is given, and stops at "stop". */
static int note(const char *key, const char *value, void *user)
{
    char *notes = user;
    sprintf(notes + strlen(notes), "%s=%s;", key ? key : "-", value ? value : "NULL");
    return value && strcmp(value, "stop") == 0;
}

static void check_each(const char *json, const char *pointer, int64_t calls, const char *wanted)
{
    char notes[256] = "";
    if (cos_json_each(json, pointer, note, notes) != calls || strcmp(notes, wanted) != 0)
        fail(__FILE__, __LINE__, notes);
}

static void elements(void)
{
    const char *json = "{\"a\": [1, \"\\u4e2d \\\"x\\\"\", [2, 3], null], \"o\": {\"k\\n\": {\"x\": []}}}";
    check_each(json, "/a", 4, "-=1;-=中 \"x\";-=[2, 3];-=null;");
    check_each(json, "/o", 1, "k\n={\"x\": []};");
    check_each(json, "/o/k\n/x", 0, "");
    check_each(json, "/a/0", -1, "");
    check_each(json, "/none", -1, "");
    check_each("[1, 2", "", -1, "");
    check_each("[\"go\", \"stop\", \"more\"]", "", 2, "-=go;-=stop;");
    check_each("{\"\\ud800\": 1, \"b\": \"\\udfff\"}", "", 2, "-=1;b=NULL;");
    check_each("{\"a\\u0000\": \"\\u0000\", \"b\": 1}", "", 2, "-=NULL;b=1;");
}

int main(void)
{
    versions();
    names();
    strings();
    quotes();
    integers();
    lengths();
    elements();
    return EXIT_SUCCESS;
}
