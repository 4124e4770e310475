/*
 * Bytes of a connection through the parser and its checks. What one piece gives, any cutting into
 * pieces must give too; whatever comes out keeps the promises of net/http.h.
 */
#include "fuzz.h"

#include <string.h>

#include "base/str.h"
#include "base/text.h"
#include "net/parser.h"
#include "net/target.h"

#define BODY_LIMIT 4096

static void check_promises(const http_request *r)
{
    crm_str path = r->path, part;
    MUST(path.n && path.p[0] == '/' && text_is_utf8(path));
    MUST(!memchr(path.p, 0, path.n) && !memchr(path.p, '\\', path.n));
    while (str_split(&path, '/', &part)) {
        MUST(!str_is(part, ".") && !str_is(part, ".."));
    }
    MUST(r->header_count <= PARSER_FIELDS_MAX);
    MUST(r->host.n == 0 || target_is_host(r->host));
    MUST(r->body.n <= BODY_LIMIT && r->body.p && r->body.p[r->body.n] == 0);
    for (uint32_t i = 0; i < r->header_count; i++) {
        MUST(r->headers[i].name.p[r->headers[i].name.n] == 0);
        MUST(r->headers[i].value.p[r->headers[i].value.n] == 0);
    }
}

static void note_request(buf *out, const http_request *r)
{
    buf_int(out, (int64_t)r->verb);
    buf_str(out, r->path);
    buf_str(out, r->query);
    buf_str(out, r->host);
    buf_str(out, r->body);
    for (uint32_t i = 0; i < r->header_count; i++) {
        buf_str(out, r->headers[i].name);
        buf_str(out, r->headers[i].value);
    }
    buf_char(out, '\n');
}

/* Reads requests until the bytes end or are refused, and writes down what came. */
static void read_all(const char *p, size_t n, size_t piece, buf *out)
{
    http_request r = {.arena = arena_new(0), .body_limit = BODY_LIMIT};
    parser parse;
    parser_init(&parse);
    parser_reset(&parse, &r);
    for (size_t at = 0; at < n;) {
        size_t used, take = n - at < piece ? n - at : piece;
        parser_result got = parser_feed(&parse, p + at, take, &used);
        MUST(used <= take);
        at += used;
        if (got == PARSE_READY) {
            got = parser_feed(&parse, "", 0, &used);
        }
        if (got == PARSE_REFUSED) {
            MUST(parse.status >= 400 && parse.status < 600 && parse.code);
            buf_z(out, "refused");
            break;
        }
        if (got == PARSE_WHOLE) {
            check_promises(&r);
            note_request(out, &r);
            arena_reset(r.arena);
            r = (http_request){.arena = r.arena, .body_limit = BODY_LIMIT};
            parser_reset(&parse, &r);
        }
    }
    parser_fini(&parse);
    arena_free(r.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    buf whole, pieces;
    buf_init(&whole, 0);
    buf_init(&pieces, 0);
    read_all((const char *)data + 1, size - 1, size, &whole);
    read_all((const char *)data + 1, size - 1, (size_t)data[0] + 1, &pieces);
    MUST(str_eq(buf_view(&whole), buf_view(&pieces)));
    buf_free(&whole);
    buf_free(&pieces);
    return 0;
}
