import type { Express } from 'express';

export interface AppRoute {
  /** As in Express, for example `/profiles/:name`. */
  path: string;
  /** The methods that it handles, in upper case. */
  methods: string[];
}

/** The part of the router of Express that is read here. */
interface Layer {
  route?: { path: unknown; methods: Record<string, boolean> };
}

/** All routes of an app, read from the app itself, so that no new route is missed. */
export function routesOf(app: Express): AppRoute[] {
  const routes = new Map<string, Set<string>>();
  for (const { route } of (app.router as unknown as { stack: Layer[] }).stack) {
    if (route === undefined) continue;
    if (typeof route.path !== 'string') throw new Error('a route that is no plain path');
    const methods = routes.get(route.path) ?? new Set<string>();
    routes.set(route.path, methods);
    const taken = Object.keys(route.methods).filter((method) => method !== '_all');
    // A handler for all methods responds with 405.
    if (taken.length < 10) for (const method of taken) methods.add(method.toUpperCase());
  }
  return [...routes].map(([path, methods]) => ({ path, methods: [...methods] }));
}

/** The path of a route with a value for each parameter. */
export function concrete(path: string, parameters: Record<string, string>): string {
  return path.replace(/:(\w+)/g, (_, name: string) => {
    const value = parameters[name];
    if (value === undefined) throw new Error(`the tests know no value for :${name} of ${path}`);
    return value;
  });
}
