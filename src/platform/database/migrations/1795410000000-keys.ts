import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The store's own keys: public halves, and sealed private ones. */
export class Keys1795410000000 implements MigrationInterface {
  readonly name = 'Keys1795410000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
            CREATE TABLE "snap_store"."key" (
                "id" text NOT NULL,
                "role" text NOT NULL,
                "algorithm" text NOT NULL,
                "state" text NOT NULL,
                "public_pem" text NOT NULL,
                "sealed_private" text NOT NULL,
                "created_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
                "retired_at" TIMESTAMP WITH TIME ZONE,
                CONSTRAINT "key_pk" PRIMARY KEY ("id")
            )
        `);
    await queryRunner.query(`
            CREATE UNIQUE INDEX "key_active" ON "snap_store"."key" ("role")
            WHERE state = 'active' AND role <> 'other'
        `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
            DROP INDEX "snap_store"."key_active"
        `);
    await queryRunner.query(`
            DROP TABLE "snap_store"."key"
        `);
  }
}
