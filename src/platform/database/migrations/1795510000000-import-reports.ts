import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Reports of imports as the bytes that their digests are of, each bound to the one before it. What has its report can not be
 * changed any more. Releases say which import decided them. Reports from before had no digest, and are dropped; that the import was is still there.
 */
export class ImportReports1795510000000 implements MigrationInterface {
  readonly name = 'ImportReports1795510000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
            ALTER TABLE "snap_store"."import" DROP COLUMN "report"
        `);
    await queryRunner.query(`
            ALTER TABLE "snap_store"."import"
            ADD "number" integer,
            ADD "release_rule" text,
            ADD "by_user" text,
            ADD "host" text,
            ADD "signer_name" text,
            ADD "document" text,
            ADD "sha3_384" character(96)
        `);
    await queryRunner.query(`
            CREATE UNIQUE INDEX "import_number" ON "snap_store"."import" ("number")
        `);
    await queryRunner.query(`
            CREATE TRIGGER "records_only" BEFORE UPDATE OR DELETE ON "snap_store"."import"
            FOR EACH ROW WHEN (OLD."document" IS NOT NULL) EXECUTE FUNCTION "snap_store"."refuse_change"()
        `);
    await queryRunner.query(`
            ALTER TABLE "snap_store"."release" ADD "import_id" uuid
        `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
            ALTER TABLE "snap_store"."release" DROP COLUMN "import_id"
        `);
    await queryRunner.query(`
            DROP TRIGGER "records_only" ON "snap_store"."import"
        `);
    await queryRunner.query(`
            DROP INDEX "snap_store"."import_number"
        `);
    await queryRunner.query(`
            ALTER TABLE "snap_store"."import"
            DROP COLUMN "number",
            DROP COLUMN "release_rule",
            DROP COLUMN "by_user",
            DROP COLUMN "host",
            DROP COLUMN "signer_name",
            DROP COLUMN "document",
            DROP COLUMN "sha3_384"
        `);
    await queryRunner.query(`
            ALTER TABLE "snap_store"."import" ADD "report" jsonb
        `);
  }
}
