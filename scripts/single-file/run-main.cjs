'use strict';

const { createRequire } = require('node:module');
const { dirname } = require('node:path');
const { Script } = require('node:vm');

const parameters = 'exports, require, module, __filename, __dirname';

/** Runs the bundled program, from what V8 compiled earlier if it still fits this Node. */
function runMain(source, cachedData) {
  const script = new Script(`(function (${parameters}) {${source}\n})`, {
    filename: 'webex-token',
    cachedData,
  });
  const module = { exports: {} };
  const file = process.execPath;
  script.runInThisContext()(module.exports, createRequire(file), module, file, dirname(file));
  return { exports: module.exports, script };
}

module.exports = { runMain };
