/*
 * package.h - an installed version as its author signed it.
 *
 * `module.list` names every file of the folder with its SHA-256, as sha256sum(1) writes it; `module.sig`
 * is the ECDSA signature of that list over P-256 and SHA-256, in DER, as `openssl dgst -sha256 -sign`
 * writes it. Whoever's public key lies in the trust folder as <name>.pem may sign. Files that are not
 * listed, links and names that lead out of the folder are refused. `--dev` takes a list without a
 * signature or with anybody's, and loads a folder without a list.
 *
 * Blocking; start, workers and the installing process.
 */
#ifndef PLUG_PACKAGE_H
#define PLUG_PACKAGE_H

#include "plug/descriptor.h"
#include "plug/plug.h"

#define PACKAGE_LIST      "module.list"
#define PACKAGE_SIGNATURE "module.sig"

typedef struct package_file {
    crm_str path; /* "ui/ui.js" */
    uint8_t hash[SHA256_SIZE];
} package_file;
typedef struct package {
    crm_str dir;
    crm_str list, signature; /* the files' bytes; empty: made here, `--dev` */
    crm_str signer;          /* "acme" of acme.pem; empty: unsigned */
    crm_str hex;             /* PLUG_ID_HEX digits of the list's hash */
    package_file *files;
    uint32_t count;
} package;

/* Reads and checks all of it but what the files say. OK, INVALID with *why, NOMEM. */
CRM_MUST_CHECK crm_status package_open(arena *a, crm_str name, crm_str dir, package *out,
                                       refusal *why);
/* The same of the list and the signature alone, wherever they lie; empty: they are not there. */
CRM_MUST_CHECK crm_status package_open_list(arena *a, crm_str name, crm_str list, crm_str signature,
                                            package *out, refusal *why);
/* The listed file of that path; NULL: it is not listed. */
const package_file *package_find(const package *p, crm_str path);
/* The bytes of a file, which are those that were listed. */
CRM_MUST_CHECK crm_status package_read(arena *a, crm_str name, const package *p,
                                       const package_file *f, crm_str *bytes, refusal *why);
/* Whether the open file is the listed one of that path. */
bool package_is(const package *p, const char *path, int fd);

#endif
