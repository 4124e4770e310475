// Prints what the build weighs beside its limits and ends it when one is exceeded. Sizes are brotli, fonts as they are.
const KB = 1024;
const LANGUAGE = /^ui\/(ru|en)-\w+\.js$/;
const BUDGETS = [
  { name: 'initial JS', match: /^ui\/main-.*\.js$/, limit: 70 * KB, weigh: withLanguage },
  { name: 'CSS', match: /\.css$/, limit: 12 * KB },
  { name: 'font', match: /\.woff2$/, limit: 55 * KB, most: 1 },
  { name: 'later JS', match: /^ui\/(?!main-|sdk\/).*\.js$/, limit: 40 * KB },
  { name: 'page', match: /^index\.html$/, limit: 2 * KB },
];

const sizeOf = (file) => file.br ?? file.size;

/** A user loads the script and one language. */
function withLanguage(file, files) {
  const languages = files.filter((f) => LANGUAGE.test(f.path)).map(sizeOf);
  return sizeOf(file) + (languages.length ? Math.max(...languages) : Infinity);
}

/** `files`: path, size and br of each file of dist/. Returns the lines that are printed and whether all limits hold. */
export function weigh(files) {
  const lines = [];
  let holds = true;
  for (const { name, match, limit, most = Infinity, weigh: own = sizeOf } of BUDGETS) {
    const found = files.filter((f) => match.test(f.path));
    const isRight = found.length > 0 && found.length <= most;
    if (!isRight) lines.push(`${name.padEnd(10)} ${found.length} files OVER BUDGET`);
    holds &&= isRight;
    for (const file of found) {
      const size = own(file, files);
      holds &&= size <= limit;
      const mark = size > limit ? 'OVER BUDGET' : own === withLanguage ? 'and the larger language' : '';
      lines.push(`${name.padEnd(10)} ${(size / KB).toFixed(1).padStart(6)} of ${limit / KB} KB  ${file.path} ${mark}`);
    }
  }
  return { lines: lines.map((line) => line.trimEnd()), holds };
}

export function enforce(files) {
  const { lines, holds } = weigh(files);
  console.log(lines.join('\n'));
  if (!holds) {
    console.error('The build is over its budget.');
    process.exit(1);
  }
}
