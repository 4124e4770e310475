/* parser.c - collects and checks one request. Loop thread; must not touch sockets. */
#include "net/parser.h"

#include <string.h>

#include "base/str.h"
#include "net/target.h"

#define KEEP_BUFFER 65536 /* larger buffers are not kept for the next request */
#define LINE_ENDS   2     /* CR LF */

/* Token characters of RFC 9110 §5.6.2. */
static const bool token_char[256] = {
    ['!'] = 1, ['#'] = 1, ['$'] = 1, ['%'] = 1, ['&'] = 1, ['\''] = 1, ['*'] = 1, ['+'] = 1,
    ['-'] = 1, ['.'] = 1, ['^'] = 1, ['_'] = 1, ['`'] = 1, ['|'] = 1,  ['~'] = 1, ['0'] = 1,
    ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1, ['6'] = 1,  ['7'] = 1, ['8'] = 1,
    ['9'] = 1, ['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1, ['E'] = 1,  ['F'] = 1, ['G'] = 1,
    ['H'] = 1, ['I'] = 1, ['J'] = 1, ['K'] = 1, ['L'] = 1, ['M'] = 1,  ['N'] = 1, ['O'] = 1,
    ['P'] = 1, ['Q'] = 1, ['R'] = 1, ['S'] = 1, ['T'] = 1, ['U'] = 1,  ['V'] = 1, ['W'] = 1,
    ['X'] = 1, ['Y'] = 1, ['Z'] = 1, ['a'] = 1, ['b'] = 1, ['c'] = 1,  ['d'] = 1, ['e'] = 1,
    ['f'] = 1, ['g'] = 1, ['h'] = 1, ['i'] = 1, ['j'] = 1, ['k'] = 1,  ['l'] = 1, ['m'] = 1,
    ['n'] = 1, ['o'] = 1, ['p'] = 1, ['q'] = 1, ['r'] = 1, ['s'] = 1,  ['t'] = 1, ['u'] = 1,
    ['v'] = 1, ['w'] = 1, ['x'] = 1, ['y'] = 1, ['z'] = 1,
};

/* Headers whose second occurrence could be read differently by someone on the way. */
#define NAME(z)          \
    {                    \
        z, sizeof(z) - 1 \
    }
static const crm_str single_fields[] = {
    NAME("host"),         NAME("content-length"), NAME("transfer-encoding"),
    NAME("content-type"), NAME("authorization"),  NAME("cookie"),
    NAME("origin"),       NAME("expect"),         NAME("idempotency-key"),
    NAME("x-csrf-token"), NAME("last-event-id"),
};
#undef NAME

static bool refuse(parser *p, int status, const char *code)
{
    p->phase = PARSER_REFUSED;
    p->status = status;
    p->code = code;
    return false;
}

static bool refuse_bad(parser *p)
{
    return refuse(p, 400, "bad_request");
}

/* ---- The request line ------------------------------------------------------------------------ */

static bool read_verb(crm_str s, http_verb *verb)
{
    static const struct {
        const char *name;
        http_verb verb;
    } known[] = {{"GET", VERB_GET},        {"POST", VERB_POST}, {"PATCH", VERB_PATCH},
                 {"DELETE", VERB_DELETE},  {"PUT", VERB_PUT},   {"HEAD", VERB_HEAD},
                 {"OPTIONS", VERB_OPTIONS}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (str_is(s, known[i].name)) {
            *verb = known[i].verb;
            return true;
        }
    }
    return false;
}

static bool is_upper_word(crm_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((s.p[i] < 'A' || s.p[i] > 'Z') && s.p[i] != '-') {
            return false;
        }
    }
    return s.n > 0;
}

/* method SP request-target SP HTTP-version, one blank each (RFC 9112 §3). */
static bool check_request_line(parser *p, crm_str line)
{
    ptrdiff_t first = str_find(line, ' ');
    if (first <= 0) {
        return refuse_bad(p);
    }
    crm_str method = {line.p, (size_t)first};
    crm_str rest = {line.p + first + 1, line.n - (size_t)first - 1};
    ptrdiff_t second = str_find(rest, ' ');
    if (!is_upper_word(method) || second <= 0) {
        return refuse_bad(p);
    }
    crm_str version = {rest.p + second + 1, rest.n - (size_t)second - 1};
    p->is_http10 = str_is(version, "HTTP/1.0");
    if (!p->is_http10 && !str_is(version, "HTTP/1.1")) {
        return refuse_bad(p);
    }
    if (!read_verb(method, &p->r->verb)) {
        return refuse(p, 405, "method_not_allowed");
    }
    if (second > PARSER_TARGET_MAX) {
        return refuse(p, 414, "uri_too_long");
    }
    p->target_at = (size_t)(rest.p - p->head.p);
    p->target_n = (size_t)second;
    return true;
}

/* ---- Header lines ---------------------------------------------------------------------------- */

/* Whether the eight bytes at `at` are all printable ASCII; at times it says no of such as are not
 * forbidden either, and then each is looked at. */
static bool are_printable8(const char *at)
{
    const uint64_t each = 0x0101010101010101u;
    uint64_t w;
    memcpy(&w, at, 8);
    return !((w | (w - each * 0x20) | ((w ^ each * 0x7F) - each)) & each * 0x80);
}

static bool check_field_line(parser *p, crm_str line)
{
    size_t i = 0;
    while (i < line.n && token_char[(unsigned char)line.p[i]]) {
        i++;
    }
    /* This also refuses folded lines, and blanks before the colon. */
    if (i == 0 || i == line.n || line.p[i] != ':') {
        return refuse_bad(p);
    }
    for (i++; i < line.n; i++) {
        while (line.n - i > 8 && are_printable8(line.p + i)) {
            i += 8;
        }
        unsigned char c = (unsigned char)line.p[i];
        if ((c < ' ' && c != '\t') || c == 0x7f) {
            return refuse_bad(p);
        }
    }
    if (++p->field_count > PARSER_FIELDS_MAX) {
        return refuse(p, 431, "header_too_large");
    }
    return true;
}

/* One line of the head without its CR LF. *is_last at the empty line. */
static bool check_line(parser *p, crm_str line, bool *is_last)
{
    if (p->target_n == 0 && line.n == 0) {
        buf_clear(&p->head); /* RFC 9112 §2.2: an empty line before the request line is skipped */
        return true;
    }
    if (p->target_n == 0) {
        return check_request_line(p, line);
    }
    *is_last = line.n == 0;
    return *is_last || check_field_line(p, line);
}

/* The first byte tells TLS, HTTP/2's binary frames and noise from a method, without waiting. */
static bool check_first_byte(parser *p)
{
    char c = p->head.p[0];
    return (c >= 'A' && c <= 'Z') || c == '\r' || refuse_bad(p);
}

/* Appends up to and including the next LF; true when the line in `head` is complete. */
static bool collect_line(parser *p, const char *bytes, size_t n, size_t *used)
{
    const char *end = memchr(bytes, '\n', n);
    size_t take = end ? (size_t)(end - bytes) + 1 : n;
    size_t room = PARSER_HEAD_MAX - p->head.n;
    buf_add(&p->head, bytes, take < room ? take : room);
    *used += take;
    if (p->head.failed) {
        return refuse(p, 503, "no_memory");
    }
    if (p->head.n == take && p->line == 0 && !check_first_byte(p)) {
        return false;
    }
    if (p->target_n == 0 && p->head.n - p->line > PARSER_TARGET_MAX + 32) {
        return refuse(p, 414, "uri_too_long");
    }
    if (take > room || (!end && take == room)) {
        return refuse(p, 431, "header_too_large");
    }
    return end != NULL;
}

/* A line ends in CR LF and holds no other CR, LF or NUL. */
static bool is_clean_line(crm_str line)
{
    size_t n = line.n - LINE_ENDS;
    return line.n >= LINE_ENDS && line.p[n] == '\r' && !memchr(line.p, '\r', n) &&
           !memchr(line.p, 0, n);
}

/* True when the head is complete in p->head. */
static bool collect_head(parser *p, const char *bytes, size_t n, size_t *used)
{
    while (*used < n && collect_line(p, bytes + *used, n - *used, used)) {
        crm_str line = {p->head.p + p->line, p->head.n - p->line};
        if (!is_clean_line(line)) {
            return refuse_bad(p);
        }
        bool is_last = false;
        line.n -= LINE_ENDS;
        if (!check_line(p, line, &is_last)) {
            return false;
        }
        p->line = p->head.n;
        if (is_last) {
            return true;
        }
    }
    return false;
}

/* ---- llhttp ---------------------------------------------------------------------------------- */

static parser *of(llhttp_t *ll)
{
    return ll->data;
}

/* llhttp gives each name and value in one piece, since it reads the collected head at once. */
static int on_name(llhttp_t *ll, const char *at, size_t n)
{
    parser *p = of(ll);
    if (p->phase == PARSER_BODY) {
        p->extra += n;
        return p->extra > PARSER_EXTRA_MAX ? HPE_USER : 0;
    }
    http_field *f = (http_field *)p->r->headers + p->r->header_count;
    if (p->r->header_count >= p->field_count) {
        return HPE_USER;
    }
    f->name = (crm_str){at, n};
    return 0;
}

static int on_value(llhttp_t *ll, const char *at, size_t n)
{
    parser *p = of(ll);
    if (p->phase == PARSER_BODY) {
        p->extra += n;
        return p->extra > PARSER_EXTRA_MAX ? HPE_USER : 0;
    }
    http_field *f = (http_field *)p->r->headers + p->r->header_count;
    if (p->r->header_count >= p->field_count) {
        return HPE_USER;
    }
    f->value = str_trim((crm_str){at, n});
    return 0;
}

static int on_value_complete(llhttp_t *ll)
{
    parser *p = of(ll);
    if (p->phase == PARSER_HEAD) {
        p->r->header_count++;
    }
    return 0;
}

static int on_extension(llhttp_t *ll, const char *at, size_t n)
{
    (void)at;
    parser *p = of(ll);
    p->extra += n;
    return p->extra > PARSER_EXTRA_MAX ? HPE_USER : 0;
}

static int on_headers_complete(llhttp_t *ll)
{
    parser *p = of(ll);
    if (p->phase == PARSER_HEAD) {
        p->keeps_alive = llhttp_should_keep_alive(ll) != 0;
        p->has_body = (ll->flags & F_CHUNKED) || ll->content_length > 0;
        p->r->content_length = ll->flags & F_CHUNKED ? -1 : (int64_t)ll->content_length;
        /* An Upgrade header asks; we do not: the request is an ordinary one. */
        ll->upgrade = 0;
    }
    return 0;
}

static int on_body(llhttp_t *ll, const char *at, size_t n)
{
    parser *p = of(ll);
    if (n > p->r->body_limit - p->taken) {
        refuse(p, 413, "too_large");
        return HPE_USER;
    }
    buf_add(&p->body, at, n);
    p->taken += n;
    if (p->body.failed) {
        refuse(p, 503, "no_memory");
        return HPE_USER;
    }
    return 0;
}

static int on_message_complete(llhttp_t *ll)
{
    (void)ll;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_header_value_complete = on_value_complete,
    .on_chunk_extension_name = on_extension,
    .on_chunk_extension_value = on_extension,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

/* ---- The checks of a whole head -------------------------------------------------------------- */

static bool has_single_fields(const http_request *r)
{
    for (size_t i = 0; i < sizeof single_fields / sizeof single_fields[0]; i++) {
        int seen = 0;
        for (uint32_t k = 0; k < r->header_count; k++) {
            seen += str_eq(r->headers[k].name, single_fields[i]);
        }
        if (seen > 1) {
            return false;
        }
    }
    return true;
}

static const http_field *find(const http_request *r, const char *name)
{
    for (uint32_t i = 0; i < r->header_count; i++) {
        if (str_is(r->headers[i].name, name)) {
            return &r->headers[i];
        }
    }
    return NULL;
}

/* RFC 9112 §6: one way of saying where the body ends, said once and plainly. */
static bool check_framing(parser *p)
{
    const http_field *te = find(p->r, "transfer-encoding");
    const http_field *length = find(p->r, "content-length");
    if (te && (length || p->is_http10 || !str_eq_ascii_nocase(te->value, CRM_S("chunked")))) {
        return refuse_bad(p);
    }
    if (!length) {
        return true;
    }
    for (size_t i = 0; i < length->value.n; i++) {
        if (length->value.p[i] < '0' || length->value.p[i] > '9') {
            return refuse_bad(p);
        }
    }
    return (length->value.n >= 1 && length->value.n <= 18) || refuse_bad(p);
}

static bool check_host(parser *p)
{
    const http_field *host = find(p->r, "host");
    if (!host) {
        return p->is_http10 || refuse_bad(p);
    }
    if (!target_is_host(host->value)) {
        return refuse_bad(p);
    }
    for (size_t i = 0; i < host->value.n; i++) {
        char *c = (char *)host->value.p + i;
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c | 0x20) : *c;
    }
    p->r->host = host->value;
    return true;
}

static bool check_expect(parser *p)
{
    const http_field *expect = find(p->r, "expect");
    if (!expect) {
        return true;
    }
    if (!str_eq_ascii_nocase(expect->value, CRM_S("100-continue"))) {
        return refuse(p, 417, "bad_request");
    }
    p->wants_continue = p->has_body && !p->is_http10;
    return true;
}

/* Names in lower case, and a 0 after each text, where the head had ':' , blank or CR. */
static void tidy_fields(http_request *r)
{
    for (uint32_t i = 0; i < r->header_count; i++) {
        http_field *f = (http_field *)&r->headers[i];
        char *name = (char *)f->name.p;
        for (size_t k = 0; k < f->name.n; k++) {
            name[k] = name[k] >= 'A' && name[k] <= 'Z' ? (char)(name[k] | 0x20) : name[k];
        }
        name[f->name.n] = 0;
        if (f->value.n) {
            ((char *)f->value.p)[f->value.n] = 0;
        } else {
            f->value = CRM_S("");
        }
    }
}

static bool read_target(parser *p)
{
    crm_str target = {p->head.p + p->target_at, p->target_n};
    crm_status s = target_parse(p->r->arena, target, p->r->host, &p->r->path, &p->r->query);
    ((char *)target.p)[target.n] = 0;
    return s == CRM_OK || (s == CRM_NOMEM ? refuse(p, 503, "no_memory") : refuse_bad(p));
}

/* The head is collected: llhttp reads it, then what llhttp leaves open is checked. */
static bool read_head(parser *p)
{
    p->r->headers = ARENA_ARRAY(p->r->arena, http_field, p->field_count + 1);
    if (!p->r->headers) {
        return refuse(p, 503, "no_memory");
    }
    llhttp_init(&p->ll, HTTP_REQUEST, &settings);
    p->ll.data = p;
    llhttp_errno_t e = llhttp_execute(&p->ll, p->head.p, p->head.n);
    bool is_whole = e == HPE_PAUSED;
    if ((e != HPE_OK && !is_whole) || p->r->header_count != p->field_count) {
        return refuse_bad(p);
    }
    tidy_fields(p->r);
    if (!has_single_fields(p->r) || !check_framing(p) || !check_host(p) || !check_expect(p) ||
        !read_target(p)) {
        return p->phase == PARSER_REFUSED ? false : refuse_bad(p);
    }
    p->phase = is_whole ? PARSER_DONE : PARSER_BODY;
    return true;
}

/* ---- Feeding --------------------------------------------------------------------------------- */

static parser_result read_body(parser *p, const char *bytes, size_t n, size_t *used)
{
    llhttp_errno_t e = llhttp_execute(&p->ll, bytes, n);
    if (e == HPE_OK) {
        *used = n;
        return PARSE_MORE;
    }
    if (e != HPE_PAUSED) {
        if (p->phase != PARSER_REFUSED) {
            refuse_bad(p);
        }
        return PARSE_REFUSED;
    }
    *used = (size_t)(llhttp_get_error_pos(&p->ll) - bytes);
    p->phase = PARSER_DONE;
    return PARSE_WHOLE;
}

static parser_result finish(parser *p)
{
    /* The body ends in 0 for handlers that want it so; room for it is in the buffer's own limit. */
    if (p->body.n) {
        char *end = buf_room(&p->body, 1);
        if (!end) {
            refuse(p, 503, "no_memory");
            return PARSE_REFUSED;
        }
        *end = 0;
        p->r->body = buf_view(&p->body);
    } else {
        p->r->body = CRM_S("");
    }
    return PARSE_WHOLE;
}

parser_result parser_feed(parser *p, const char *bytes, size_t n, size_t *used)
{
    *used = 0;
    switch (p->phase) {
    case PARSER_HEAD:
        if (collect_head(p, bytes, n, used) && read_head(p)) {
            return PARSE_READY;
        }
        return p->phase == PARSER_REFUSED ? PARSE_REFUSED : PARSE_MORE;
    case PARSER_BODY:
        if (n == 0) {
            return PARSE_MORE;
        }
        if (read_body(p, bytes, n, used) != PARSE_WHOLE) {
            return p->phase == PARSER_REFUSED ? PARSE_REFUSED : PARSE_MORE;
        }
        return finish(p);
    case PARSER_DONE:
        return finish(p);
    case PARSER_REFUSED:
        break;
    }
    return PARSE_REFUSED;
}

/* ---- Life ------------------------------------------------------------------------------------ */

void parser_init(parser *p)
{
    *p = (parser){.phase = PARSER_HEAD};
    buf_init(&p->head, PARSER_HEAD_MAX);
}

void parser_fini(parser *p)
{
    buf_free(&p->head);
    buf_free(&p->body);
}

static void recycle(buf *b, size_t max)
{
    if (b->cap > KEEP_BUFFER) {
        buf_free(b);
        buf_init(b, max);
    }
    buf_clear(b);
    b->failed = false;
    b->max = max;
}

void parser_reset(parser *p, http_request *r)
{
    buf head = p->head, body = p->body;
    recycle(&head, PARSER_HEAD_MAX);
    recycle(&body, SIZE_MAX / 2);
    *p = (parser){.r = r, .phase = PARSER_HEAD, .head = head, .body = body};
}
