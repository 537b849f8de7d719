import { command } from '../commands/list.ts';
import { fastReader } from './read.ts';

export const fastRead = fastReader(command);
