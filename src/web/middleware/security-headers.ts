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

/** Directives that replace those of the common policy. */
type PolicyChanges = Partial<Record<keyof typeof policy | 'frameSrc', string[]>>;

/** Sets the policy of a page that needs other sources than the common policy allows. */
export function contentSecurityPolicy(changes: PolicyChanges): RequestHandler {
  return helmet.contentSecurityPolicy({ useDefaults: false, directives: { ...policy, ...changes } });
}

/**
 * The security headers of every response. No HSTS, because it would break every other program on localhost. The referrer
 * policy is not `no-referrer`, because browsers then send forms with `Origin: null`. Pages with a secret in their URL set
 * `no-referrer` themselves: they have no form that posts to this origin.
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

/** The copy buttons need to write to the clipboard; the pages use no other browser feature. */
const permissions = [...unused.map((feature) => `${feature}=()`), 'clipboard-write=(self)'].join(', ');
