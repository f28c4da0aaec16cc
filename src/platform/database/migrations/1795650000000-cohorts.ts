import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What an operator says of a snap beside what bundles bring: its default track, and which cohort keys still count. */
export class Cohorts1795650000000 implements MigrationInterface {
  readonly name = 'Cohorts1795650000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
            ALTER TABLE "snap_store"."snap"
            ADD "chosen_track" text,
            ADD "cohorts_since" TIMESTAMP WITH TIME ZONE
        `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
            ALTER TABLE "snap_store"."snap"
            DROP COLUMN "cohorts_since",
            DROP COLUMN "chosen_track"
        `);
  }
}
