'use strict';

const { dirname } = require('node:path');
const { Script } = require('node:vm');

const parameters = 'exports, require, module, __filename, __dirname';

/**
 * Runs the bundled program, with the code that V8 compiled earlier if this Node accepts it. The program imports modules only
 * through `requireModule`, which must not load files, because other users may put files next to the executable.
 */
function runMain(source, cachedData, requireModule) {
  const script = new Script(`(function (${parameters}) {${source}\n})`, {
    filename: 'webex-token',
    cachedData,
  });
  const module = { exports: {} };
  const file = process.execPath;
  script.runInThisContext()(module.exports, requireModule, module, file, dirname(file));
  return { exports: module.exports, script };
}

module.exports = { runMain };
