import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The authorities that the store made for its own certificate. */
export class Https1795420000000 implements MigrationInterface {
  readonly name = 'Https1795420000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
            CREATE TABLE "snap_store"."certificate_authority" (
                "id" bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
                "certificate_pem" text NOT NULL,
                "sealed_key" text NOT NULL,
                "created_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
                CONSTRAINT "PK_ab6b363094e3dcf2ce47dc54f52" PRIMARY KEY ("id")
            )
        `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE "snap_store"."certificate_authority"');
  }
}
