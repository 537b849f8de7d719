/** The part of postject that single-file.ts uses. The package has no types. */
declare module 'postject' {
  export function inject(
    executable: string,
    resource: string,
    content: Buffer,
    options: { sentinelFuse: string; machoSegmentName?: string },
  ): Promise<void>;
}
