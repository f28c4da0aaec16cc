import { SquashfsUnsupportedError } from '../squashfs-error.js';
import { CorruptBlockError } from './decompressor.js';

/** Undoes one filter in place, as if `content` had been at address 0. */
type Undo = (content: Buffer) => void;

/**
 * xz's branch filters: before compression the targets of calls were made absolute, so that equal calls look equal. Squashfs blocks
 * each start at address 0.
 * @throws SquashfsUnsupportedError for a filter that this reader does not have
 */
export function undoBranchFilter(id: number, properties: Buffer, content: Buffer): void {
  const undo = FILTERS.get(id);
  if (undo === undefined) throw new SquashfsUnsupportedError(`the snap file uses xz filter ${id}`, { filter: id });
  if (properties.some((byte) => byte !== 0)) throw new CorruptBlockError('xz', 'a filter starts at another address');
  undo(content);
}

const FILTERS = new Map<number, Undo>([
  [0x04, undoX86],
  [0x05, undoPowerpc],
  [0x07, undoArm],
  [0x08, undoArmThumb],
  [0x09, undoSparc],
]);

function undoPowerpc(content: Buffer): void {
  for (let at = 0; at + 4 <= content.length; at += 4) {
    const instruction = content.readUInt32BE(at);
    if ((instruction & 0xfc00_0003) >>> 0 !== 0x4800_0001) continue;
    content.writeUInt32BE((0x4800_0001 | (((instruction & 0x03ff_fffc) - at) & 0x03ff_fffc)) >>> 0, at);
  }
}

function undoArm(content: Buffer): void {
  for (let at = 0; at + 4 <= content.length; at += 4) {
    if (content[at + 3] !== 0xeb) continue;
    content.writeUIntLE((((content.readUIntLE(at, 3) << 2) - (at + 8)) >>> 2) & 0xff_ffff, at, 3);
  }
}

function undoArmThumb(content: Buffer): void {
  for (let at = 0; at + 4 <= content.length; at += 2) {
    const first = content.readUInt16LE(at);
    const second = content.readUInt16LE(at + 2);
    if ((first & 0xf800) !== 0xf000 || (second & 0xf800) !== 0xf800) continue;
    const target = ((((first & 0x7ff) << 11) | (second & 0x7ff)) << 1) - (at + 4);
    content.writeUInt16LE(0xf000 | ((target >>> 12) & 0x7ff), at);
    content.writeUInt16LE(0xf800 | ((target >>> 1) & 0x7ff), at + 2);
    at += 2;
  }
}

function undoSparc(content: Buffer): void {
  for (let at = 0; at + 4 <= content.length; at += 4) {
    const instruction = content.readUInt32BE(at);
    const call = instruction >>> 22;
    if (call !== 0x100 && call !== 0x1ff) continue;
    const target = ((instruction << 2) - at) >>> 2;
    const sign = (target >>> 22) & 1;
    const high = ((0x4000_0000 - (sign << 22)) & 0x3fc0_0000) | 0x4000_0000;
    content.writeUInt32BE((high | (target & 0x3f_ffff)) >>> 0, at);
  }
}

/** How many of the last three bytes to look back at, by which of them looked like a call. */
const LOOK_BACK = [0, 1, 2, 2, 3, 3, 3, 3];
const MAY_FOLLOW = [true, true, true, false, true, false, false, false];

/** CALL and JMP with a 32-bit target; which of them were converted depends on calls among the four bytes before. */
function undoX86(content: Buffer): void {
  let lastAt = -1;
  let calls = 0;
  for (let at = 0; at < content.length - 4; at++) {
    if (((content[at] ?? 0) & 0xfe) !== 0xe8) continue;
    const step = at - lastAt;
    lastAt = at;
    calls = step > 3 ? 0 : (calls << (step - 1)) & 7;
    const lookBack = LOOK_BACK[calls] ?? 0;
    const blocked = calls !== 0 && (MAY_FOLLOW[calls] !== true || isSignByte(content[at + 4 - lookBack] ?? 0));
    if (blocked || !isSignByte(content[at + 4] ?? 0)) {
      calls = (calls << 1) | 1;
      continue;
    }
    let target = content.readUInt32LE(at + 1) - (at + 5);
    if (calls !== 0 && isSignByte((target >>> (24 - lookBack * 8)) & 0xff)) {
      target = (target ^ (2 ** (32 - lookBack * 8) - 1)) - (at + 5);
    }
    target &= 0x01ff_ffff;
    content.writeUInt32LE((target | -(target & 0x0100_0000)) >>> 0, at + 1);
    at += 4;
  }
}

function isSignByte(byte: number): boolean {
  return byte === 0x00 || byte === 0xff;
}
