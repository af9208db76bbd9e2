/** The second design: the map in an SQLite file that is kept, and verified against the database at every start. */
import sqlite from 'node-sqlite3-wasm';
import { knownIds } from './known-ids.mjs';

const [, , url, file] = process.argv;
const db = new sqlite.Database(file);
db.run('CREATE TABLE IF NOT EXISTS known (id TEXT PRIMARY KEY, hash TEXT NOT NULL) WITHOUT ROWID');
const find = db.prepare('SELECT hash FROM known WHERE id = ?');
const keep = db.prepare('INSERT OR REPLACE INTO known (id, hash) VALUES (?, ?)');
let known = 0;
for await (const rows of knownIds(url)) {
  db.run('BEGIN');
  for (const row of rows) {
    if (find.get([row.messageId])?.hash !== row.hash) keep.run([row.messageId, row.hash]);
    known += 1;
  }
  db.run('COMMIT');
}
find.finalize();
keep.finalize();
db.close();
process.send({ known });
process.on('message', () => {}); // stays, with all that it holds, until it has been measured
