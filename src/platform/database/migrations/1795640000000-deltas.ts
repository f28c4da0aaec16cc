import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Deltas between revisions, and the icons that snaps bring along themselves. */
export class Deltas1795640000000 implements MigrationInterface {
  readonly name = 'Deltas1795640000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
            ALTER TABLE "snap_store"."snap_revision" ADD "icon" jsonb
        `);
    await queryRunner.query(`
            CREATE TABLE "snap_store"."snap_delta" (
                "snap_id" character(32) NOT NULL,
                "source_revision" integer NOT NULL,
                "target_revision" integer NOT NULL,
                "state" text NOT NULL,
                "sha3_384" character(96),
                "size_bytes" bigint,
                "reason" text,
                "is_by_hand" boolean NOT NULL DEFAULT false,
                "decided_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
                CONSTRAINT "snap_delta_pk" PRIMARY KEY ("snap_id", "source_revision", "target_revision")
            )
        `);
    await queryRunner.query(`
            CREATE INDEX "snap_delta_blob" ON "snap_store"."snap_delta" ("sha3_384")
        `);
    await queryRunner.query(`
            ALTER TABLE "snap_store"."snap_delta"
            ADD CONSTRAINT "snap_delta_source" FOREIGN KEY ("snap_id", "source_revision") REFERENCES "snap_store"."snap_revision"("snap_id", "revision") ON DELETE CASCADE ON UPDATE NO ACTION
        `);
    await queryRunner.query(`
            ALTER TABLE "snap_store"."snap_delta"
            ADD CONSTRAINT "snap_delta_target" FOREIGN KEY ("snap_id", "target_revision") REFERENCES "snap_store"."snap_revision"("snap_id", "revision") ON DELETE CASCADE ON UPDATE NO ACTION
        `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
            DROP TABLE "snap_store"."snap_delta"
        `);
    await queryRunner.query(`
            ALTER TABLE "snap_store"."snap_revision" DROP COLUMN "icon"
        `);
  }
}
