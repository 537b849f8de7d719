'use strict';

// compile.cjs MAIN CACHE: compiles the bundled program for single-file.ts.
const { readFileSync, writeFileSync } = require('node:fs');
const { runMain } = require('./run-main.cjs');

const [main, cache] = process.argv.slice(2);
const { script } = runMain(readFileSync(main, 'utf8'), undefined, require);
writeFileSync(cache, script.createCachedData());
