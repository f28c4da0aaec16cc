import type { ChannelMove } from '../modules/catalog/index.js';

/** `latest/stable amd64: 5 -> 6`. */
export function renderMove({ channel, architecture, from, to, outcome }: ChannelMove): string {
  const where = `${channel} ${architecture}`;
  switch (outcome) {
    case 'unchanged':
      return `${where} is ${show(to)} already`;
    case 'kept':
      return `${where} stays ${show(from)}, which was released here by hand`;
    case 'moved':
      return `${where}: ${from ?? 'none'} -> ${show(to)}`;
  }
}

function show(revision: number | null): string {
  return revision === null ? 'closed' : String(revision);
}
