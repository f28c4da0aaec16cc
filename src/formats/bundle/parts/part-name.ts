/** More parts than this are no help to anybody who has to carry them. */
export const MAX_PARTS = 9999;

/** Which part of which bundle a file is, as its name says: `NAME.ID.partNUMBERofTOTAL`. */
export interface PartName {
  /** The name that the whole bundle would have. */
  readonly bundleName: string;
  /** The first eight hexadecimal digits of the bundle's id. */
  readonly idStart: string;
  /** From 1 to `total`. */
  readonly number: number;
  /** At least 2. */
  readonly total: number;
}

/** What the parts of one bundle have in common. */
export type PartSetName = Pick<PartName, 'bundleName' | 'idStart' | 'total'>;

const PART_NAME = /^(.+)\.([0-9a-f]{8})\.part([0-9]{1,4})of([0-9]{1,4})$/s;

/** Null for any other file. A number is read only as it is written: with as many digits as the total has. */
export function parsePartName(fileName: string): PartName | null {
  const [, bundleName = '', idStart = '', numberText = '', totalText = ''] = PART_NAME.exec(fileName) ?? [];
  const [number, total] = [Number(numberText), Number(totalText)];
  if (total < 2 || number < 1 || number > total) return null;
  const name = { bundleName, idStart, number, total };
  return formatPartName(name) === fileName ? name : null;
}

/** The numbers have the same length throughout, so that names in order are parts in order. */
export function formatPartName({ bundleName, idStart, number, total }: PartName): string {
  const totalText = String(total);
  return `${bundleName}.${idStart}.part${String(number).padStart(totalText.length, '0')}of${totalText}`;
}

/** All parts of a bundle in one word, as a shell would be asked for them. */
export function formatPartSetName({ bundleName, idStart, total }: PartSetName): string {
  return `${bundleName}.${idStart}.part*of${total}`;
}

/** @param bundleId a UUID in lower case */
export function idStartOf(bundleId: string): string {
  return bundleId.slice(0, 8);
}
