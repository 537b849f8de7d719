import { command } from '../commands/check.ts';
import { fastReader } from './read.ts';

export const fastRead = fastReader(command);
