/** Repeats what was written `distance` bytes ago; source and target may overlap. Returns the new end. */
export function copyMatch(output: Buffer, written: number, distance: number, length: number): number {
  const end = written + length;
  if (distance >= length) {
    output.copyWithin(written, written - distance, written - distance + length);
  } else if (distance === 1) {
    output.fill(output[written - 1] ?? 0, written, end);
  } else {
    for (let to = written, from = written - distance; to < end; to++, from++) output[to] = output[from] ?? 0;
  }
  return end;
}
