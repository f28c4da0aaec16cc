import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Devices that have proved who they are, nonces that they have used, and snaps that are not for all of them. */
export class Devices1795620000000 implements MigrationInterface {
  readonly name = 'Devices1795620000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
            CREATE TABLE "snap_store"."device" (
                "brand_id" text NOT NULL,
                "model" text NOT NULL,
                "serial" text NOT NULL,
                "key_id" character(64) NOT NULL,
                "authority_id" text NOT NULL,
                "user_agent" text,
                "first_seen" TIMESTAMP WITH TIME ZONE NOT NULL,
                "last_seen" TIMESTAMP WITH TIME ZONE NOT NULL,
                "session_at" TIMESTAMP WITH TIME ZONE NOT NULL,
                "sessions" integer NOT NULL,
                "revoked_at" TIMESTAMP WITH TIME ZONE,
                CONSTRAINT "device_pk" PRIMARY KEY ("brand_id", "model", "serial")
            )
        `);
    await queryRunner.query(`
            CREATE INDEX "device_key" ON "snap_store"."device" ("key_id")
        `);
    await queryRunner.query(`
            CREATE INDEX "device_last_seen" ON "snap_store"."device" ("last_seen")
        `);
    await queryRunner.query(`
            CREATE TABLE "snap_store"."device_spent_nonce" (
                "id" character(32) NOT NULL,
                "expires_at" TIMESTAMP WITH TIME ZONE NOT NULL,
                CONSTRAINT "device_spent_nonce_pk" PRIMARY KEY ("id")
            )
        `);
    await queryRunner.query(`
            CREATE INDEX "device_spent_nonce_expires" ON "snap_store"."device_spent_nonce" ("expires_at")
        `);
    await queryRunner.query(`
            CREATE TABLE "snap_store"."snap_restriction" (
                "snap_id" character(32) NOT NULL,
                "brand_id" text NOT NULL,
                "model" text NOT NULL,
                "name" text NOT NULL,
                "added_at" TIMESTAMP WITH TIME ZONE NOT NULL,
                CONSTRAINT "snap_restriction_pk" PRIMARY KEY ("snap_id", "brand_id", "model")
            )
        `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
            DROP TABLE "snap_store"."snap_restriction"
        `);
    await queryRunner.query(`
            DROP INDEX "snap_store"."device_spent_nonce_expires"
        `);
    await queryRunner.query(`
            DROP TABLE "snap_store"."device_spent_nonce"
        `);
    await queryRunner.query(`
            DROP INDEX "snap_store"."device_last_seen"
        `);
    await queryRunner.query(`
            DROP INDEX "snap_store"."device_key"
        `);
    await queryRunner.query(`
            DROP TABLE "snap_store"."device"
        `);
  }
}
