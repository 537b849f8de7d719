#!/usr/bin/env node
// Written for any Node, so that an old one can say what it lacks. The program itself lies in dist/.
'use strict';

var needed = 24;

// By itself, Node would open its debugger to everybody on this machine.
if (process.platform !== 'win32') process.on('SIGUSR1', () => {});

if (parseInt(process.versions.node, 10) >= needed) start();
else startWithBundledNode();

function start() {
  // Whatever this program writes is for its owner alone.
  process.umask(0o077);
  if (process.argv[2] === 'get' && require('../dist/get.cjs').shortGet(process.argv.slice(3))) return;
  void import('../dist/main.js').then((program) => program.main(process.argv));
}

/** In a clone, `npm ci` brought a Node that is new enough. */
function startWithBundledNode() {
  var bundled = require('path').join(__dirname, '../node_modules/node/bin/node');
  if (!require('fs').existsSync(bundled)) {
    process.stderr.write(
      `webex-token needs Node.js ${needed} or newer; this is ${process.versions.node}. Get one from https://nodejs.org\n`,
    );
    process.exit(1);
  }
  var child = require('child_process').spawn(bundled, process.argv.slice(1), { stdio: 'inherit' });
  ['SIGINT', 'SIGTERM', 'SIGHUP'].forEach((signal) => {
    process.on(signal, () => {
      child.kill(signal);
    });
  });
  child.on('exit', (code, signal) => {
    if (signal) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    } else process.exit(code);
  });
}
