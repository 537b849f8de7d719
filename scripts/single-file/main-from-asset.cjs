'use strict';

// Part of the launcher of the single file: runs the program from the assets of the executable.
const { getAsset, getRawAsset } = require('node:sea');
const { runMain } = require('./run-main.cjs');

// In a single executable application, this `require` knows only the modules of Node.
const requireModule = (name) => require(name);
const compiled = Buffer.from(getRawAsset('main.cache'));
module.exports = runMain(getAsset('main.cjs', 'utf8'), compiled, requireModule).exports;
