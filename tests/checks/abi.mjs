// What modules are compiled against, as lists that can be compared: a later header may add at the end and nothing else.

const stripped = (text) => text.replace(/\/\*[^]*?\*\//g, ' ').replace(/\\\n/g, ' ');
const flat = (text) => text.replace(/\s+/g, ' ').replace(/ ?([()*,;{}]) ?/g, '$1').trim();

/** A declaration of several names is one of each: "const char *a, *b" gives two. */
function members(body) {
  return body.split(';').map(flat).filter(Boolean).flatMap((one) => {
    if (one.includes('(')) return [one];
    const [first, ...more] = one.split(',');
    const type = first.match(/^(.*?)[*]*\w+(\[\w+\])?$/)[1].trim();
    return [first, ...more.map((name) => `${type}${name.startsWith('*') ? '' : ' '}${name}`)];
  });
}

/** The name that a member declares. */
export const nameOf = (member) => (member.match(/\(\*(\w+)\)/) ?? member.match(/CRM_TABLE_OF\(\w+\)(\w+)$/) ?? member.match(/(\w+)(?:\[\w+\])?$/))[1];

/** {structs: {name: [member …]}, macros, functions, statuses} of the headers' text. */
export function readHeaders(texts) {
  const text = stripped(texts.join('\n'));
  const structs = {}, macros = {}, functions = {}, statuses = {};
  for (const [, name, body] of text.matchAll(/struct (\w+) \{([^{}]*)\}/g)) structs[name] = members(body);
  for (const [, name, value] of text.matchAll(/^#define (CRM_\w+) +(\S+) *$/gm)) macros[name] = value;
  for (const [, head] of text.matchAll(/static inline ([^{;]*?\))\s*\{/g)) functions[head.match(/(\w+) ?\(/)[1]] = flat(head.replace('CRM_MUST_CHECK', ''));
  for (const [, name, rest] of text.matchAll(/X\((\w+), ([^()]*?)\)/g)) statuses[name] = flat(rest);
  for (const [, head, name, args] of text.matchAll(/typedef (\w+) \(\*(\w+)\)\(([^;]*)\);/g)) functions[name] = flat(`${head} ${args}`);
  return { structs, macros, functions, statuses };
}

const GROWS = new Set(['CRM_ABI_LEVEL_LATEST', 'CRM_API_LEVEL']);

/** What a module that was built with `old` finds otherwise in `now`: names, "crm_host.rec_find". */
export function breaks(old, now) {
  const found = [];
  for (const [name, list] of Object.entries(old.structs))
    list.forEach((member, i) => {
      if (now.structs[name]?.[i] !== member) found.push(`${name}.${nameOf(member)}`);
    });
  for (const kind of ['macros', 'functions', 'statuses'])
    for (const [name, text] of Object.entries(old[kind]))
      if (now[kind][name] !== text && !GROWS.has(name)) found.push(name);
  return found;
}

/** The names that ACCEPTED.md excuses. */
export const accepted = (text) => [...text.matchAll(/^- `([\w.]+)`:/gm)].map((line) => line[1]);
