import { openSqliteFile } from '../../../src/store/sqlite/file.ts';

/* Holds the write lock for a while, and reports when it has it. Leaves a row in `meta`: FILE MILLISECONDS */
const [file = '', milliseconds = ''] = process.argv.slice(2);
const database = openSqliteFile(file);
database.exec("begin immediate; insert into meta (key, value) values ('other process', 'wrote')");
process.stdout.write('held\n');
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(milliseconds));
database.exec('commit');
database.close();
