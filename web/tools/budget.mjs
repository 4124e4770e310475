// Prints what the build weighs and ends it when a budget is exceeded. Sizes are brotli, fonts as they are.
const KB = 1024;
const BUDGETS = [
  { name: 'initial JS', match: /^ui\/main-.*\.js$/, want: 70 * KB, limit: 100 * KB },
  { name: 'CSS', match: /\.css$/, want: 12 * KB, limit: 12 * KB },
  { name: 'font', match: /\.woff2$/, want: 55 * KB, limit: 55 * KB },
  { name: 'lazy chunk', match: /^ui\/chunk-.*\.js$/, want: 40 * KB, limit: 40 * KB },
  { name: 'page', match: /^index\.html$/, want: 2 * KB, limit: 4 * KB },
];

export function enforce(files) {
  let failed = false;
  for (const { name, match, want, limit } of BUDGETS) {
    for (const file of files.filter((f) => match.test(f.path))) {
      const size = file.br ?? file.size;
      const mark = size > limit ? 'OVER BUDGET' : size > want ? 'above the aim' : '';
      failed ||= size > limit;
      console.log(
        `${name.padEnd(11)} ${(size / KB).toFixed(1).padStart(6)} of ${want / KB} KB  ${file.path} ${mark}`,
      );
    }
  }
  if (failed) {
    console.error('The build is over its budget.');
    process.exit(1);
  }
}
