import { openStore } from '../../../src/store/store.ts';

/* Opens a store at a given instant (epoch ms), as another process may at the same one: FILE INSTANT */
const [file = '', instant = ''] = process.argv.slice(2);
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(instant) - Date.now());
await (await openStore(file)).destroy();
