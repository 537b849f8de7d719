import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { readTls, type TlsFiles, tlsWarnings, watchTls } from '../../src/server/tls/tls-files.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { canMakeCertificates, makeCertificate } from '../support/certificates.ts';
import { forFile } from '../support/for-file.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
const day = 86_400_000;
const messages = (files: TlsFiles, now: number) => tlsWarnings(files, now).map(({ message }) => message);

interface Signed {
  authority: { certificate: string; key: string };
  certificate: string;
  key: string;
  request: string;
}

/** A certificate that another one signed, both in one folder. */
function signedIn(folder: string): Signed {
  return {
    authority: { certificate: join(folder, 'authority.crt'), key: join(folder, 'authority.key') },
    certificate: join(folder, 'server.crt'),
    key: join(folder, 'server.key'),
    request: join(folder, 'server.csr'),
  };
}

function makeSigned(folder: string): void {
  const { authority, certificate, key, request } = signedIn(folder);
  makeCertificate(folder, 'authority');
  const ofServer = ['-subj', '/CN=server', '-keyout', key, '-out', request];
  openssl('req', '-new', '-newkey', 'rsa:2048', '-nodes', ...ofServer);
  const by = ['-CA', authority.certificate, '-CAkey', authority.key];
  openssl('x509', '-req', '-in', request, ...by, '-days', '2', '-out', certificate);
}

/** Created once, because openssl takes longer than most of these tests. */
const made = forFile(async () => {
  const folder = temporaryFolder();
  if (!canMakeCertificates) return folder;
  makeSigned(folder);
  for (const name of ['used', 'next']) makeCertificate(folder, name);
  return folder;
});

/** Copies of the files in another folder. */
function signed(folder: string): Signed {
  cpSync(made(), folder, { recursive: true });
  return signedIn(folder);
}

/** The same of a certificate that signed itself. */
function copied(folder: string, name: string): { certificate: string; key: string } {
  cpSync(made(), folder, { recursive: true });
  return { certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
}

describe.skipIf(!canMakeCertificates)('files for TLS (needs openssl)', () => {
  const spoiled: Record<string, [message: RegExp, help: RegExp, make: (folder: string) => [string, string]]> =
    {
      'a certificate in DER form': [
        /server\.der is a certificate in DER form/,
        /openssl x509 -inform der -in '[^']+it'\\''s here\/server\.der' -out cert\.pem/,
        (folder) => {
          const { certificate, key } = signed(folder);
          openssl('x509', '-in', certificate, '-outform', 'der', '-out', join(folder, 'server.der'));
          return [join(folder, 'server.der'), key];
        },
      ],
      'a key in DER form': [
        /key\.der is a key in DER form/,
        /openssl pkey -inform der -in '[^']+it'\\''s here\/key\.der' -out key\.pem/,
        (folder) => {
          const { certificate, key } = signed(folder);
          openssl('pkey', '-in', key, '-outform', 'der', '-out', join(folder, 'key.der'));
          return [certificate, join(folder, 'key.der')];
        },
      ],
      'a PKCS #12 file': [
        /server\.pfx is a binary file/,
        /openssl pkcs12 -in '[^']+it'\\''s here\/server\.pfx' -nokeys/,
        (folder) => {
          const { certificate, key } = signed(folder);
          openssl(
            'pkcs12',
            '-export',
            '-in',
            certificate,
            '-inkey',
            key,
            '-passout',
            'pass:x',
            '-out',
            join(folder, 'server.pfx'),
          );
          return [join(folder, 'server.pfx'), key];
        },
      ],
      'a PKCS #7 file': [
        /PKCS #7/,
        /openssl pkcs7 -print_certs/,
        (folder) => {
          const { certificate, key } = signed(folder);
          openssl('crl2pkcs7', '-nocrl', '-certfile', certificate, '-out', join(folder, 'server.p7b'));
          return [join(folder, 'server.p7b'), key];
        },
      ],
      'a signing request': [
        /signing request/,
        /certificate authority/,
        (folder) => [signed(folder).request, signed(folder).key],
      ],
      'an encrypted key': [
        /key in \S[^']+it's here\/locked\.key is encrypted with a passphrase/,
        /openssl pkey -in '[^']+it'\\''s here\/locked\.key' -out key\.pem/,
        (folder) => {
          const { certificate, key } = signed(folder);
          openssl(
            'pkcs8',
            '-topk8',
            '-in',
            key,
            '-passout',
            'pass:some words',
            '-out',
            join(folder, 'locked.key'),
          );
          return [certificate, join(folder, 'locked.key')];
        },
      ],
      'an encrypted key in the old form': [
        /is encrypted with a passphrase/,
        /openssl pkey -in/,
        (folder) => {
          const { certificate, key } = signed(folder);
          openssl(
            'rsa',
            '-in',
            key,
            '-aes128',
            '-traditional',
            '-passout',
            'pass:some words',
            '-out',
            join(folder, 'locked.key'),
          );
          return [certificate, join(folder, 'locked.key')];
        },
      ],
      'the wrong order': [
        /the key matches certificate 2 in \S[^']+it's here\/chain\.crt, but the server's own certificate must come first/,
        /cat server\.pem intermediate\.pem > fullchain\.pem/,
        (folder) => {
          const { authority, certificate, key } = signed(folder);
          writeFileSync(
            join(folder, 'chain.crt'),
            readFileSync(authority.certificate, 'utf8') + readFileSync(certificate, 'utf8'),
          );
          return [join(folder, 'chain.crt'), key];
        },
      ],
      'the key of another certificate': [
        /the key does not match the certificate/,
        /openssl pkey -in KEY -pubout/,
        (folder) => [signed(folder).certificate, copied(folder, 'next').key],
      ],
      'the two files swapped': [
        /contains a private key, but no certificate/,
        /swapped/,
        (folder) => {
          const { certificate, key } = signed(folder);
          return [key, certificate];
        },
      ],
      'a certificate in place of the key': [
        /contains a certificate, but no private key/,
        /swapped/,
        (folder) => {
          const { certificate } = signed(folder);
          return [certificate, certificate];
        },
      ],
      'half a certificate': [
        /contains no PEM certificate|is damaged/,
        /PEM|Copy the file again/,
        (folder) => {
          const { certificate, key } = signed(folder);
          writeFileSync(certificate, readFileSync(certificate).subarray(0, 200));
          return [certificate, key];
        },
      ],
      'half a key': [
        /the key in \S[^']+it's here\/server\.key is damaged/,
        /openssl pkey/,
        (folder) => {
          const { certificate, key } = signed(folder);
          writeFileSync(key, readFileSync(key).subarray(0, 200));
          return [certificate, key];
        },
      ],
      'a damaged certificate': [
        /the certificate in \S[^']+it's here\/server\.crt is damaged/,
        /openssl x509/,
        (folder) => {
          const { certificate, key } = signed(folder);
          writeFileSync(
            certificate,
            readFileSync(certificate, 'utf8').replace(/\n[^-\n]{10}/, '\nAAAAAAAAAA'),
          );
          return [certificate, key];
        },
      ],
      'empty files': [
        /is empty/,
        /PEM/,
        (folder) => {
          writeFileSync(join(folder, 'empty'), '');
          return [join(folder, 'empty'), join(folder, 'empty')];
        },
      ],
      'no file': [/ENOENT/, /can read/, (folder) => [join(folder, 'none'), join(folder, 'none')]],
      'a folder': [/EISDIR/, /can read/, (folder) => [folder, folder]],
    };

  it.each(Object.entries(spoiled))(
    'are reported in one line with the fix: %s',
    async (_what, [message, help, make]) => {
      // A name that has to be quoted in a command.
      const folder = join(temporaryFolder(), "it's here");
      mkdirSync(folder);
      const [certificate, key] = make(folder);
      const error = await brokerErrorOf(async () => void readTls({ certificate, key }));
      expect(error.code).toBe('E_TLS');
      expect(error.message).toMatch(message);
      expect(error.message).not.toContain('\n');
      expect(error.help).toMatch(help);
    },
  );

  it('are reported if a certificate is expired, expires soon, is not valid yet, or is in the wrong order', () => {
    const folder = temporaryFolder();
    const { authority, certificate, key } = signed(folder);
    const files = { certificate, key };
    const now = Date.now();
    expect(messages(files, now)).toEqual([
      expect.stringMatching(/CN=server expires in (1 day|2 days), on \d{4}-\d\d-\d\d\. Renew it/),
    ]);
    expect(messages(files, now + 3 * day)).toEqual([
      expect.stringMatching(/CN=server expired on \d{4}-\d\d-\d\d, so clients reject/),
    ]);
    expect(messages(files, now - 40 * day)).toEqual([expect.stringMatching(/not valid before/)]);
    const chain = { certificate: join(folder, 'chain.crt'), key };
    const text = (file: string) => readFileSync(file, 'utf8');
    writeFileSync(chain.certificate, text(certificate) + text(authority.certificate));
    expect(messages(chain, now)).toHaveLength(1);
    writeFileSync(
      chain.certificate,
      text(certificate) + text(copied(join(folder, 'stranger'), 'next').certificate),
    );
    expect(messages(chain, now)).toContainEqual(
      expect.stringMatching(/Certificate 2 in the file did not sign certificate 1/),
    );
    openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-subj',
      '/CN=long',
      '-days',
      '90',
      '-keyout',
      key,
      '-out',
      certificate,
    );
    // A certificate is valid from the second in which it is made.
    expect(messages(files, Date.now())).toEqual([]);
  });

  describe('watched while they are served', () => {
    const broken: Record<string, (path: string) => void> = {
      'that leads in a circle': (path) => {
        unlinkSync(path);
        symlinkSync(path, path);
      },
      'that is gone': (path) => unlinkSync(path),
      'that is a folder': (path) => {
        unlinkSync(path);
        mkdirSync(path);
      },
      'that is half written': (path) => writeFileSync(path, readFileSync(path).subarray(0, 100)),
      'that is empty': (path) => writeFileSync(path, ''),
      'that is no PEM': (path) => writeFileSync(path, Buffer.from([0x30, 0x82, 0, 0])),
    };

    /** Watches the files, and records each report. They are checked every ten milliseconds. */
    function reportsOf(files: TlsFiles): string[] {
      const seen: string[] = [];
      const stop = watchTls(
        files,
        () => seen.push('changed'),
        () => seen.push('failed'),
        10,
      );
      onTestFinished(stop);
      return seen;
    }

    /** The same, with a check only when the test lets ten milliseconds pass. */
    function reportsInSteps(files: TlsFiles): string[] {
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
      onTestFinished(() => void vi.useRealTimers());
      return reportsOf(files);
    }

    it.each(Object.entries(broken))(
      'are reported once, and read again until they can be used: a file %s',
      async (_what, spoil) => {
        const folder = temporaryFolder();
        const files = copied(folder, 'used');
        const next = copied(folder, 'next');
        const seen = reportsOf(files);
        spoil(files.certificate);
        await expect.poll(() => seen).toEqual(['failed']);
        rmSync(files.certificate, { recursive: true, force: true });
        copyFileSync(next.key, files.key);
        copyFileSync(next.certificate, `${files.certificate}.new`);
        renameSync(`${files.certificate}.new`, files.certificate);
        await expect.poll(() => seen.at(-1)).toBe('changed');
        expect(seen.filter((each) => each === 'changed')).toHaveLength(1);
        expect(seen.length).toBeLessThanOrEqual(4);
      },
    );

    it('are used without a restart once both were replaced, and not after half a change', async () => {
      const folder = temporaryFolder();
      const files = copied(folder, 'used');
      const next = copied(folder, 'next');
      const seen = reportsOf(files);
      // At once: the watcher, on the same thread, never reads a file that is half written.
      copyFileSync(next.certificate, files.certificate);
      await expect.poll(() => seen).toEqual(['failed']);
      copyFileSync(next.key, files.key);
      await expect.poll(() => seen).toEqual(['failed', 'changed']);
    });

    it('are reported once for each change of their contents', () => {
      const folder = temporaryFolder();
      const files = copied(folder, 'used');
      const next = copied(folder, 'next');
      const seen = reportsInSteps(files);
      copyFileSync(next.key, files.key);
      copyFileSync(next.certificate, files.certificate);
      vi.advanceTimersByTime(10);
      expect(seen).toEqual(['changed']);
      // As if they had been written between the look at their state and reading them.
      for (const file of [files.certificate, files.key]) utimesSync(file, 1, 1);
      vi.advanceTimersByTime(10);
      expect(seen).toEqual(['changed']);
    });

    it('are reported when they can be used again, even with the contents that are in use', () => {
      const folder = temporaryFolder();
      const files = copied(folder, 'used');
      const seen = reportsInSteps(files);
      unlinkSync(files.certificate);
      vi.advanceTimersByTime(20);
      expect(seen).toEqual(['failed']);
      copied(folder, 'used');
      vi.advanceTimersByTime(20);
      expect(seen).toEqual(['failed', 'changed']);
    });

    it('keep being watched if a report fails or the server does not accept a change', async () => {
      const folder = temporaryFolder();
      const files = copied(folder, 'used');
      const next = copied(folder, 'next');
      let tries = 0;
      const stop = watchTls(
        files,
        () => {
          tries += 1;
          throw new Error('not taken');
        },
        () => {},
        10,
      );
      onTestFinished(stop);
      copyFileSync(next.key, files.key);
      copyFileSync(next.certificate, files.certificate);
      await expect.poll(() => tries).toBeGreaterThan(2);
    });
  });
});
