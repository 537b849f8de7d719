import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';

/** A self-signed certificate and its key, both in PEM. Node can read certificates, but not create them. */
export function selfSigned(
  name = 'fake-webex-token-test',
  until = '21240101000000Z',
): { certificate: string; privateKey: string } {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { certificate: certificateOf(name, until, publicKey, privateKey), privateKey: pkcs8(privateKey) };
}

function certificateOf(
  commonName: string,
  until: string,
  publicKey: KeyObject,
  privateKey: KeyObject,
): string {
  const name = der(0x30, der(0x31, der(0x30, oid(2, 5, 4, 3), der(0x0c, Buffer.from(commonName)))));
  const algorithm = der(0x30, oid(1, 2, 840, 113549, 1, 1, 11), der(0x05));
  const validity = der(0x30, time('20240101000000Z'), time(until));
  const key = publicKey.export({ type: 'spki', format: 'der' });
  const version = der(0xa0, der(0x02, Buffer.from([2])));
  const body = der(0x30, version, der(0x02, Buffer.from([1])), algorithm, name, validity, name, key);
  const signature = createSign('sha256').update(body).sign(privateKey);
  return pem('CERTIFICATE', der(0x30, body, algorithm, der(0x03, Buffer.from([0]), signature)));
}

function pkcs8(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function oid(first: number, second: number, ...others: number[]): Buffer {
  const base128 = (value: number): number[] => {
    const digits = [value & 0x7f];
    for (let rest = value >> 7; rest > 0; rest >>= 7) digits.unshift((rest & 0x7f) | 0x80);
    return digits;
  };
  return der(0x06, Buffer.from([first * 40 + second, ...others.flatMap(base128)]));
}

function time(text: string): Buffer {
  return der(0x18, Buffer.from(text));
}

function pem(label: string, content: Buffer): string {
  const lines = content.toString('base64').replace(/.{64}/g, '$&\n').trimEnd();
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}
