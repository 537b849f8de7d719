#!/usr/bin/env node
// Written for any Node, so that an old one can say what it lacks. The program itself lies in dist/.
'use strict';

var needed = 24;

// By itself, Node would open its debugger to everybody on this machine.
if (process.platform !== 'win32') process.on('SIGUSR1', () => {});

// Debug output of libraries shows requests with their tokens. It is not for the environment to switch on.
var debugVariables = /^(?:DEBUG(?:_.*)?|NODE_DEBUG(?:_NATIVE)?)$/i;
var nodeDebugs = Object.keys(process.env).some((name) => /^NODE_DEBUG/i.test(name) && process.env[name]);

/** Carries those variables from this Node to the one that it starts. */
var carrier = 'WEBEX_TOKEN_CALLER_DEBUG';

// The program that `exec` runs gets them anyway: it is not part of this one, and neither are its requests.
var callerEnvironment = Object.assign({}, process.env, takeFromFirstStart());
Object.keys(process.env).forEach((name) => {
  if (debugVariables.test(name)) delete process.env[name];
});
// Node would let FORCE_COLOR win, and say so with every command.
if (process.env.NO_COLOR) delete process.env.FORCE_COLOR;

if (parseInt(process.versions.node, 10) < needed) startWithBundledNode();
else if (nodeDebugs) startAgain();
else start();

function start() {
  // Whatever this program writes is for its owner alone. A program that a person runs by it gets what they had.
  var caller = { umask: process.umask(0o077), environment: callerEnvironment };
  if (process.argv[2] === 'get' && require('../dist/get.cjs').fastGet(process.argv.slice(3))) return;
  void import('../dist/main.js').then((program) => program.main(process.argv, caller));
}

/** In a clone, `npm ci` brought a Node that is new enough. */
function startWithBundledNode() {
  // On Windows, "node" is there too, and empty.
  var name = process.platform === 'win32' ? 'node.exe' : 'node';
  var bundled = require('path').join(__dirname, '../node_modules/node/bin', name);
  if (!require('fs').existsSync(bundled)) {
    process.stderr.write(
      `webex-token needs Node.js ${needed} or newer; this is ${process.versions.node}. Get one from https://nodejs.org\n`,
    );
    process.exit(1);
  }
  startWith(bundled, process.argv.slice(1));
}

/** Node reads its own debug variables before this file runs: only a new start is without them. */
function startAgain() {
  var args = process.execArgv.concat(process.argv.slice(1));
  if (!process.execve || process.platform === 'win32') {
    startWith(process.execPath, args);
    return;
  }
  // It is experimental, and says so.
  process.removeAllListeners('warning');
  process.execve(process.execPath, [process.execPath].concat(args), environmentForNextStart());
}

/** The variables that were dropped go along to the Node that is started next, as JSON. */
function environmentForNextStart() {
  var dropped = {};
  Object.keys(callerEnvironment).forEach((name) => {
    if (!(name in process.env)) dropped[name] = callerEnvironment[name];
  });
  var next = {};
  next[carrier] = JSON.stringify(dropped);
  return Object.assign({}, process.env, next);
}

function takeFromFirstStart() {
  var text = process.env[carrier];
  delete process.env[carrier];
  try {
    return JSON.parse(text || '{}');
  } catch {
    return {};
  }
}

function startWith(node, args) {
  var options = { stdio: 'inherit', env: environmentForNextStart() };
  var child = require('child_process').spawn(node, args, options);
  child.on('error', (error) => {
    process.stderr.write(
      `webex-token: ${node} could not be started (${error.code}). "npm ci" installs it again.\n`,
    );
    process.exit(1);
  });
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
