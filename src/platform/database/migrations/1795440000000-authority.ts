import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The registration authority: who it is, who may register stores, which ones are, and the nonces that are out. */
export class Authority1795440000000 implements MigrationInterface {
  readonly name = 'Authority1795440000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
            CREATE TABLE "snap_store"."authority" (
                "id" smallint NOT NULL,
                "account_id" text NOT NULL,
                "key_id" text NOT NULL,
                "roots" bytea NOT NULL,
                "secret" text NOT NULL,
                "created_at" TIMESTAMP WITH TIME ZONE NOT NULL,
                CONSTRAINT "PK_b0f9bb35ff132fc6bd92d0582ce" PRIMARY KEY ("id")
            )
        `);
    await queryRunner.query(`
            CREATE TABLE "snap_store"."authority_nonce" (
                "digest" character(64) NOT NULL,
                "operator_id" text NOT NULL,
                "expires_at" TIMESTAMP WITH TIME ZONE NOT NULL,
                CONSTRAINT "PK_c4901c3b841a45407673f77d888" PRIMARY KEY ("digest")
            )
        `);
    await queryRunner.query(`
            CREATE INDEX "authority_nonce_operator" ON "snap_store"."authority_nonce" ("operator_id")
        `);
    await queryRunner.query(`
            CREATE TABLE "snap_store"."authority_operator" (
                "account_id" text NOT NULL,
                "email" text NOT NULL,
                "password_hash" text NOT NULL,
                "totp_secret" text,
                "totp_step" bigint NOT NULL DEFAULT '0',
                "account" bytea NOT NULL,
                "added_at" TIMESTAMP WITH TIME ZONE NOT NULL,
                CONSTRAINT "PK_90accde11a372f4aa2a5de78c80" PRIMARY KEY ("account_id")
            )
        `);
    await queryRunner.query(`
            CREATE UNIQUE INDEX "authority_operator_email" ON "snap_store"."authority_operator" ("email")
        `);
    await queryRunner.query(`
            CREATE TABLE "snap_store"."authority_store" (
                "store_id" text NOT NULL,
                "operator_id" text NOT NULL,
                "key_id" text NOT NULL,
                "url" text NOT NULL,
                "revision" integer NOT NULL,
                "assertions" bytea NOT NULL,
                "answers" jsonb NOT NULL,
                "registered_at" TIMESTAMP WITH TIME ZONE NOT NULL,
                "issued_at" TIMESTAMP WITH TIME ZONE NOT NULL,
                CONSTRAINT "PK_21e8ba987e60f613023fc786bb6" PRIMARY KEY ("store_id")
            )
        `);
    await queryRunner.query(`
            CREATE UNIQUE INDEX "authority_store_key" ON "snap_store"."authority_store" ("key_id")
        `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
            DROP INDEX "snap_store"."authority_store_key"
        `);
    await queryRunner.query(`
            DROP TABLE "snap_store"."authority_store"
        `);
    await queryRunner.query(`
            DROP INDEX "snap_store"."authority_operator_email"
        `);
    await queryRunner.query(`
            DROP TABLE "snap_store"."authority_operator"
        `);
    await queryRunner.query(`
            DROP INDEX "snap_store"."authority_nonce_operator"
        `);
    await queryRunner.query(`
            DROP TABLE "snap_store"."authority_nonce"
        `);
    await queryRunner.query(`
            DROP TABLE "snap_store"."authority"
        `);
  }
}
