import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Keys of brands, which may be in a token; models, how their serials are signed, and the serials that were given out. */
export class ModelService1795630000000 implements MigrationInterface {
  readonly name = 'ModelService1795630000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
            ALTER TABLE "snap_store"."key" ALTER COLUMN "sealed_private" DROP NOT NULL
        `);
    await queryRunner.query(`
            ALTER TABLE "snap_store"."key"
                ADD "token" text,
                ADD "token_object" text,
                ADD "account_id" text,
                ADD "name" text,
                ADD CONSTRAINT "key_place" CHECK (
                    (sealed_private IS NULL) = (token IS NOT NULL AND token_object IS NOT NULL)
                )
        `);
    await queryRunner.query(`
            DROP INDEX "snap_store"."key_active"
        `);
    await queryRunner.query(`
            CREATE UNIQUE INDEX "key_active" ON "snap_store"."key" ("role")
            WHERE state = 'active' AND role NOT IN ('brand', 'other')
        `);
    await queryRunner.query(`
            CREATE UNIQUE INDEX "key_brand_name" ON "snap_store"."key" ("account_id", "name")
            WHERE state = 'active' AND role = 'brand'
        `);
    await queryRunner.query(`
            CREATE TABLE "snap_store"."device_model" (
                "brand_id" text NOT NULL,
                "name" text NOT NULL,
                "api_key_digest" character(64),
                "api_key_start" text,
                "created_at" TIMESTAMP WITH TIME ZONE NOT NULL,
                "created_by" text NOT NULL,
                CONSTRAINT "device_model_pk" PRIMARY KEY ("brand_id", "name")
            )
        `);
    await queryRunner.query(`
            CREATE TABLE "snap_store"."serial_policy" (
                "brand_id" text NOT NULL,
                "model" text NOT NULL,
                "revision" integer NOT NULL,
                "key_id" text NOT NULL,
                "authority_id" text NOT NULL,
                "takes_proposed" boolean NOT NULL,
                "device_limit" integer NOT NULL,
                "created_at" TIMESTAMP WITH TIME ZONE NOT NULL,
                "created_by" text NOT NULL,
                "removed_at" TIMESTAMP WITH TIME ZONE,
                CONSTRAINT "serial_policy_pk" PRIMARY KEY ("brand_id", "model", "revision")
            )
        `);
    await queryRunner.query(`
            CREATE TABLE "snap_store"."issued_serial" (
                "id" bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
                "brand_id" text NOT NULL,
                "model" text NOT NULL,
                "serial" text NOT NULL,
                "device_key_id" text NOT NULL,
                "policy_revision" integer NOT NULL,
                "key_id" text NOT NULL,
                "assertion" bytea NOT NULL,
                "request" bytea NOT NULL,
                "original_model" text,
                "issued_at" TIMESTAMP WITH TIME ZONE NOT NULL,
                "asked_at" TIMESTAMP WITH TIME ZONE NOT NULL,
                "revoked_at" TIMESTAMP WITH TIME ZONE,
                "revoked_by" text,
                "revoked_reason" text,
                CONSTRAINT "issued_serial_pk" PRIMARY KEY ("id")
            )
        `);
    await queryRunner.query(`
            CREATE UNIQUE INDEX "issued_serial_serial" ON "snap_store"."issued_serial" ("brand_id", "model", "serial")
        `);
    await queryRunner.query(`
            CREATE UNIQUE INDEX "issued_serial_key" ON "snap_store"."issued_serial" ("brand_id", "model", "device_key_id")
        `);
    await queryRunner.query(`
            CREATE TABLE "snap_store"."remodel_rule" (
                "id" integer GENERATED ALWAYS AS IDENTITY NOT NULL,
                "brand_id" text NOT NULL,
                "from_model" text NOT NULL,
                "to_model" text NOT NULL,
                "from_serial" text NOT NULL,
                "description" text NOT NULL,
                "created_at" TIMESTAMP WITH TIME ZONE NOT NULL,
                "created_by" text NOT NULL,
                CONSTRAINT "remodel_rule_pk" PRIMARY KEY ("id")
            )
        `);
    await queryRunner.query(`
            CREATE UNIQUE INDEX "remodel_rule_what" ON "snap_store"."remodel_rule" ("brand_id", "from_model", "to_model", "from_serial")
        `);
    await queryRunner.query(`
            CREATE TABLE "snap_store"."used_request_id" (
                "digest" character(64) NOT NULL,
                "device_key_id" text NOT NULL,
                "expires_at" TIMESTAMP WITH TIME ZONE NOT NULL,
                CONSTRAINT "used_request_id_pk" PRIMARY KEY ("digest")
            )
        `);
    await queryRunner.query(`
            CREATE INDEX "used_request_id_expires" ON "snap_store"."used_request_id" ("expires_at")
        `);
    await queryRunner.query(`
            CREATE TABLE "snap_store"."registration_secret" (
                "id" smallint NOT NULL,
                "secret" text NOT NULL,
                CONSTRAINT "registration_secret_pk" PRIMARY KEY ("id")
            )
        `);
  }

  /** The keys of brands go: before, there was no place for one whose private half is in a token. */
  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of [
      'registration_secret',
      'used_request_id',
      'remodel_rule',
      'issued_serial',
      'serial_policy',
      'device_model',
    ])
      await queryRunner.query(`DROP TABLE "snap_store"."${table}"`);
    await queryRunner.query(`DELETE FROM "snap_store"."key" WHERE role = 'brand'`);
    await queryRunner.query(`DROP INDEX "snap_store"."key_brand_name"`);
    await queryRunner.query(`DROP INDEX "snap_store"."key_active"`);
    await queryRunner.query(`
            CREATE UNIQUE INDEX "key_active" ON "snap_store"."key" ("role")
            WHERE state = 'active' AND role <> 'other'
        `);
    await queryRunner.query(`
            ALTER TABLE "snap_store"."key"
                DROP CONSTRAINT "key_place",
                DROP COLUMN "token",
                DROP COLUMN "token_object",
                DROP COLUMN "account_id",
                DROP COLUMN "name",
                ALTER COLUMN "sealed_private" SET NOT NULL
        `);
  }
}
