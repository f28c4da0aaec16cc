/** Whoever can be asked in SQL: a manager of TypeORM's, or a database that was opened without it (PlainDatabase). */
export interface SqlReader {
  /** @returns the rows */
  query<T>(sql: string, parameters?: unknown[]): Promise<T>;
}
