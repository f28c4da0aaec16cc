import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What snaps are found by, and what operators recommend. The rows are made when the store starts, from what is held. Typing errors
 * are forgiven with pg_trgm, where the role may create it or it is there already; the search does without otherwise.
 */
export class Search1795610000000 implements MigrationInterface {
  readonly name = 'Search1795610000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
            CREATE TABLE "snap_store"."snap_search" (
                "snap_id" character(32) NOT NULL,
                "name" text NOT NULL,
                "keys" text array NOT NULL,
                "names" text NOT NULL,
                "heading" tsvector NOT NULL,
                "document" tsvector NOT NULL,
                "architectures" text array NOT NULL,
                "confinements" text array NOT NULL,
                "categories" text array NOT NULL,
                "featured" integer,
                "common_ids" text array NOT NULL,
                "words" jsonb NOT NULL,
                "offers" jsonb NOT NULL,
                "commands" jsonb NOT NULL,
                "made_by" integer NOT NULL,
                CONSTRAINT "snap_search_pk" PRIMARY KEY ("snap_id")
            )
        `);
    // What was written lately has to be found as fast as the rest.
    await queryRunner.query(`
            CREATE INDEX "snap_search_heading" ON "snap_store"."snap_search" USING gin ("heading") WITH (fastupdate = off)
        `);
    await queryRunner.query(`
            CREATE INDEX "snap_search_document" ON "snap_store"."snap_search" USING gin ("document") WITH (fastupdate = off)
        `);
    await queryRunner.query(`
            CREATE INDEX "snap_search_keys" ON "snap_store"."snap_search" USING gin ("keys") WITH (fastupdate = off)
        `);
    await queryRunner.query(`
            CREATE INDEX "snap_search_name" ON "snap_store"."snap_search" ("name" text_pattern_ops)
        `);
    await queryRunner.query(`
            ALTER TABLE "snap_store"."snap_search"
            ADD CONSTRAINT "snap_search_snap" FOREIGN KEY ("snap_id") REFERENCES "snap_store"."snap"("snap_id") ON DELETE CASCADE ON UPDATE NO ACTION
        `);
    await queryRunner.query(`
            CREATE TABLE "snap_store"."featured_list" (
                "id" smallint NOT NULL,
                "snap_ids" text array NOT NULL,
                "changed_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
                CONSTRAINT "featured_list_only" CHECK (id = 1),
                CONSTRAINT "featured_list_pk" PRIMARY KEY ("id")
            )
        `);
    await queryRunner.query(`
            CREATE TABLE "snap_store"."snap_categories" (
                "snap_id" character(32) NOT NULL,
                "categories" text array NOT NULL,
                "changed_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
                CONSTRAINT "snap_categories_pk" PRIMARY KEY ("snap_id")
            )
        `);
    await queryRunner.query(`
            DO $$
            DECLARE
                home text;
            BEGIN
                CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA "snap_store";
                SELECT space.nspname INTO home FROM pg_extension extension
                JOIN pg_namespace space ON space.oid = extension.extnamespace WHERE extension.extname = 'pg_trgm';
                EXECUTE format(
                    'CREATE INDEX "snap_search_names" ON "snap_store"."snap_search" USING gin ("names" %I.gin_trgm_ops) WITH (fastupdate = off)',
                    home
                );
            EXCEPTION WHEN OTHERS THEN
                RAISE NOTICE 'pg_trgm is not to be had: %', SQLERRM;
            END $$
        `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
            DROP TABLE "snap_store"."snap_categories"
        `);
    await queryRunner.query(`
            DROP TABLE "snap_store"."featured_list"
        `);
    await queryRunner.query(`
            DROP TABLE "snap_store"."snap_search"
        `);
    await queryRunner.query(`
            DO $$
            BEGIN
                IF EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm' AND extnamespace = 'snap_store'::regnamespace) THEN
                    DROP EXTENSION pg_trgm;
                END IF;
            END $$
        `);
  }
}
