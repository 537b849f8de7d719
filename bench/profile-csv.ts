import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dayMs } from '../src/domain/lifetimes.ts';

/**
 * Writes a file for `profile import` and returns its path. The tokens expire over the next year, and every fiftieth expires within
 * the 60 days in which reminders are sent.
 */
export function writeProfileCsv(folder: string, prefix: string, rows: number): string {
  const file = join(folder, `${prefix}.csv`);
  const lines = Array.from({ length: rows }, (_, at) => {
    const expiresAt = new Date(
      Date.now() + (at % 50 === 0 ? 5 + (at % 50_000) / 1000 : 65 + (at % 300)) * dayMs,
    );
    const capturedAt = new Date(expiresAt.getTime() - 365 * dayMs);
    const profile = `${prefix}-${String(at).padStart(6, '0')}`;
    return `${profile},fake-token-${profile},${capturedAt.toISOString()},${expiresAt.toISOString()}`;
  });
  writeFileSync(file, `profile,access_token,captured_at,expires_at\n${lines.join('\n')}\n`, { mode: 0o600 });
  return file;
}
