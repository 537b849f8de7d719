import { isIP } from 'node:net';
import { connect } from 'node:tls';

/** Whether a server responds to a TLS handshake within `timeoutMs`. Nothing else is sent. */
export async function speaksTls(host: string, port: number, timeoutMs: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({
      host,
      port,
      ...(isIP(host) === 0 && { servername: host }),
      // The certificate does not matter, only whether the server uses TLS.
      rejectUnauthorized: false,
    });
    const end = (speaks: boolean) => {
      resolve(speaks);
      socket.destroy();
    };
    socket.setTimeout(timeoutMs, () => end(false));
    socket.once('secureConnect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
  });
}
