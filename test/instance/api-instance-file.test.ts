import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findRunningApis, writeApiInstanceFile } from '../../src/instance/api-instance-file.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const api = { pid: process.pid, address: 'http://127.0.0.1:8080', tls: null };

describe('the file of a running API', () => {
  it('is found until the API stops', () => {
    const home = temporaryFolder();
    const leave = writeApiInstanceFile(home, api);
    expect(findRunningApis(home)).toEqual([api]);
    leave();
    expect(findRunningApis(home)).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('is ignored if another process has the ID of its process', () => {
    const home = temporaryFolder();
    writeApiInstanceFile(home, api);
    const file = join(home, readdirSync(home)[0] ?? '');
    const written = JSON.parse(readFileSync(file, 'utf8')) as { started: string };
    expect(Number(written.started)).toBeGreaterThan(0);
    writeFileSync(file, JSON.stringify({ ...written, started: String(Number(written.started) - 1) }));
    expect(findRunningApis(home)).toEqual([]);
  });
});
