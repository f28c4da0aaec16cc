import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Components of snaps, and the revisions of their snaps that they go with. */
export class Components1795500000000 implements MigrationInterface {
  readonly name = 'Components1795500000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
            ALTER TABLE "snap_store"."snap" ADD "has_components" boolean NOT NULL DEFAULT false
        `);
    await queryRunner.query(`
            CREATE TABLE "snap_store"."component_revision" (
                "snap_id" character(32) NOT NULL,
                "name" text NOT NULL,
                "revision" integer NOT NULL,
                "sha3_384" character(96) NOT NULL,
                "size_bytes" bigint NOT NULL,
                "type" text NOT NULL,
                "version" text,
                "description" text NOT NULL,
                "provenance" text NOT NULL,
                "developer_id" text NOT NULL,
                "created_at" TIMESTAMP WITH TIME ZONE NOT NULL,
                "added_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
                CONSTRAINT "component_revision_pk" PRIMARY KEY ("snap_id", "name", "revision")
            )
        `);
    await queryRunner.query(`
            CREATE INDEX "component_revision_blob" ON "snap_store"."component_revision" ("sha3_384")
        `);
    await queryRunner.query(`
            CREATE TABLE "snap_store"."component_pair" (
                "snap_id" character(32) NOT NULL,
                "snap_revision" integer NOT NULL,
                "name" text NOT NULL,
                "component_revision" integer NOT NULL,
                "added_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
                CONSTRAINT "component_pair_pk" PRIMARY KEY ("snap_id", "snap_revision", "name", "component_revision")
            )
        `);
    await queryRunner.query(`
            CREATE INDEX "component_pair_component" ON "snap_store"."component_pair" ("snap_id", "name", "component_revision")
        `);
    await queryRunner.query(`
            ALTER TABLE "snap_store"."component_revision"
            ADD CONSTRAINT "component_revision_snap" FOREIGN KEY ("snap_id") REFERENCES "snap_store"."snap"("snap_id") ON DELETE CASCADE ON UPDATE NO ACTION
        `);
    await queryRunner.query(`
            ALTER TABLE "snap_store"."component_pair"
            ADD CONSTRAINT "component_pair_snap_revision" FOREIGN KEY ("snap_id", "snap_revision") REFERENCES "snap_store"."snap_revision"("snap_id", "revision") ON DELETE CASCADE ON UPDATE NO ACTION
        `);
    await queryRunner.query(`
            ALTER TABLE "snap_store"."component_pair"
            ADD CONSTRAINT "component_pair_component_revision" FOREIGN KEY ("snap_id", "name", "component_revision") REFERENCES "snap_store"."component_revision"("snap_id", "name", "revision") ON DELETE CASCADE ON UPDATE NO ACTION
        `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
            DROP TABLE "snap_store"."component_pair"
        `);
    await queryRunner.query(`
            DROP TABLE "snap_store"."component_revision"
        `);
    await queryRunner.query(`
            ALTER TABLE "snap_store"."snap" DROP COLUMN "has_components"
        `);
  }
}
