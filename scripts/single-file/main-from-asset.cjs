'use strict';

// Part of the launcher of the single file: runs the program from the assets of the executable.
const { getAsset, getRawAsset } = require('node:sea');
const { runMain } = require('./run-main.cjs');

module.exports = runMain(getAsset('main.cjs', 'utf8'), Buffer.from(getRawAsset('main.cache'))).exports;
