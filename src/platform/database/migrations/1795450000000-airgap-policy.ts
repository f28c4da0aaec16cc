import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Air-gapped mode, the access password and the rules for what may enter. Records of decisions can be added to, and that is all. */
export class AirgapPolicy1795450000000 implements MigrationInterface {
  readonly name = 'AirgapPolicy1795450000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
            CREATE TABLE "snap_store"."access_password" (
                "id" smallint NOT NULL,
                "phc" text NOT NULL,
                "changed_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
                CONSTRAINT "access_password_only" CHECK (id = 1),
                CONSTRAINT "access_password_pk" PRIMARY KEY ("id")
            )
        `);
    await queryRunner.query(`
            CREATE TABLE "snap_store"."airgap_event" (
                "id" bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
                "at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
                "state" text NOT NULL,
                "by_user" text NOT NULL,
                "host" text NOT NULL,
                CONSTRAINT "airgap_event_pk" PRIMARY KEY ("id")
            )
        `);
    await queryRunner.query(`
            CREATE TABLE "snap_store"."import_policy" (
                "version" integer NOT NULL,
                "document" jsonb NOT NULL,
                "set_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
                "set_by" text NOT NULL,
                CONSTRAINT "import_policy_pk" PRIMARY KEY ("version")
            )
        `);
    await queryRunner.query(`
            CREATE FUNCTION "snap_store"."refuse_change"() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'rows of % are records: they are not changed and not removed', TG_TABLE_NAME;
            END $$
        `);
    for (const table of ['airgap_event', 'import_policy'])
      await queryRunner.query(`
            CREATE TRIGGER "records_only" BEFORE UPDATE OR DELETE ON "snap_store"."${table}"
            FOR EACH ROW EXECUTE FUNCTION "snap_store"."refuse_change"()
        `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
            DROP TABLE "snap_store"."import_policy"
        `);
    await queryRunner.query(`
            DROP TABLE "snap_store"."airgap_event"
        `);
    await queryRunner.query(`
            DROP FUNCTION "snap_store"."refuse_change"()
        `);
    await queryRunner.query(`
            DROP TABLE "snap_store"."access_password"
        `);
  }
}
