import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The tables of the first release: settings, assertions, blobs, snaps with revisions and releases, and the import ledger. */
export class FirstLight1795396000000 implements MigrationInterface {
  readonly name = 'FirstLight1795396000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
            CREATE TABLE "snap_store"."assertion" (
                "id" bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
                "type" text NOT NULL,
                "primary_key" text array NOT NULL,
                "sequence" integer,
                "revision" integer NOT NULL,
                "format" integer NOT NULL,
                "authority_id" text NOT NULL,
                "sign_key" text NOT NULL,
                "headers" jsonb NOT NULL,
                "encoded" bytea NOT NULL,
                "added_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
                CONSTRAINT "PK_1aa2c78003bdb70b652889d1d80" PRIMARY KEY ("id")
            )
        `);
    await queryRunner.query(`
            CREATE UNIQUE INDEX "assertion_identity" ON "snap_store"."assertion" ("type", "primary_key", "format")
        `);
    await queryRunner.query(`
            CREATE TABLE "snap_store"."blob" (
                "sha3_384" character(96) NOT NULL,
                "size_bytes" bigint NOT NULL,
                "state" text NOT NULL DEFAULT 'sound',
                "stamp" text NOT NULL,
                "added_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
                "verified_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
                CONSTRAINT "PK_cb9bd45da040ba019b399e21ba4" PRIMARY KEY ("sha3_384")
            )
        `);
    await queryRunner.query(`
            CREATE TABLE "snap_store"."snap" (
                "snap_id" character(32) NOT NULL,
                "name" text NOT NULL,
                "publisher_id" text NOT NULL,
                "default_track" text,
                "metadata" jsonb NOT NULL DEFAULT '{}',
                "added_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
                "updated_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
                CONSTRAINT "PK_670b0c29d3306609770a05abce8" PRIMARY KEY ("snap_id")
            )
        `);
    await queryRunner.query(`
            CREATE UNIQUE INDEX "snap_name" ON "snap_store"."snap" ("name")
        `);
    await queryRunner.query(`
            CREATE TABLE "snap_store"."release" (
                "id" bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
                "snap_id" character(32) NOT NULL,
                "architecture" text NOT NULL,
                "channel" text NOT NULL,
                "revision" integer,
                "origin" text NOT NULL,
                "released_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
                "added_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
                CONSTRAINT "PK_1a2253436964eea9c558f9464f4" PRIMARY KEY ("id")
            )
        `);
    await queryRunner.query(`
            CREATE INDEX "release_newest" ON "snap_store"."release" ("snap_id", "architecture", "channel", "id")
        `);
    await queryRunner.query(`
            CREATE TABLE "snap_store"."snap_revision" (
                "snap_id" character(32) NOT NULL,
                "revision" integer NOT NULL,
                "sha3_384" character(96) NOT NULL,
                "size_bytes" bigint NOT NULL,
                "version" text NOT NULL,
                "type" text NOT NULL,
                "base" text,
                "confinement" text NOT NULL,
                "grade" text NOT NULL,
                "architectures" text array NOT NULL,
                "epoch" jsonb NOT NULL,
                "provenance" text NOT NULL DEFAULT 'global-upload',
                "snap_yaml" text NOT NULL,
                "common_ids" text array NOT NULL DEFAULT '{}',
                "developer_id" text NOT NULL,
                "created_at" TIMESTAMP WITH TIME ZONE NOT NULL,
                "added_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
                CONSTRAINT "PK_8bc5a53a2b0b6a4e432a5300bf0" PRIMARY KEY ("snap_id", "revision")
            )
        `);
    await queryRunner.query(`
            CREATE INDEX "snap_revision_blob" ON "snap_store"."snap_revision" ("sha3_384")
        `);
    await queryRunner.query(`
            CREATE TABLE "snap_store"."bundle_signer" (
                "key_id" text NOT NULL,
                "public_key" text NOT NULL,
                "name" text NOT NULL,
                "added_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
                CONSTRAINT "PK_572f540d1972d9d03c4f1c2ab9d" PRIMARY KEY ("key_id")
            )
        `);
    await queryRunner.query(`
            CREATE TABLE "snap_store"."import" (
                "id" uuid NOT NULL,
                "bundle_id" text,
                "source" text NOT NULL,
                "state" text NOT NULL,
                "signer" text,
                "report" jsonb,
                "reason" text,
                "started_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
                "finished_at" TIMESTAMP WITH TIME ZONE,
                CONSTRAINT "PK_4ed733f5bcc70cec27187bd90eb" PRIMARY KEY ("id")
            )
        `);
    await queryRunner.query(`
            CREATE INDEX "import_bundle" ON "snap_store"."import" ("bundle_id")
        `);
    await queryRunner.query(`
            CREATE TABLE "snap_store"."setting" (
                "key" text NOT NULL,
                "value" text NOT NULL,
                "updated_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
                CONSTRAINT "PK_1c4c95d773004250c157a744d6e" PRIMARY KEY ("key")
            )
        `);
    await queryRunner.query(`
            ALTER TABLE "snap_store"."release"
            ADD CONSTRAINT "release_snap" FOREIGN KEY ("snap_id") REFERENCES "snap_store"."snap"("snap_id") ON DELETE CASCADE ON UPDATE NO ACTION
        `);
    await queryRunner.query(`
            ALTER TABLE "snap_store"."snap_revision"
            ADD CONSTRAINT "snap_revision_snap" FOREIGN KEY ("snap_id") REFERENCES "snap_store"."snap"("snap_id") ON DELETE CASCADE ON UPDATE NO ACTION
        `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
            ALTER TABLE "snap_store"."snap_revision" DROP CONSTRAINT "snap_revision_snap"
        `);
    await queryRunner.query(`
            ALTER TABLE "snap_store"."release" DROP CONSTRAINT "release_snap"
        `);
    await queryRunner.query(`
            DROP TABLE "snap_store"."setting"
        `);
    await queryRunner.query(`
            DROP INDEX "snap_store"."import_bundle"
        `);
    await queryRunner.query(`
            DROP TABLE "snap_store"."import"
        `);
    await queryRunner.query(`
            DROP TABLE "snap_store"."bundle_signer"
        `);
    await queryRunner.query(`
            DROP INDEX "snap_store"."snap_revision_blob"
        `);
    await queryRunner.query(`
            DROP TABLE "snap_store"."snap_revision"
        `);
    await queryRunner.query(`
            DROP INDEX "snap_store"."release_newest"
        `);
    await queryRunner.query(`
            DROP TABLE "snap_store"."release"
        `);
    await queryRunner.query(`
            DROP INDEX "snap_store"."snap_name"
        `);
    await queryRunner.query(`
            DROP TABLE "snap_store"."snap"
        `);
    await queryRunner.query(`
            DROP TABLE "snap_store"."blob"
        `);
    await queryRunner.query(`
            DROP INDEX "snap_store"."assertion_identity"
        `);
    await queryRunner.query(`
            DROP TABLE "snap_store"."assertion"
        `);
  }
}
