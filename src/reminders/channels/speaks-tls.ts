import { isIP } from 'node:net';
import { connect } from 'node:tls';

/** Whether a server answers a TLS handshake. Nothing else is sent. False where it does not within `timeoutMs`. */
export async function speaksTls(host: string, port: number, timeoutMs: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({
      host,
      port,
      ...(isIP(host) === 0 && { servername: host }),
      // It is only asked whether there is TLS.
      rejectUnauthorized: false,
    });
    const end = (itDoes: boolean) => {
      resolve(itDoes);
      socket.destroy();
    };
    socket.setTimeout(timeoutMs, () => end(false));
    socket.once('secureConnect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
  });
}
