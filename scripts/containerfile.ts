/** The last stage of a Containerfile: what the image contains, and how it runs. */
export interface ImageStage {
  from: string;
  /** What is copied from the stage `from`. */
  copies: { from: string; source: string; target: string; owner: string; mode: string | null }[];
  environment: Record<string, string>;
  user: string;
  volumes: string[];
  healthCheck: string[];
  entrypoint: string[];
  command: string[];
}

/** Reads the last stage of a Containerfile. Throws on an unknown instruction, so that none is overlooked. */
export function readLastStage(text: string): ImageStage {
  const lines = text
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const start = lines.findLastIndex((line) => line.startsWith('FROM '));
  const stage: ImageStage = {
    from: lines[start]?.slice('FROM '.length) ?? '',
    copies: [],
    environment: {},
    user: '',
    volumes: [],
    healthCheck: [],
    entrypoint: [],
    command: [],
  };
  for (const line of lines.slice(start + 1)) {
    const [, instruction = '', rest = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
    switch (instruction) {
      case 'COPY':
        stage.copies.push(copyOf(rest));
        break;
      case 'ENV':
        Object.assign(
          stage.environment,
          Object.fromEntries(rest.split(/\s+/).map((pair) => pair.split('='))),
        );
        break;
      case 'USER':
        stage.user = rest;
        break;
      case 'VOLUME':
        stage.volumes.push(...rest.split(/\s+/));
        break;
      case 'HEALTHCHECK':
        stage.healthCheck = wordsOf(rest.slice(rest.indexOf('CMD ') + 4));
        break;
      case 'ENTRYPOINT':
        stage.entrypoint = wordsOf(rest);
        break;
      case 'CMD':
        stage.command = wordsOf(rest);
        break;
      case 'EXPOSE':
        break;
      default:
        throw new Error(`The Containerfile has an instruction that is not known here: ${line}`);
    }
  }
  return stage;
}

function copyOf(text: string): ImageStage['copies'][number] {
  const words = text.split(/\s+/);
  const option = (name: string) =>
    words.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3) ?? null;
  const [source = '', target = ''] = words.filter((word) => !word.startsWith('--'));
  return {
    from: option('from') ?? '',
    source,
    target,
    owner: option('chown') ?? '0:0',
    mode: option('chmod'),
  };
}

function wordsOf(json: string): string[] {
  return JSON.parse(json) as string[];
}
