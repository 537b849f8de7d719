#!/usr/bin/env node
// This file runs on any Node, so that an old one can report that it is too old. The program itself is in dist/.
'use strict';

var needed = 24;

// By default, this signal makes Node open its debugger to every user of this computer.
if (process.platform !== 'win32') process.on('SIGUSR1', () => {});

// Debug output of libraries shows requests with their tokens, so the environment must not enable it.
var debugVariables = /^(?:DEBUG(?:_.*)?|NODE_DEBUG(?:_NATIVE)?)$/i;
var nodeDebugs = Object.keys(process.env).some((name) => /^NODE_DEBUG/i.test(name) && process.env[name]);

/** Passes those variables from this Node to the one that it starts. */
var carrier = 'WEBEX_TOKEN_CALLER_DEBUG';

// The program that `exec` runs gets them anyway: it is not part of this one, and neither are its requests.
var callerEnvironment = Object.assign({}, process.env, takeFromFirstStart());
Object.keys(process.env).forEach((name) => {
  if (debugVariables.test(name)) delete process.env[name];
});
// Node would prefer FORCE_COLOR, and warn about it in every command.
if (process.env.NO_COLOR) delete process.env.FORCE_COLOR;

if (parseInt(process.versions.node, 10) < needed) startWithBundledNode();
else if (nodeDebugs) startAgain();
else start();

function start() {
  // Files of this program are for their owner only. A program that `exec` runs gets the caller's umask.
  var caller = { umask: process.umask(0o077), environment: callerEnvironment };
  useCompileCache();
  var args = process.argv.slice(2);
  var runAll = () => import('../dist/main.js').then((program) => program.main(process.argv, caller));
  var runOthers = () => runOther(args, caller, runAll);
  if (args[0] === 'get') orElse(require('../dist/get.cjs').fastGet(args.slice(1)), runOthers);
  else if (args[0] === 'exec') orElse(require('../dist/exec.cjs').fastExec(args.slice(1), caller), runOthers);
  else runOthers();
}

/** Runs the next function if a fast path did not do it. With a keychain, that is known later. */
function orElse(done, next) {
  if (done === false) next();
  else if (done !== true) void done.then((isDone) => isDone || next());
}

function runOther(args, caller, runAll) {
  if (mayAskForHelp(args) && require('../dist/help.cjs').fastHelp(process.argv)) return;
  if (onlyReads(args)) void require(`../dist/${args[0]}.cjs`).fastRead(process.argv, caller, runAll);
  else void runAll();
}

/**
 * Keeps compiled code in the folder of the program, where only a user can plant code who can replace the program itself: the
 * folder belongs to this user, and nobody else can write to it. Elsewhere, there is no cache.
 */
function useCompileCache() {
  if (process.platform === 'win32') return;
  var fs = require('fs');
  var dist = require('path').join(__dirname, '../dist');
  var cache = `${dist}/.compile-cache`;
  var isOwn = (path, others) => {
    var stats = fs.lstatSync(path);
    return stats.isDirectory() && stats.uid === process.geteuid() && (stats.mode & others) === 0;
  };
  try {
    if (!isOwn(dist, 0o022)) return;
    if (!fs.existsSync(cache)) fs.mkdirSync(cache, { mode: 0o700 });
    if (isOwn(cache, 0o077)) require('module').enableCompileCache(cache);
  } catch {
    // The program is on a file system that cannot be written to.
  }
}

/** With --live, `show` asks Entra ID. */
function onlyReads(args) {
  return ['check', 'list', 'show', 'status'].includes(args[0]) && !args.includes('--live');
}

function mayAskForHelp(args) {
  var options = ['-h', '--help', '-V', '--version'];
  return (
    !args[0] || args[0] === 'help' || args[0] === 'completion' || options.includes(args[args.length - 1])
  );
}

/** In a clone, `npm ci` has installed a Node that is new enough. */
function startWithBundledNode() {
  // On Windows, "node" exists too, but is empty.
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

/** Node reads its own debug variables before this file runs, so it has to be started again without them. */
function startAgain() {
  // The single file is the program itself, and takes no options of Node.
  var args = require('node:sea').isSea()
    ? process.argv.slice(2)
    : process.execArgv.concat(process.argv.slice(1));
  if (!process.execve || process.platform === 'win32') {
    startWith(process.execPath, args);
    return;
  }
  // execve is experimental and would print a warning.
  process.removeAllListeners('warning');
  process.execve(process.execPath, [process.execPath].concat(args), environmentForNextStart());
}

/** The environment of the next Node, with the removed variables as JSON. */
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
  // Before the other Node is started: a signal that ended this one alone would leave it behind. Listeners are
  // called only after this function has returned, when there is a child to pass the signal to.
  passSignals((signal) => child.kill(signal));
  var child = require('child_process').spawn(node, args, options);
  child.on('error', (error) => {
    process.stderr.write(
      `webex-token: ${node} could not be started (${error.code}). "npm ci" installs it again.\n`,
    );
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    } else process.exit(code);
  });
}

/**
 * Passes on all signals that the program handles. Ctrl-C and Ctrl-\ of a terminal reach the other Node by themselves, and a
 * second Ctrl-C would end it before it has cleaned up.
 */
function passSignals(pass) {
  var hasTerminal = [0, 1, 2].some((descriptor) => require('tty').isatty(descriptor));
  var signals = ['SIGTERM', 'SIGHUP', 'SIGINT'];
  if (process.platform !== 'win32') signals.push('SIGQUIT', 'SIGUSR1', 'SIGUSR2');
  signals.forEach((signal) => {
    var isFromTerminal = hasTerminal && (signal === 'SIGINT' || signal === 'SIGQUIT');
    process.on(signal, isFromTerminal ? () => {} : pass);
  });
}
