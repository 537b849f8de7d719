import type { RequestHandler } from 'express';
import helmet from 'helmet';

const policy = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'"],
  connectSrc: ["'self'"],
  formAction: ["'self'"],
  baseUri: ["'none'"],
  frameAncestors: ["'none'"],
  requireTrustedTypesFor: ["'script'"],
  trustedTypes: ["'none'"],
};

/** What a page has to have otherwise than all the others. */
type PolicyChanges = Partial<Record<keyof typeof policy | 'frameSrc', string[]>>;

/** The policy of a page that needs a little more than the others. */
export function contentSecurityPolicy(changes: PolicyChanges): RequestHandler {
  return helmet.contentSecurityPolicy({ useDefaults: false, directives: { ...policy, ...changes } });
}

/**
 * The headers of every answer. No HSTS: it would break every other program on localhost.
 * The referrer policy is not `no-referrer`, for under that one browsers send forms with `Origin: null`; pages
 * whose address is a secret set the stricter one themselves: they have no form that leads to this origin. `form-action` needs no ID broker: no form leads there.
 */
export function securityHeaders(changes: PolicyChanges = {}): RequestHandler[] {
  return [
    helmet({
      contentSecurityPolicy: { useDefaults: false, directives: { ...policy, ...changes } },
      crossOriginOpenerPolicy: { policy: 'same-origin' },
      crossOriginResourcePolicy: { policy: 'same-origin' },
      referrerPolicy: { policy: 'same-origin' },
      strictTransportSecurity: false,
      xFrameOptions: { action: 'deny' },
    }),
    (_request, response, next) => {
      response.set({ 'Cache-Control': 'no-store', 'Permissions-Policy': permissions });
      next();
    },
  ];
}

const unused = [
  'accelerometer',
  'browsing-topics',
  'camera',
  'display-capture',
  'fullscreen',
  'geolocation',
  'gyroscope',
  'hid',
  'microphone',
  'midi',
  'payment',
  'publickey-credentials-get',
  'serial',
  'usb',
];

/** The copy buttons write to the clipboard; nothing else of the browser is needed. */
const permissions = [...unused.map((feature) => `${feature}=()`), 'clipboard-write=(self)'].join(', ');
