import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who this store is. */
export class Registration1795430000000 implements MigrationInterface {
  readonly name = 'Registration1795430000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
            CREATE TABLE "snap_store"."store_identity" (
                "id" smallint NOT NULL,
                "store_id" text,
                "url" text NOT NULL,
                "origin" text NOT NULL,
                "key_id" text,
                "carried_sha256" text,
                "registered_at" TIMESTAMP WITH TIME ZONE NOT NULL,
                CONSTRAINT "store_identity_one_row" CHECK ("id" = 1),
                CONSTRAINT "store_identity_pk" PRIMARY KEY ("id")
            )
        `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
            DROP TABLE "snap_store"."store_identity"
        `);
  }
}
