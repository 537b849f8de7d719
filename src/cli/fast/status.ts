import { command } from '../commands/status.ts';
import { fastReader } from './read.ts';

export const fastRead = fastReader(command);
