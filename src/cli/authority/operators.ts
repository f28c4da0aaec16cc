import type { Session } from '../session.js';
import { newPassword } from '../secrets.js';
import { renderTable } from '../table.js';
import { writeRootFile } from './root-file.js';

export interface AddOperatorOptions {
  readonly totp?: true;
  readonly reset?: true;
}

export async function addOperator(session: Session, email: string, options: AddOperatorOptions): Promise<undefined> {
  const password = await newPassword(session.io, { variable: 'SNAPSTORE_PASSWORD', what: `password for ${email}` });
  await session.withStore(async (store) => {
    const { AuthorityService, OperatorService, otpauthUri } = await import('../../modules/registration/index.js');
    const { operator, totpSecret } = await store.get(OperatorService).add({
      email,
      password,
      hasSecondFactor: options.totp === true,
      reset: options.reset === true,
    });
    const { accountId } = await store.get(AuthorityService).identity();
    const otpauth = totpSecret === null ? null : otpauthUri(totpSecret, accountId, operator.email);
    session.out.result({ ...operator, otpauth }, () =>
      [
        `${operator.email} may register stores (account ${operator.accountId}).`,
        ...(otpauth === null ? [] : ['For the authenticator app, shown this once:', otpauth]),
      ].join('\n'),
    );
  });
}

export async function listAuthority(session: Session): Promise<undefined> {
  await session.withStore(async (store) => {
    const { AuthorityRepository, AuthorityService, OperatorService } =
      await import('../../modules/registration/index.js');
    const identity = await store.get(AuthorityService).identity();
    const operators = await store.get(OperatorService).list();
    const emails = new Map(operators.map(({ accountId, email }) => [accountId, email]));
    const stores = (await store.get(AuthorityRepository).stores()).map((one) => ({
      storeId: one.storeId,
      url: one.url,
      operator: emails.get(one.operatorId) ?? one.operatorId,
      keyId: one.keyId,
      revision: one.revision,
      answers: one.answers,
      registeredAt: one.registeredAt,
      issuedAt: one.issuedAt,
    }));
    const rootFile = await writeRootFile(session.dataDir, identity);
    const { accountId, keyId, createdAt } = identity;
    const authority = { accountId, keyId, createdAt, rootFile };
    session.out.result({ authority, operators, stores }, () =>
      [
        `Authority: ${accountId} (key ${keyId})`,
        `Root: ${rootFile}`,
        '',
        renderTable(
          ['Operator', 'Account', 'Second-factor', 'Added'],
          operators.map((one) => [one.email, one.accountId, one.hasSecondFactor ? 'yes' : 'no', day(one.addedAt)]),
        ),
        '',
        renderTable(
          ['Store', 'URL', 'Operator', 'Revision', 'Registered'],
          stores.map((one) => [one.storeId, one.url, one.operator, String(one.revision), day(one.registeredAt)]),
        ),
      ].join('\n'),
    );
  });
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
